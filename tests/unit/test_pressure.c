#include "pipeline/pressure.h"

#include <pthread.h>
#include <sched.h>

#include "base/clock.h"
#include "pipeline_world.h"

enum {
	ENOUGH = 100, /* may wait without anybody's being behind */
	MUCH = ENOUGH + 1,
};

static struct pressure *pressure;
static struct pressure_gauge gauges[2];
static int64_t now;

static void
set_up(int64_t hold_max)
{
	pressure = pressure_new(&(struct pressure_options){
		.backlog_max = ENOUGH, .hold_max = hold_max});
	for (size_t i = 0; i < COUNT_OF(gauges); i++)
		pressure_gauge_init(&gauges[i], pressure, now);
}

static void
tear_down(void)
{
	for (size_t i = 0; i < COUNT_OF(gauges); i++)
		pressure_gauge_release(&gauges[i]);
	pressure_free(pressure);
}

/** A millisecond, of which so many microseconds were slept. */
static void
turn(struct pressure_gauge *gauge, size_t ready, int64_t slept)
{
	now += MILLISECONDS;
	pressure_tell(gauge, ready, slept, now);
}

static void
turns(int count, size_t ready, int64_t slept)
{
	for (int i = 0; i < count; i++)
		turn(&gauges[0], ready, slept);
}

static void
fall_behind(struct pressure_gauge *gauge)
{
	for (int i = 0; i < 100; i++)
		turn(gauge, MUCH, 0);
	CHECK(pressure_is_on(pressure));
}

/* ---- who is behind ---- */

TEST(pressure, one_that_never_sleeps_is_behind_after_a_while)
{
	set_up(0);
	turns(1, MUCH, 0);
	CHECK(!pressure_is_on(pressure));
	turns(1, MUCH, 0);
	CHECK(pressure_is_on(pressure));
	for (int i = 0; i < 1000; i++) {
		turns(1, MUCH, 0);
		CHECK(pressure_is_on(pressure));
	}
	tear_down();
}

TEST(pressure, a_backlog_within_the_limit_is_none)
{
	set_up(0);
	turns(100, ENOUGH, 0);
	CHECK(!pressure_is_on(pressure));
	turns(1, MUCH, 0);
	CHECK(pressure_is_on(pressure));
	turns(1, ENOUGH, 0);
	CHECK(!pressure_is_on(pressure));
	tear_down();
}

TEST(pressure, who_sleeps_half_of_the_time_is_not_behind_whatever_waits)
{
	set_up(0);
	for (int i = 0; i < 1000; i++) {
		turns(1, 1000000, 500);
		CHECK(!pressure_is_on(pressure));
	}
	tear_down();
}

TEST(pressure, short_sleeps_relieve_nobody)
{
	set_up(0);
	fall_behind(&gauges[0]);
	for (int i = 0; i < 1000; i++) {
		turns(1, MUCH, 300);
		CHECK(pressure_is_on(pressure));
	}
	tear_down();
}

TEST(pressure, being_preempted_is_no_sleep)
{
	set_up(0);
	now += HOURS;
	turns(1, MUCH, 0);
	CHECK(pressure_is_on(pressure));
	now += HOURS;
	turns(1, MUCH, 300);
	CHECK(pressure_is_on(pressure));
	tear_down();
}

TEST(pressure, who_begins_to_sleep_is_soon_not_behind)
{
	set_up(0);
	fall_behind(&gauges[0]);
	turns(16, MUCH, 900);
	CHECK(!pressure_is_on(pressure));
	tear_down();
}

TEST(pressure, one_long_sleep_relieves_and_what_was_before_counts_no_more)
{
	set_up(0);
	fall_behind(&gauges[0]);
	now += PRESSURE_NAP_MAX;
	pressure_tell(&gauges[0], MUCH, PRESSURE_NAP_MAX, now);
	CHECK(!pressure_is_on(pressure));
	turns(1, MUCH, 0);
	CHECK(!pressure_is_on(pressure));
	turns(1, MUCH, 0);
	CHECK(pressure_is_on(pressure));
	tear_down();
}

TEST(pressure, only_who_is_behind_sleeps_no_longer_than_a_nap)
{
	set_up(0);
	CHECK_INT(pressure_nap(&gauges[0], MINUTES), MINUTES);
	fall_behind(&gauges[0]);
	CHECK_INT(pressure_nap(&gauges[0], MINUTES), PRESSURE_NAP_MAX);
	CHECK_INT(pressure_nap(&gauges[0], 1), 1);
	CHECK_INT(pressure_nap(&gauges[1], MINUTES), MINUTES);
	tear_down();
}

