#include "rule/drift.h"

#include "base/clock.h"
#include "check.h"

/* The wall clock says so much more than the monotonic one. */
#define AHEAD (1000000 * SECONDS)

static struct drift
started(int64_t monotonic)
{
	struct drift drift = {0};

	CHECK_INT(drift_look(&drift, AHEAD + monotonic, monotonic), 0);
	return drift;
}

TEST(drift, without_a_look_both_clocks_are_the_same)
{
	struct drift drift = {0};

	CHECK_INT(drift_due(&drift, 50, 0, 7), 50);
	CHECK_INT(drift_wall(&drift, 50), 50);
}

TEST(drift, a_clock_that_is_kept_right_has_not_jumped)
{
	struct drift drift = started(0);
	int64_t wall = AHEAD;

	for (int64_t now = 0; now < HOURS; now += MINUTES) {
		CHECK_INT(drift_look(&drift, wall + now, now), 0);
		wall += SECONDS;
	}
	CHECK_INT(drift.count, 0);
}

TEST(drift, a_due_time_comes_when_it_was_meant_to_whatever_the_wall_clock_does)
{
	static const int64_t jumps[] = {0, 3 * SECONDS, 10 * MINUTES, 5 * HOURS,
		24 * HOURS * 365, -3 * SECONDS, -10 * MINUTES, -5 * HOURS,
		-24 * HOURS * 365};
	const int64_t written = AHEAD + 10 * HOURS;

	for (size_t i = 0; i < sizeof(jumps) / sizeof(*jumps); i++) {
		struct drift drift = started(10 * HOURS);
		int64_t now = 10 * HOURS + 20 * MINUTES;
		int64_t at;

		CHECK_INT(drift_look(&drift, AHEAD + now + jumps[i], now),
			jumps[i]);
		at = drift_due(&drift, written + HOURS, written, now);
		/* Back by less than has passed since is not told apart. */
		CHECK(at >= 11 * HOURS);
		CHECK(at <= 11 * HOURS + (jumps[i] < 0 ? 20 * MINUTES : 0));
	}
}

TEST(drift, after_jumps_to_and_fro_everything_is_as_before)
{
	struct drift drift = started(0);
	const int64_t written = AHEAD;

	drift_look(&drift, AHEAD + 8 * HOURS, MINUTES);
	drift_look(&drift, AHEAD + 2 * MINUTES, 2 * MINUTES);
	CHECK_INT(drift_due(&drift, written + HOURS, written, 2 * MINUTES),
		HOURS);
	CHECK_INT(drift_age(&drift, written), 2 * MINUTES);
}

TEST(drift, what_was_written_after_a_jump_is_not_moved)
{
	struct drift drift = started(0);
	int64_t written;

	drift_look(&drift, AHEAD + 8 * HOURS, MINUTES);
	written = AHEAD + 8 * HOURS;
	CHECK_INT(drift_due(&drift, written + HOURS, written, MINUTES),
		MINUTES + HOURS);
	/* It came a little before it was seen. */
	written = AHEAD + 8 * HOURS - 30 * SECONDS;
	CHECK_INT(drift_wall(&drift, written), written);
}

TEST(drift, an_age_is_not_what_the_wall_clock_jumped)
{
	struct drift drift = started(0);

	drift_look(&drift, AHEAD + 48 * HOURS, HOURS);
	CHECK_INT(drift_age(&drift, AHEAD), HOURS);
	drift_look(&drift, AHEAD - 48 * HOURS, 2 * HOURS);
	CHECK(drift_age(&drift, AHEAD) <= 2 * HOURS);
}

TEST(drift, of_very_many_jumps_the_last_ones_count)
{
	struct drift drift = started(0);

	for (int64_t i = 1; i <= 100; i++)
		CHECK_INT(drift_look(&drift, AHEAD + i * HOURS, i), HOURS - 1);
	CHECK_INT(drift.count, DRIFT_JUMPS_MAX);
	CHECK_INT(drift_due(&drift, AHEAD + 100 * HOURS + SECONDS,
			  AHEAD + 100 * HOURS, 100),
		100 + SECONDS);
}
