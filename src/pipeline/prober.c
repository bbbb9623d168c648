#include "pipeline/prober.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/heap.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/thread.h"

/* Times are of the wall clock, which may jump: it is looked at this often. */
#define LOOK_PAUSE (1 * MINUTES)
/* After a probe that could not be stored. */
#define FAILURE_PAUSE (1 * SECONDS)

struct entry {
	uint64_t webhook;
	struct heap_node by_due;
};

struct prober {
	struct webhooks *webhooks;
	pthread_t thread;
	pthread_mutex_t lock; /* of what stands below */
	pthread_cond_t changed;
	bool is_stopping;
	struct map entries; /* webhook's number → struct entry */
	struct heap due;
};

static struct str
key_of(const uint64_t *webhook)
{
	return str_make((const char *)webhook, sizeof(*webhook));
}

/* ---- lock held ---- */

static void
forget(struct prober *prober, uint64_t webhook)
{
	struct entry *entry = map_remove(&prober->entries, key_of(&webhook));

	if (entry)
		heap_remove(&prober->due, &entry->by_due);
	mem_free(entry);
}

static void
plan(struct prober *prober, uint64_t webhook, int64_t due)
{
	struct entry *entry = map_get(&prober->entries, key_of(&webhook));

	if (entry == NULL) {
		entry = MEM_NEW(struct entry);
		entry->webhook = webhook;
		map_put(&prober->entries, key_of(&entry->webhook), entry);
	}
	heap_remove(&prober->due, &entry->by_due);
	entry->by_due.key = due;
	heap_add(&prober->due, &entry->by_due);
	pthread_cond_signal(&prober->changed);
}

static void
wait_for_change(struct prober *prober, int64_t pause)
{
	struct timespec until;
	int64_t at =
		clock_monotonic() + (pause < LOOK_PAUSE ? pause : LOOK_PAUSE);

	until.tv_sec = at / SECONDS;
	until.tv_nsec = at % SECONDS * 1000;
	pthread_cond_timedwait(&prober->changed, &prober->lock, &until);
}

/** The one that is due now, taken out; 0: none, after a wait. */
static uint64_t
take_due(struct prober *prober)
{
	struct heap_node *first = heap_first(&prober->due);
	int64_t now = clock_now();
	uint64_t webhook;

	if (first == NULL || first->key > now) {
		wait_for_change(prober, first ? first->key - now : LOOK_PAUSE);
		return 0;
	}
	webhook = CONTAINER_OF(first, struct entry, by_due)->webhook;
	forget(prober, webhook);
	return webhook;
}

/* ---- the thread ---- */

static void *
run(void *context)
{
	struct prober *prober = context;

	thread_name("prober");
	pthread_mutex_lock(&prober->lock);
	while (!prober->is_stopping) {
		uint64_t webhook = take_due(prober);
		enum err err;

		if (webhook == 0)
			continue;
		/* When it is due next is told by prober_note meanwhile. */
		pthread_mutex_unlock(&prober->lock);
		err = webhooks_probe(prober->webhooks, webhook);
		pthread_mutex_lock(&prober->lock);
		if (err)
			plan(prober, webhook, clock_now() + FAILURE_PAUSE);
	}
	pthread_mutex_unlock(&prober->lock);
	return NULL;
}

struct prober *
prober_start(struct webhooks *webhooks)
{
	struct prober *prober = MEM_NEW(struct prober);
	pthread_condattr_t attributes;

	prober->webhooks = webhooks;
	pthread_mutex_init(&prober->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&prober->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	if (pthread_create(&prober->thread, NULL, run, prober) != 0)
		abort();
	return prober;
}

void
prober_stop(struct prober *prober)
{
	if (prober == NULL)
		return;
	pthread_mutex_lock(&prober->lock);
	prober->is_stopping = true;
	pthread_cond_signal(&prober->changed);
	pthread_mutex_unlock(&prober->lock);
	pthread_join(prober->thread, NULL);
}

void
prober_free(struct prober *prober)
{
	struct entry *entry;
	size_t at = 0;

	if (prober == NULL)
		return;
	while ((entry = map_next(&prober->entries, &at)))
		mem_free(entry);
	map_release(&prober->entries);
	heap_release(&prober->due);
	pthread_cond_destroy(&prober->changed);
	pthread_mutex_destroy(&prober->lock);
	mem_free(prober);
}

void
prober_note(struct prober *prober, const struct webhook *webhook)
{
	pthread_mutex_lock(&prober->lock);
	if (webhook->probe_at)
		plan(prober, webhook->number, webhook->probe_at);
	else
		forget(prober, webhook->number);
	pthread_mutex_unlock(&prober->lock);
}

void
prober_forget(struct prober *prober, uint64_t webhook)
{
	pthread_mutex_lock(&prober->lock);
	forget(prober, webhook);
	pthread_mutex_unlock(&prober->lock);
}
