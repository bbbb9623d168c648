#include "pipeline/pressure.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"

/* What was told counts half after so long or less. */
#define SPAN (16 * MILLISECONDS)
/* So much must have been told of before it says anything. */
#define SPAN_LEAST (2 * MILLISECONDS)

struct pressure {
	struct pressure_options options;
	atomic_uint behind; /* workers that are */
	atomic_bool has_ended;
	/* Threads that are held, or about to be. They say so before they look
	   at `behind`, and workers look here after they changed that, so one of
	   both sees the other. */
	atomic_uint held;
	pthread_mutex_t lock;
	pthread_cond_t is_relieved;
};

struct pressure *
pressure_new(const struct pressure_options *options)
{
	struct pressure *pressure = MEM_NEW(struct pressure);
	pthread_condattr_t attributes;

	if (options)
		pressure->options = *options;
	if (pressure->options.backlog_max == 0)
		pressure->options.backlog_max = PRESSURE_BACKLOG_MAX;
	if (pressure->options.hold_max == 0)
		pressure->options.hold_max = PRESSURE_HOLD_MAX;
	pthread_mutex_init(&pressure->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&pressure->is_relieved, &attributes);
	pthread_condattr_destroy(&attributes);
	return pressure;
}

void
pressure_free(struct pressure *pressure)
{
	if (pressure == NULL)
		return;
	pthread_cond_destroy(&pressure->is_relieved);
	pthread_mutex_destroy(&pressure->lock);
	mem_free(pressure);
}

/* ---- who is held ---- */

static void
wake_held(struct pressure *pressure)
{
	if (atomic_load(&pressure->held) == 0)
		return;
	pthread_mutex_lock(&pressure->lock);
	pthread_cond_broadcast(&pressure->is_relieved);
	pthread_mutex_unlock(&pressure->lock);
}

void
pressure_end(struct pressure *pressure)
{
	if (pressure == NULL)
		return;
	atomic_store(&pressure->has_ended, true);
	wake_held(pressure);
}

bool
pressure_is_on(const struct pressure *pressure)
{
	return pressure && atomic_load_explicit(
				   &pressure->behind, memory_order_relaxed) > 0;
}

unsigned
pressure_held(const struct pressure *pressure)
{
	return pressure ? atomic_load(&pressure->held) : 0;
}

/** By the real clock, as the thread's wait is. */
static struct timespec
end_of_hold(const struct pressure *pressure)
{
	struct timespec until;
	int64_t nanoseconds;

	clock_gettime(CLOCK_MONOTONIC, &until);
	nanoseconds =
		until.tv_nsec + pressure->options.hold_max % SECONDS * 1000;
	until.tv_sec += (time_t)(pressure->options.hold_max / SECONDS +
				 nanoseconds / 1000000000);
	until.tv_nsec = nanoseconds % 1000000000;
	return until;
}

int64_t
pressure_hold(struct pressure *pressure)
{
	struct timespec until;
	int64_t start, time;
	int error = 0;

	if (!pressure_is_on(pressure) || atomic_load(&pressure->has_ended))
		return 0;
	start = clock_monotonic();
	until = end_of_hold(pressure);
	pthread_mutex_lock(&pressure->lock);
	atomic_fetch_add(&pressure->held, 1);
	while (!error && atomic_load(&pressure->behind) &&
		!atomic_load(&pressure->has_ended))
		error = pthread_cond_timedwait(
			&pressure->is_relieved, &pressure->lock, &until);
	atomic_fetch_sub(&pressure->held, 1);
	pthread_mutex_unlock(&pressure->lock);
	time = clock_monotonic() - start;
	return time > 0 ? time : 1;
}

/* ---- a worker's side ---- */

static void
set_behind(struct pressure_gauge *gauge, bool is_behind)
{
	struct pressure *pressure = gauge->pressure;

	if (gauge->is_behind == is_behind)
		return;
	gauge->is_behind = is_behind;
	if (is_behind)
		atomic_fetch_add(&pressure->behind, 1);
	else if (atomic_fetch_sub(&pressure->behind, 1) == 1)
		wake_held(pressure);
}

void
pressure_gauge_init(
	struct pressure_gauge *gauge, struct pressure *pressure, int64_t now)
{
	*gauge = (struct pressure_gauge){.pressure = pressure, .told_at = now};
}

void
pressure_gauge_release(struct pressure_gauge *gauge)
{
	set_behind(gauge, false);
	gauge->pressure = NULL;
}

static bool
is_short_of_time(const struct pressure_gauge *gauge)
{
	return gauge->time >= SPAN_LEAST && gauge->slept < gauge->time / 2;
}

void
pressure_tell(
	struct pressure_gauge *gauge, size_t ready, int64_t slept, int64_t now)
{
	if (gauge->pressure == NULL)
		return;
	gauge->time += now - gauge->told_at;
	gauge->slept += slept;
	gauge->told_at = now;
	for (; gauge->time >= SPAN; gauge->time /= 2)
		gauge->slept /= 2;
	if (slept >= PRESSURE_NAP_MAX)
		gauge->time = gauge->slept = 0;
	set_behind(gauge, ready > gauge->pressure->options.backlog_max &&
				  is_short_of_time(gauge));
}

int64_t
pressure_nap(const struct pressure_gauge *gauge, int64_t time)
{
	return gauge->is_behind && time > PRESSURE_NAP_MAX ? PRESSURE_NAP_MAX
							   : time;
}
