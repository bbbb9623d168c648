#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "flow/outgoing.h"
#include "flow/runner_private.h"

/* The threads that run executions. */

enum { STACK_BYTES = 16 << 20 /* flows nest in each other by recursion */ };

static void
work_on(struct runner_thread *thread, struct runner_lane *lane)
{
	struct runner *runner = thread->runner;
	struct runner_item *item = runner_lane_take(runner, lane);
	struct runner_once *once = runner_once_take(lane, item);

	runner->stats.running++;
	pthread_mutex_unlock(&runner->lock);
	if (once)
		once->came(once, item->sequence);
	runner_execute(thread, lane, item);
	pthread_mutex_lock(&runner->lock);
	runner->stats.running--;
	/* What may run now that this one is over, this thread sees itself. */
	runner_lane_count(
		runner, lane, (struct runner_difference){.running = -1});
	if (atomic_load(&runner->is_stopping))
		pthread_cond_broadcast(&runner->work);
}

static void
sleep_until_woken(struct runner *runner)
{
	runner->idle++;
	while (!runner->wakes && !atomic_load(&runner->is_stopping))
		pthread_cond_wait(&runner->work, &runner->lock);
	runner->idle--;
	if (runner->wakes)
		runner->wakes--;
}

static void *
run_thread(void *context)
{
	struct runner_thread *thread = context;
	struct runner *runner = thread->runner;
	struct outgoing *outgoing = outgoing_new(&runner->options.http);

	thread_name_of("flow", (unsigned)(thread - runner->threads));
	pthread_mutex_lock(&runner->lock);
	thread->outgoing = outgoing;
	while (!atomic_load(&runner->is_stopping)) {
		struct runner_lane *lane = runner_lane_next(runner);

		if (!lane)
			sleep_until_woken(runner);
		else if (lane->first)
			work_on(thread, lane);
		else
			runner_lane_load(runner, lane);
	}
	pthread_mutex_unlock(&runner->lock);
	return NULL;
}

static void
start_thread(struct runner *runner)
{
	struct runner_thread *thread = &runner->threads[runner->thread_count];
	pthread_attr_t attributes;
	int error;

	thread->runner = runner;
	sem_init(&thread->saved, 0, 0);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	error = pthread_create(&thread->id, &attributes, run_thread, thread);
	pthread_attr_destroy(&attributes);
	if (!error) {
		runner->thread_count++;
		return;
	}
	sem_destroy(&thread->saved);
	if (runner->thread_count == 0)
		abort(); /* nothing would ever run */
	log_warning("runner.thread", "threads=%u errno=%d",
		runner->thread_count, error);
}

void
runner_wake(struct runner *runner)
{
	if (runner->idle > runner->wakes) {
		runner->wakes++;
		pthread_cond_signal(&runner->work);
	} else if (runner->thread_count < runner->options.threads &&
		   !atomic_load(&runner->is_stopping)) {
		start_thread(runner);
	}
}

void
runner_wait(struct runner *runner, int64_t time)
{
	struct timespec end;

	if (atomic_load(&runner->is_stopping) || time <= 0)
		return;
	clock_gettime(CLOCK_REALTIME, &end);
	time = time < SECONDS ? time : SECONDS;
	end.tv_nsec += (long)time * 1000;
	end.tv_sec += end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&runner->clock, &runner->lock, &end);
}

/** Steps that are under way, and what the writer has of ours. */
static void
wait_for_idle(struct runner *runner, int64_t end)
{
	while (runner->storing ||
		(runner->stats.running && clock_monotonic() < end)) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 50 * 1000 * 1000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&runner->work, &runner->lock, &until);
	}
}

void
runner_end_threads(struct runner *runner, int64_t end)
{
	pthread_mutex_lock(&runner->lock);
	atomic_store(&runner->is_stopping, true);
	pthread_cond_broadcast(&runner->work);
	pthread_cond_broadcast(&runner->clock);
	wait_for_idle(runner, end);
	/* None is started any more; one that has just been does nothing. */
	for (size_t i = 0; i < runner->thread_count; i++)
		if (runner->threads[i].outgoing)
			outgoing_interrupt(runner->threads[i].outgoing);
	pthread_mutex_unlock(&runner->lock);
	for (size_t i = 0; i < runner->thread_count; i++) {
		pthread_join(runner->threads[i].id, NULL);
		outgoing_free(runner->threads[i].outgoing);
		sem_destroy(&runner->threads[i].saved);
	}
	/* What ended meanwhile has left something at the writer. */
	pthread_mutex_lock(&runner->lock);
	wait_for_idle(runner, 0);
	pthread_mutex_unlock(&runner->lock);
}
