#include "api/probe.h"

#include <pthread.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "pipeline/writer.h"

/* Of two: who waits, and the writer. The later one frees it. */
struct probe {
	struct writer_item item;
	struct store_change change;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned refs;
	bool is_done;
};

static void
unref(struct probe *probe)
{
	unsigned left;

	pthread_mutex_lock(&probe->lock);
	left = --probe->refs;
	pthread_mutex_unlock(&probe->lock);
	if (left)
		return;
	pthread_cond_destroy(&probe->changed);
	pthread_mutex_destroy(&probe->lock);
	mem_free(probe);
}

static void
on_done(struct writer_item *item)
{
	struct probe *probe = CONTAINER_OF(item, struct probe, item);

	pthread_mutex_lock(&probe->lock);
	probe->is_done = true;
	pthread_cond_signal(&probe->changed);
	pthread_mutex_unlock(&probe->lock);
	unref(probe);
}

static enum err
wait_done(struct probe *probe, int64_t timeout)
{
	struct timespec until;
	int64_t nanoseconds;
	enum err err;
	int error = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	nanoseconds = until.tv_nsec + timeout % SECONDS * 1000;
	until.tv_sec += timeout / SECONDS + nanoseconds / 1000000000;
	until.tv_nsec = nanoseconds % 1000000000;
	pthread_mutex_lock(&probe->lock);
	while (!probe->is_done && !error)
		error = pthread_cond_timedwait(
			&probe->changed, &probe->lock, &until);
	err = probe->is_done ? probe->item.unit.result : ERR_TIMEOUT;
	pthread_mutex_unlock(&probe->lock);
	return err;
}

enum err
probe_commit(struct writer *writer, int64_t timeout)
{
	struct probe *probe = MEM_NEW(struct probe);
	pthread_condattr_t attributes;
	enum err err;

	pthread_mutex_init(&probe->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&probe->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	probe->change.kind = STORE_PROBE;
	probe->item.unit.changes = &probe->change;
	probe->item.unit.count = 1;
	probe->item.done = on_done;
	probe->refs = 2;
	err = writer_submit(writer, &probe->item, false);
	if (err)
		unref(probe); /* the writer's */
	else
		err = wait_done(probe, timeout);
	unref(probe);
	return err;
}