TEST(pressure, it_is_on_until_the_last_has_caught_up_or_gone)
{
	set_up(0);
	fall_behind(&gauges[0]);
	fall_behind(&gauges[1]);
	turns(1, 0, 0);
	CHECK(pressure_is_on(pressure));
	pressure_gauge_release(&gauges[1]);
	CHECK(!pressure_is_on(pressure));
	/* What comes from it later counts no more. */
	turn(&gauges[1], MUCH, 0);
	CHECK(!pressure_is_on(pressure));
	tear_down();
}

TEST(pressure, without_any_nobody_is_behind_or_held)
{
	pressure_gauge_init(&gauges[0], NULL, now);
	turns(100, MUCH, 0);
	CHECK_INT(pressure_nap(&gauges[0], MINUTES), MINUTES);
	pressure_gauge_release(&gauges[0]);
	CHECK_INT(pressure_hold(NULL), 0);
	CHECK(!pressure_is_on(NULL));
	CHECK_INT(pressure_held(NULL), 0);
	pressure_end(NULL);
	pressure_free(NULL);
}

/* ---- who is held ---- */

TEST(pressure, nobody_is_held_while_nobody_is_behind)
{
	set_up(HOURS);
	CHECK_INT(pressure_hold(pressure), 0);
	turns(100, ENOUGH, 0);
	turns(100, MUCH, 900);
	CHECK_INT(pressure_hold(pressure), 0);
	tear_down();
}

TEST(pressure, a_hold_ends_at_its_bound_though_nobody_catches_up)
{
	set_up(2 * MILLISECONDS);
	fall_behind(&gauges[0]);
	for (int i = 0; i < 3; i++)
		CHECK(pressure_hold(pressure) >= 2 * MILLISECONDS);
	CHECK(pressure_is_on(pressure));
	tear_down();
}

TEST(pressure, nobody_is_held_after_its_end)
{
	set_up(HOURS);
	fall_behind(&gauges[0]);
	pressure_end(pressure);
	CHECK_INT(pressure_hold(pressure), 0);
	tear_down();
}

static void *
hold(void *context)
{
	*(int64_t *)context = pressure_hold(pressure);
	return NULL;
}

/** One is held, for hours unless that relieves it. */
static void
is_relieved_by(void (*relief)(void))
{
	pthread_t thread;
	int64_t held = 0;

	set_up(HOURS);
	fall_behind(&gauges[0]);
	CHECK(pthread_create(&thread, NULL, hold, &held) == 0);
	AWAIT(pressure_held(pressure) == 1);
	relief();
	pthread_join(thread, NULL);
	CHECK(held > 0);
	CHECK_INT(pressure_held(pressure), 0);
	tear_down();
}

static void
catch_up(void)
{
	turns(1, ENOUGH, 0);
}

static void
take_a_nap(void)
{
	turns(1, MUCH, PRESSURE_NAP_MAX);
}

static void
leave(void)
{
	pressure_gauge_release(&gauges[0]);
}

static void
end(void)
{
	pressure_end(pressure);
}

TEST(pressure, who_catches_up_wakes_the_held)
{
	is_relieved_by(catch_up);
}

TEST(pressure, who_sleeps_wakes_the_held)
{
	is_relieved_by(take_a_nap);
}

TEST(pressure, who_leaves_wakes_the_held)
{
	is_relieved_by(leave);
}

TEST(pressure, its_end_wakes_the_held)
{
	is_relieved_by(end);
}

static atomic_bool is_over;

static void *
hold_again_and_again(void *context)
{
	(void)context;
	while (!atomic_load(&is_over))
		pressure_hold(pressure);
	return NULL;
}

/* Bounds of hours: a wake that goes astray is a test that does not end. */
TEST(pressure, no_wake_goes_astray)
{
	pthread_t thread;

	set_up(HOURS);
	CHECK(pthread_create(&thread, NULL, hold_again_and_again, NULL) == 0);
	for (int i = 0; i < 10000; i++) {
		turns(2, MUCH, 0);
		if (i % 100 == 0)
			AWAIT(pressure_held(pressure) == 1);
		turns(1, 0, 0);
		AWAIT(pressure_held(pressure) == 0);
	}
	atomic_store(&is_over, true);
	pthread_join(thread, NULL);
	tear_down();
}
