#include "pipeline/alarm.h"

#include "base/compiler.h"
#include "check.h"

struct bell {
	struct alarm alarm;
	struct heap *alarms;
	int rung, rung_last;
	int64_t again; /* sets itself to ring after that; 0: no */
};

static void
ring(struct alarm *alarm, bool is_over)
{
	struct bell *bell = CONTAINER_OF(alarm, struct bell, alarm);

	bell->rung += !is_over;
	bell->rung_last += is_over;
	if (bell->again && !is_over)
		alarm_set(bell->alarms, alarm, bell->again);
}

TEST(alarm, each_rings_at_its_time_and_once)
{
	struct heap alarms = {0};
	struct bell early = {.alarm.ring = ring}, late = early;

	clock_test_set(0, 1000);
	CHECK_INT(alarm_next(&alarms), INT64_MAX);
	alarm_set(&alarms, &late.alarm, 20);
	alarm_set(&alarms, &early.alarm, 10);
	CHECK_INT(alarm_next(&alarms), 10);
	alarm_ring_due(&alarms);
	CHECK_INT(early.rung, 0);
	clock_test_advance(10);
	alarm_ring_due(&alarms);
	alarm_ring_due(&alarms);
	CHECK_INT(early.rung, 1);
	CHECK_INT(late.rung, 0);
	alarm_set(&alarms, &late.alarm, 30); /* later than before */
	clock_test_advance(10);
	alarm_ring_due(&alarms);
	CHECK_INT(late.rung, 0);
	alarm_cancel(&alarms, &late.alarm);
	alarm_cancel(&alarms, &late.alarm);
	clock_test_advance(100);
	alarm_ring_due(&alarms);
	CHECK_INT(late.rung, 0);
	alarm_ring_last(&alarms);
}

TEST(alarm, one_that_sets_itself_again_rings_again)
{
	struct heap alarms = {0};
	struct bell bell = {.alarm.ring = ring, .alarms = &alarms, .again = 5};

	clock_test_set(0, 1000);
	alarm_set(&alarms, &bell.alarm, 0);
	alarm_ring_due(&alarms);
	CHECK_INT(bell.rung, 1);
	clock_test_advance(5);
	alarm_ring_due(&alarms);
	CHECK_INT(bell.rung, 2);
	alarm_ring_last(&alarms);
	CHECK_INT(bell.rung, 2);
	CHECK_INT(bell.rung_last, 1);
	CHECK_INT(alarm_next(&alarms), INT64_MAX);
}
