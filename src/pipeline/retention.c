#include "pipeline/retention.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"

/* After a step of a pass as long as the step took, within these, so that it
   keeps up with a fast publisher and leaves it half of the writer. */
#define STEP_PAUSE_MIN (2 * MILLISECONDS)
#define STEP_PAUSE_MAX (20 * MILLISECONDS)

/* When the writer could not; how often it is looked whether room has to be
   made. */
#define FAILURE_PAUSE (1 * SECONDS)
#define ROOM_PAUSE (1 * SECONDS)

/* After a pass: a tenth of the shortest age, within these. */
#define PASS_PAUSE_MIN (100 * MILLISECONDS)
#define PASS_PAUSE_MAX (5 * MINUTES)

struct retention {
	struct retention_options options;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t is_stopping_changed;
	bool is_stopping;
	/* The thread's own. */
	struct retain_step step;
	struct retain_place place;
	bool is_making_room;
	bool has_failed;
	/* In this pass. */
	uint64_t removed_events;
	uint64_t removed_deliveries;
	uint64_t removed_executions;
	/* For others to read. */
	_Atomic uint64_t all_events, all_deliveries, all_executions;
	atomic_bool is_room_needed;
};

/** Whether things have to go before their time. */
static bool
must_make_room(struct retention *retention)
{
	struct store_room room;

	store_room(retention->options.store, &room);
	if (room.max == 0)
		return false;
	if (room.used > room.max / 10 * 9)
		return true;
	return retention->is_making_room && room.used > room.max / 20 * 17;
}

static int64_t
limit_of(const struct retention *retention, int64_t age)
{
	if (retention->is_making_room)
		return INT64_MAX;
	return age ? clock_now() - age : INT64_MIN;
}

static bool
commit_step(struct retention *retention)
{
	struct retain_step *step = &retention->step;
	const struct store_change change = {
		.kind = STORE_RETAIN, .retain = step};
	bool is_empty = step->event_count == 0 && step->delivery_count == 0 &&
			step->execution_count == 0;
	enum err err;

	/* The end of a pass gives back what others left free. */
	if (is_empty && !retention->place.is_done && !step->is_behind)
		return true;
	err = writer_commit(retention->options.writer, &change, 1);
	retention->has_failed = err != ERR_OK;
	if (err)
		return false;
	retention->removed_events += step->removed_events;
	retention->removed_deliveries += step->removed_deliveries;
	retention->removed_executions += step->removed_executions;
	atomic_fetch_add(&retention->all_events, step->removed_events);
	atomic_fetch_add(&retention->all_deliveries, step->removed_deliveries);
	atomic_fetch_add(&retention->all_executions, step->removed_executions);
	return true;
}

static void
end_pass(struct retention *retention)
{
	if (retention->removed_events || retention->removed_deliveries ||
		retention->removed_executions)
		log_info("retention.pass",
			"events=%llu deliveries=%llu executions=%llu",
			(unsigned long long)retention->removed_events,
			(unsigned long long)retention->removed_deliveries,
			(unsigned long long)retention->removed_executions);
	retention->removed_events = retention->removed_deliveries = 0;
	retention->removed_executions = 0;
	retention->place = (struct retain_place){0};
}

/** Whether the pass goes on. */
static bool
take_step(struct retention *retention)
{
	const struct retention_options *options = &retention->options;
	struct retain_place before;
	struct retain_limits limits;
	bool is_making_room = must_make_room(retention);

	atomic_store(&retention->is_room_needed, is_making_room);
	if (is_making_room != retention->is_making_room) {
		retention->is_making_room = is_making_room;
		retention->place = (struct retain_place){0};
		log_info("retention.room", "is_making_room=%d", is_making_room);
	}
	limits = (struct retain_limits){
		.events_before = limit_of(retention, options->events_age),
		.deliveries_before =
			limit_of(retention, options->deliveries_age),
		.executions_before =
			limit_of(retention, options->executions_age),
		.executions_max = options->executions_max};
	before = retention->place;
	retention->step.is_unfinished = false;
	retention->has_failed =
		store_retain_find(options->store, &limits, &retention->place,
			&retention->step) != ERR_OK;
	if (retention->has_failed || !commit_step(retention)) {
		retention->place = before;
		return false;
	}
	if (retention->step.is_unfinished)
		retention->place = before;
	else if (retention->place.is_done && !retention->step.is_shrinking) {
		end_pass(retention);
		return false;
	}
	return true;
}

