#include "pipeline/writer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "pipeline/pressure.h"

enum {
	QUEUE_MAX = 65536,
	BYTES_MAX = 64 << 20,
	BATCH_MAX = 1024,
	ROW_BYTES = 256, /* of a row, beside its large texts */
	AHEAD = 8,	 /* items fetched into the cache before their turn */
	FETCHED = 8,	 /* changes of a unit that are, at most */
};

struct writer {
	pthread_t thread;
	struct store *store;
	struct pressure *pressure;
	struct mailbox *mailbox;
	size_t queue_max;
	size_t bytes_max;
	size_t batch_max;
	/* The writer thread's. */
	struct store_unit **batch;
	/* Written by all who submit; the rest is read only, mostly. */
	char apart[CACHE_LINE];
	atomic_size_t queued;
	atomic_size_t queued_bytes;
	char apart_too[CACHE_LINE];
	atomic_bool is_stopping;
	atomic_bool is_healthy;
	_Atomic uint64_t commits;
	_Atomic uint64_t units;
	_Atomic uint64_t failures;
	_Atomic int64_t last_commit_time;
	struct histogram commit_times;
	_Atomic uint64_t holds;
	_Atomic uint64_t held_time;
};

static struct writer_item *
item_of(struct message *message)
{
	return CONTAINER_OF(message, struct writer_item, message);
}

static enum err
commit(struct writer *writer, struct store_unit **units, size_t count)
{
	CLEANUP(buf_release) struct buf why = buf_make(512);
	int64_t start = clock_monotonic();
	enum err err = store_commit(writer->store, units, count, &why);
	int64_t took = clock_monotonic() - start;

	atomic_store_explicit(
		&writer->last_commit_time, took, memory_order_relaxed);
	atomic_store(&writer->is_healthy, err == ERR_OK);
	if (err) {
		atomic_fetch_add(&writer->failures, 1);
		log_error("writer.commit", "units=%zu err=%s error=\"%s\"",
			count, err_name(err), buf_text(&why));
		return err;
	}
	histogram_add(&writer->commit_times, took);
	atomic_fetch_add_explicit(&writer->commits, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&writer->units, count, memory_order_relaxed);
	return ERR_OK;
}

/**
 * All units in one transaction. One that breaks a rule of the database (a bug
 * of ours) would take its neighbours along, so then each goes alone.
 */
static void
commit_batch(struct writer *writer, size_t count)
{
	enum err err = commit(writer, writer->batch, count);

	if (err != ERR_INVALID || count == 1)
		return;
	for (size_t i = 0; i < count; i++) {
		if (commit(writer, &writer->batch[i], 1))
			continue; /* told by the unit's result */
	}
}

/** What an item keeps in memory while it waits, roughly. */
static size_t
bytes_of(const struct store_unit *unit)
{
	size_t bytes = sizeof(struct writer_item);

	for (size_t i = 0; i < unit->count; i++) {
		const struct store_change *change = &unit->changes[i];

		bytes += sizeof(*change) + ROW_BYTES;
		if (change->kind == STORE_EVENT_ADD)
			bytes += change->event->body.len +
				 change->event->attributes.len;
		else if (change->kind == STORE_ATTEMPT_ADD)
			bytes += change->attempt->request_head.len +
				 change->attempt->response_head.len +
				 change->attempt->response_body.len;
	}
	return bytes;
}

/**
 * Units were written by other threads, so each of their cache lines is waited
 * for when it is first touched: all of them are asked for at once.
 */
static void
fetch_rows(const struct store_unit *unit)
{
	for (size_t i = 0; i < unit->count; i++) {
		const struct store_change *change = &unit->changes[i];
		bool is_large = change->kind == STORE_EVENT_ADD ||
				change->kind == STORE_ATTEMPT_ADD;

		/* Each kind's pointer is at the same place. */
		fetch_ahead(
			change->event, (is_large ? 4 : 2) * (size_t)CACHE_LINE);
	}
}

static void
fetch_changes(const struct store_unit *unit)
{
	size_t count = unit->count < FETCHED ? unit->count : FETCHED;

	fetch_ahead(unit->changes, count * sizeof(*unit->changes));
}

static void
leave(struct writer *writer, size_t count, size_t bytes)
{
	atomic_fetch_sub_explicit(&writer->queued, count, memory_order_relaxed);
	atomic_fetch_sub_explicit(
		&writer->queued_bytes, bytes, memory_order_relaxed);
}

static void
fetch_item(struct writer_item *item)
{
	if (item->soon)
		item->soon(item);
}

/** Commits up to batch_max items; returns the first of the rest. */
static struct message *
write_batch(struct writer *writer, struct message *first)
{
	struct message *at = first;
	size_t count = 0, bytes = 0;

	for (; at && count < writer->batch_max; at = at->next) {
		fetch_ahead(at->ahead, sizeof(struct writer_item));
		bytes += item_of(at)->bytes;
		writer->batch[count++] = &item_of(at)->unit;
		fetch_changes(&item_of(at)->unit);
	}
	for (size_t i = 0; i < count; i++)
		fetch_rows(writer->batch[i]);
	commit_batch(writer, count);
	leave(writer, count, bytes);
	mailbox_gather_begin();
	for (size_t i = 0; i < count; i++) {
		/* After done() the item may be gone; the others are not. */
		struct writer_item *item = CONTAINER_OF(
			writer->batch[i], struct writer_item, unit);

		if (i + 2 * AHEAD < count)
			__builtin_prefetch(writer->batch[i + 2 * AHEAD]);
		if (i + AHEAD < count)
			fetch_item(CONTAINER_OF(writer->batch[i + AHEAD],
				struct writer_item, unit));
		item->done(item);
	}
	mailbox_gather_end();
	return at;
}

