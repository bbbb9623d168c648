#include <sched.h>

#include "base/clock.h"
#include "base/timestamp.h"
#include "runner_rig.h"

/* What starts by its schedule, with the clock moved on while it is down. */

static const char by_hook[] = SCENARIO("", SET(2, "x"));
static const char without_hook[] = "{\"name\":\"n\",\"flow\":[" MODULE(2,
	"util:SetVariable2", MAPPER("{\"name\":\"v\",\"value\":\"x\"}")) "]}";

static const struct scenario *
import(const char *blueprint, const char *schedule)
{
	struct scenario_draft draft = {.has_blueprint = true,
		.has_enabled = true,
		.is_enabled = true,
		.blueprint = str_of(blueprint),
		.has_schedule = true,
		.schedule = str_of(schedule)};
	struct scenario_problem problem = {0};
	const struct scenario *ret;

	CHECK_OK(scenarios_create(
		rig.scenarios, 1, &draft, &rig.arena, &ret, &problem));
	return ret;
}

static int64_t
started(void)
{
	return test_count(rig.world.directory,
		"SELECT count(*) FROM executions WHERE cause = 'schedule'");
}

static int64_t
started_of(const char *id)
{
	char sql[256];

	snprintf(sql, sizeof(sql),
		"SELECT count(*) FROM executions WHERE cause = 'schedule'"
		" AND scenario = '%s'",
		id);
	return test_count(rig.world.directory, sql);
}

static int64_t
left(void)
{
	return test_count(rig.world.directory,
		"SELECT count(*) FROM executions WHERE state < 2");
}

/** Down until it is later by so much, all in all. */
static void
be_down_until(int64_t shift)
{
	rig_stop();
	world_reopen(&rig.world);
	clock_test_shift(shift);
	rig_start();
}

static const char *
once_in(int64_t time)
{
	static char text[128];
	char date[TIMESTAMP_TEXT_SIZE];

	snprintf(text, sizeof(text), "{\"type\":\"once\",\"date\":\"%s\"}",
		timestamp_format(clock_now() + time, date));
	return text;
}

TEST(runner_schedule, single_date_that_was_missed_is_made_up_for_once)
{
	const struct scenario *last;
	char id[UUID_TEXT_SIZE];

	rig_begin();
	scenario_unref(import(without_hook, once_in(HOURS)));
	be_down_until(3 * HOURS);
	AWAIT(started() == 1);
	AWAIT(left() == 0);
	/* And not again, neither now nor after the next start. */
	be_down_until(5 * HOURS);
	last = import(without_hook, once_in(SECONDS / 2));
	uuid_format(last->id, id);
	AWAIT(started_of(id) == 1);
	/* The clock has looked at the others meanwhile. */
	CHECK_INT(started(), 2);
	scenario_unref(last);
	clock_test_shift(0);
	rig_end();
}

TEST(runner_schedule, interval_that_was_missed_starts_once_and_goes_on)
{
	rig_begin();
	scenario_unref(import(
		without_hook, "{\"type\":\"indefinitely\",\"interval\":3600}"));
	/* Nine times were missed: one start. */
	be_down_until(9 * HOURS + MINUTES);
	AWAIT(started() == 1);
	clock_test_shift(9 * HOURS + 40 * MINUTES);
	be_down_until(9 * HOURS + 50 * MINUTES);
	/* From the last start on, not from this one of the process. */
	clock_test_shift(10 * HOURS + 2 * MINUTES);
	AWAIT(started() == 2);
	clock_test_shift(0);
	rig_end();
}

TEST(runner_schedule, requests_that_wait_for_a_time_wait_over_a_restart)
{
	const struct scenario *scenario;

	rig_begin();
	scenario = import(
		by_hook, "{\"type\":\"indefinitely\",\"interval\":3600}");
	CHECK_OK(rig_order(scenario, 0, "{}"));
	CHECK_OK(rig_order(scenario, 1, "{}"));
	(void)rig_sequence_of(1);
	be_down_until(MINUTES);
	CHECK_OK(rig_order(scenario, 2, "{}"));
	(void)rig_sequence_of(2);
	CHECK_INT(left(), 3);
	clock_test_shift(HOURS + MINUTES);
	AWAIT(left() == 0);
	clock_test_shift(0);
	scenario_unref(scenario);
	rig_end();
}