/** False: it is to end. */
static bool
pause_for(struct retention *retention, int64_t microseconds)
{
	struct timespec until;
	bool is_stopping;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += microseconds / SECONDS;
	until.tv_nsec += microseconds % SECONDS * 1000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&retention->lock);
	while (!retention->is_stopping &&
		pthread_cond_timedwait(&retention->is_stopping_changed,
			&retention->lock, &until) == 0)
		continue;
	is_stopping = retention->is_stopping;
	pthread_mutex_unlock(&retention->lock);
	return !is_stopping;
}

static int64_t
pass_pause(const struct retention_options *options)
{
	const int64_t ages[] = {options->events_age, options->deliveries_age,
		options->executions_age};
	int64_t age = 0;

	for (size_t i = 0; i < COUNT_OF(ages); i++) {
		if (ages[i] && (age == 0 || ages[i] < age))
			age = ages[i];
	}
	if (age == 0 || age / 10 > PASS_PAUSE_MAX)
		return PASS_PAUSE_MAX;
	return age / 10 < PASS_PAUSE_MIN ? PASS_PAUSE_MIN : age / 10;
}

/** Until the next pass is due or room has to be made; false: it is to end. */
static bool
rest(struct retention *retention)
{
	int64_t left = pass_pause(&retention->options);

	for (; left > 0; left -= ROOM_PAUSE) {
		int64_t pause = left < ROOM_PAUSE ? left : ROOM_PAUSE;

		if (!pause_for(retention, pause))
			return false;
		if (must_make_room(retention))
			break;
	}
	return true;
}

static int64_t
step_pause(int64_t took)
{
	if (took < STEP_PAUSE_MIN)
		return STEP_PAUSE_MIN;
	return took > STEP_PAUSE_MAX ? STEP_PAUSE_MAX : took;
}

static void *
run(void *context)
{
	struct retention *retention = context;
	bool goes_on;

	thread_name("retention");
	goes_on = pause_for(retention, STEP_PAUSE_MAX);
	while (goes_on) {
		int64_t start = clock_monotonic();

		if (take_step(retention))
			goes_on = pause_for(retention,
				step_pause(clock_monotonic() - start));
		else if (retention->has_failed)
			goes_on = pause_for(retention, FAILURE_PAUSE);
		else
			goes_on = rest(retention);
	}
	return NULL;
}

struct retention *
retention_start(const struct retention_options *options)
{
	struct retention *retention = MEM_NEW(struct retention);
	pthread_condattr_t attributes;

	retention->options = *options;
	pthread_mutex_init(&retention->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&retention->is_stopping_changed, &attributes);
	pthread_condattr_destroy(&attributes);
	if (pthread_create(&retention->thread, NULL, run, retention) != 0)
		abort();
	return retention;
}

void
retention_stop(struct retention *retention)
{
	if (retention == NULL)
		return;
	pthread_mutex_lock(&retention->lock);
	retention->is_stopping = true;
	pthread_cond_signal(&retention->is_stopping_changed);
	pthread_mutex_unlock(&retention->lock);
	pthread_join(retention->thread, NULL);
	pthread_cond_destroy(&retention->is_stopping_changed);
	pthread_mutex_destroy(&retention->lock);
	mem_free(retention);
}

void
retention_stats(const struct retention *retention, struct retention_stats *ret)
{
	*ret = (struct retention_stats){0};
	if (retention == NULL)
		return;
	ret->removed_events = atomic_load(&retention->all_events);
	ret->removed_deliveries = atomic_load(&retention->all_deliveries);
	ret->removed_executions = atomic_load(&retention->all_executions);
	ret->is_making_room = atomic_load(&retention->is_room_needed);
}