/** Behind what is left, unless that fills a transaction. */
static struct message *
add_fresh(struct writer *writer, struct message *left)
{
	struct message **end = &left;

	for (size_t i = 0; *end && i < writer->batch_max; i++)
		end = &(*end)->next;
	if (*end == NULL)
		*end = mailbox_take_all(writer->mailbox);
	return left;
}

/**
 * After the commit and not before the next one: what comes meanwhile goes
 * into that, and where commits are rare none is late. Returns what is to be
 * written, `left` first.
 */
static struct message *
hold(struct writer *writer, struct message *left)
{
	int64_t time = pressure_hold(writer->pressure);

	if (time == 0)
		return left;
	counter_add(&writer->holds, 1);
	counter_add(&writer->held_time, (uint64_t)time);
	return add_fresh(writer, left);
}

static void *
run(void *context)
{
	struct writer *writer = context;

	thread_name("writer");
	for (;;) {
		struct message *first = mailbox_take_all(writer->mailbox);

		if (first == NULL) {
			if (atomic_load(&writer->is_stopping))
				return NULL;
			mailbox_wait(writer->mailbox, -1);
			continue;
		}
		while (first)
			first = hold(writer, write_batch(writer, first));
	}
}

struct writer *
writer_start(const struct writer_options *options)
{
	struct writer *writer = MEM_NEW(struct writer);

	writer->store = options->store;
	writer->pressure = options->pressure;
	writer->queue_max = options->queue_max ? options->queue_max : QUEUE_MAX;
	writer->bytes_max = options->bytes_max ? options->bytes_max : BYTES_MAX;
	writer->batch_max = options->batch_max ? options->batch_max : BATCH_MAX;
	writer->batch =
		mem_alloc_array(writer->batch_max, sizeof(*writer->batch));
	writer->mailbox = mailbox_new();
	atomic_init(&writer->is_healthy, true);
	if (pthread_create(&writer->thread, NULL, run, writer) != 0)
		abort();
	return writer;
}

void
writer_stop(struct writer *writer)
{
	if (writer == NULL)
		return;
	atomic_store(&writer->is_stopping, true);
	pressure_end(writer->pressure);
	mailbox_wake(writer->mailbox);
	pthread_join(writer->thread, NULL);
	mailbox_free(writer->mailbox);
	mem_free(writer->batch);
	mem_free(writer);
}

enum err
writer_submit(struct writer *writer, struct writer_item *item, bool is_urgent)
{
	size_t queued = atomic_fetch_add_explicit(
		&writer->queued, 1, memory_order_relaxed);
	size_t bytes;

	item->bytes = bytes_of(&item->unit);
	bytes = atomic_fetch_add_explicit(
		&writer->queued_bytes, item->bytes, memory_order_relaxed);
	if (!is_urgent && (queued >= writer->queue_max ||
				  (bytes > 0 && bytes + item->bytes >
							writer->bytes_max))) {
		leave(writer, 1, item->bytes);
		return ERR_LIMIT;
	}
	mailbox_post(writer->mailbox, &item->message);
	return ERR_OK;
}

void
writer_submit_quietly(struct writer *writer, struct writer_item *item)
{
	item->bytes = bytes_of(&item->unit);
	atomic_fetch_add_explicit(&writer->queued, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(
		&writer->queued_bytes, item->bytes, memory_order_relaxed);
	mailbox_post_quietly(writer->mailbox, &item->message);
}

void
writer_wake(struct writer *writer)
{
	mailbox_flush(writer->mailbox);
}

struct waiter {
	struct writer_item item;
	pthread_mutex_t lock;
	pthread_cond_t is_done_changed;
	bool is_done;
};

static void
wake_waiter(struct writer_item *item)
{
	struct waiter *waiter = CONTAINER_OF(item, struct waiter, item);

	pthread_mutex_lock(&waiter->lock);
	waiter->is_done = true;
	pthread_cond_signal(&waiter->is_done_changed);
	pthread_mutex_unlock(&waiter->lock);
}

enum err
writer_commit(
	struct writer *writer, const struct store_change *changes, size_t count)
{
	struct store_unit unit = {.changes = changes, .count = count};

	return writer_commit_unit(writer, &unit);
}

enum err
writer_commit_unit(struct writer *writer, struct store_unit *unit)
{
	struct waiter waiter = {
		.item = {.unit = *unit, .done = wake_waiter},
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.is_done_changed = PTHREAD_COND_INITIALIZER,
	};
	enum err err = writer_submit(writer, &waiter.item, false);

	if (err)
		return err;
	pthread_mutex_lock(&waiter.lock);
	while (!waiter.is_done)
		pthread_cond_wait(&waiter.is_done_changed, &waiter.lock);
	pthread_mutex_unlock(&waiter.lock);
	pthread_cond_destroy(&waiter.is_done_changed);
	pthread_mutex_destroy(&waiter.lock);
	*unit = waiter.item.unit;
	return unit->result;
}

void
writer_stats(const struct writer *writer, struct writer_stats *ret)
{
	*ret = (struct writer_stats){
		.is_healthy = atomic_load(&writer->is_healthy),
		.commits = atomic_load(&writer->commits),
		.units = atomic_load(&writer->units),
		.failures = atomic_load(&writer->failures),
		.queued = atomic_load(&writer->queued),
		.queued_bytes = atomic_load(&writer->queued_bytes),
		.last_commit_time = atomic_load(&writer->last_commit_time),
		.holds = atomic_load(&writer->holds),
		.held_time = atomic_load(&writer->held_time),
	};
	histogram_read(&writer->commit_times, &ret->commit_times);
}
