#include "store/flow.h"
#include "store/object.h"
#include "store/retain.h"
#include "store_double.h"

/* Removing executions: by age and by number; what stays. */

#define ONE "00000000-0000-4000-8000-000000000001"
#define TWO "00000000-0000-4000-8000-000000000002"

static struct store *store;
static const char *directory;
static uint64_t sequence;

static void
add_scenario(const char *id)
{
	struct object_change object = {.what = OBJECT_SET,
		.row = {.workspace = 1,
			.kind = OBJECT_SCENARIO,
			.id = str_of(id),
			.owner = STR(""),
			.revision = 1,
			.body = STR("{}"),
			.sealed = STR("")}};

	TEST_COMMIT(store, {.kind = STORE_OBJECT, .object = &object});
}

static void
begin(void)
{
	directory = check_temp_dir();
	store = test_store_open(directory);
	add_scenario(ONE);
	add_scenario(TWO);
}

static uint64_t
add(const char *scenario, enum execution_state state, int64_t at, int steps)
{
	struct flow_change change = {.what = FLOW_EXECUTION_ADD,
		.execution = {.sequence = ++sequence,
			.workspace = 1,
			.scenario = str_of(scenario),
			.state = state,
			.cause = STR("hook"),
			.created = at,
			.ended = at,
			.error = STR(""),
			.trigger = STR("{}")}};

	TEST_COMMIT(store, {.kind = STORE_FLOW, .flow = &change});
	for (int i = 1; i <= steps; i++) {
		struct flow_change step = {.what = FLOW_STEP_SET,
			.step = {.execution = sequence,
				.ordinal = (uint32_t)i,
				.module = 2,
				.failure = STR(""),
				.message = STR(""),
				.input = STR(""),
				.trace = STR(""),
				.output = STR("[]")}};

		TEST_COMMIT(store, {.kind = STORE_FLOW, .flow = &step});
	}
	return sequence;
}

/** All of a pass; the number of its steps. */
static int
pass(int64_t before, uint64_t max)
{
	const struct retain_limits limits = {.events_before = INT64_MIN,
		.deliveries_before = INT64_MIN,
		.executions_before = before,
		.executions_max = max};
	struct retain_place place = {0};
	static struct retain_step step;
	int steps = 0;

	while (!place.is_done || step.is_shrinking) {
		struct retain_place former = place;

		CHECK_OK(store_retain_find(store, &limits, &place, &step));
		TEST_COMMIT(store, {.kind = STORE_RETAIN, .retain = &step});
		if (step.is_unfinished)
			place = former;
		CHECK(++steps < 10000);
	}
	return steps;
}

static int64_t
count(const char *sql)
{
	return test_count(directory, sql);
}

static void
check_left(int64_t executions)
{
	CHECK_INT(count("SELECT count(*) FROM executions"), executions);
	CHECK_INT(count("SELECT count(*) FROM steps WHERE execution NOT IN"
			" (SELECT sequence FROM executions)"),
		0);
}

TEST(store_retain_flow, what_is_over_and_old_goes_with_its_steps)
{
	begin();
	add(ONE, EXECUTION_SUCCESS, TEST_NOW - 10 * SECONDS, 3);
	add(ONE, EXECUTION_WARNING, TEST_NOW - 10 * SECONDS, 1);
	add(TWO, EXECUTION_ERROR, TEST_NOW - 10 * SECONDS, 1);
	add(TWO, EXECUTION_DROPPED, TEST_NOW - 10 * SECONDS, 0);
	add(ONE, EXECUTION_SUCCESS, TEST_NOW, 2);
	add(TWO, EXECUTION_SUCCESS, TEST_NOW, 2);
	pass(TEST_NOW, 0);
	check_left(2);
	CHECK_INT(count("SELECT count(*) FROM steps"), 4);
	store_close(store);
}

TEST(store_retain_flow, what_is_not_over_and_the_newest_stay)
{
	begin();
	add(ONE, EXECUTION_QUEUED, TEST_NOW - 10 * SECONDS, 0);
	add(ONE, EXECUTION_RUNNING, TEST_NOW - 10 * SECONDS, 1);
	add(ONE, EXECUTION_INCOMPLETE, TEST_NOW - 10 * SECONDS, 1);
	add(ONE, EXECUTION_SUCCESS, TEST_NOW - 10 * SECONDS, 1);
	add(TWO, EXECUTION_SUCCESS, TEST_NOW - 10 * SECONDS, 1);
	pass(TEST_NOW, 0);
	check_left(5);
	/* Also when room has to be made. */
	pass(INT64_MAX, 0);
	check_left(5);
	store_close(store);
}

TEST(store_retain_flow, more_than_may_be_kept_of_a_scenario_go_oldest_first)
{
	begin();
	for (int i = 0; i < 20; i++) {
		add(ONE, EXECUTION_SUCCESS, TEST_NOW, 1);
		if (i < 4)
			add(TWO, EXECUTION_SUCCESS, TEST_NOW, 1);
	}
	add(ONE, EXECUTION_INCOMPLETE, TEST_NOW, 1);
	pass(INT64_MIN, 5);
	CHECK_INT(count("SELECT count(*) FROM executions WHERE scenario = "
			"'" ONE "'"),
		5);
	CHECK_INT(count("SELECT count(*) FROM executions WHERE scenario = "
			"'" TWO "'"),
		4);
	CHECK_INT(count("SELECT max(sequence) FROM executions"),
		(int64_t)sequence);
	CHECK_INT(count("SELECT min(sequence) > 30 - 10 FROM executions"
			" WHERE scenario = '" ONE "'"),
		1);
	check_left(9);
	store_close(store);
}

TEST(store_retain_flow, those_of_a_removed_scenario_go_but_the_highest)
{
	begin();
	add("gone", EXECUTION_QUEUED, TEST_NOW - 10 * SECONDS, 0);
	add("gone", EXECUTION_INCOMPLETE, TEST_NOW - 10 * SECONDS, 1);
	add("gone", EXECUTION_SUCCESS, TEST_NOW - 10 * SECONDS, 1);
	pass(TEST_NOW, 0);
	check_left(1);
	CHECK_INT(count("SELECT sequence FROM executions"), (int64_t)sequence);
	store_close(store);
}

TEST(store_retain_flow, one_with_many_steps_goes_in_several_commits)
{
	uint64_t large;

	begin();
	large = add(ONE, EXECUTION_SUCCESS, TEST_NOW - 10 * SECONDS, 1200);
	add(ONE, EXECUTION_SUCCESS, TEST_NOW, 1);
	CHECK_INT((int64_t)large, 1);
	CHECK(pass(TEST_NOW, 0) >= 3);
	check_left(1);
	CHECK_INT(count("SELECT count(*) FROM steps"), 1);
	store_close(store);
}
