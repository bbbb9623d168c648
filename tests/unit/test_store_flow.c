#include "store/flow.h"
#include "store_double.h"

/* Executions and steps: states, queues, what is due. */

static struct store *store;
static struct arena arena;

static void
begin(void)
{
	store = test_store_open(check_temp_dir());
}

static void
end(void)
{
	store_close(store);
	arena_release(&arena);
}

static struct flow_change
add(uint64_t sequence, const char *scenario)
{
	return (struct flow_change){.what = FLOW_EXECUTION_ADD,
		.execution = {.sequence = sequence,
			.workspace = 1,
			.scenario = str_of(scenario),
			.scenario_version = 3,
			.cause = STR("hook"),
			.created = TEST_NOW,
			.error = STR(""),
			.trigger = STR("{\"a\":1}")}};
}

static struct flow_change
set(uint64_t sequence, enum execution_state expected,
	enum execution_state state, int64_t due)
{
	struct flow_change change = add(sequence, "");

	change.what = FLOW_EXECUTION_SET;
	change.execution.state = state;
	change.execution.due = due;
	change.expected = expected;
	return change;
}

static void
commit(struct flow_change change)
{
	TEST_COMMIT(store, {.kind = STORE_FLOW, .flow = &change});
}

static void
conflict(struct flow_change change)
{
	TEST_CONFLICT(store, 0, {.kind = STORE_FLOW, .flow = &change});
}

/** The sequences of a list as digits. */
static struct str
sequences(const struct execution_list *list)
{
	char *text = arena_alloc(&arena, list->count + 1);

	for (size_t i = 0; i < list->count; i++)
		text[i] = (char)('0' + list->rows[i].sequence);
	return str_make(text, list->count);
}

static struct str
due(struct execution_due query)
{
	struct execution_list list = {0};

	query.limit = query.limit ? query.limit : 9;
	CHECK_OK(store_executions_due(store, &query, &arena, &list));
	for (size_t i = 0; i < list.count; i++)
		CHECK_STR(list.rows[i].trigger, STR(""));
	return sequences(&list);
}

static struct str
listed(struct execution_query query)
{
	struct execution_list list = {0};

	query.limit = query.limit ? query.limit : 9;
	CHECK_OK(store_executions(store, &query, &arena, &list));
	return sequences(&list);
}

TEST(store_flow, what_was_added_is_read_and_changed_from_its_state_only)
{
	struct execution_row row;
	uint64_t highest;

	begin();
	CHECK_OK(store_execution_highest(store, &highest));
	CHECK_INT(highest, 0);
	commit(add(7, "s"));
	CHECK_OK(store_execution(store, 7, &arena, &row));
	CHECK_STR(row.scenario, STR("s"));
	CHECK_STR(row.trigger, STR("{\"a\":1}"));
	CHECK_INT(row.scenario_version, 3);
	CHECK_INT(row.state, EXECUTION_QUEUED);
	conflict(set(7, EXECUTION_RUNNING, EXECUTION_SUCCESS, 0));
	commit(set(7, EXECUTION_QUEUED, EXECUTION_RUNNING, 0));
	conflict(set(7, EXECUTION_QUEUED, EXECUTION_RUNNING, 0));
	CHECK_OK(store_execution(store, 7, &arena, &row));
	CHECK_INT(row.state, EXECUTION_RUNNING);
	CHECK_STR(row.scenario, STR("s"));
	CHECK_OK(store_execution_highest(store, &highest));
	CHECK_INT(highest, 7);
	CHECK_INT(store_execution(store, 8, &arena, &row), ERR_NOT_FOUND);
	end();
}

TEST(store_flow, due_are_those_queued_and_those_to_be_tried_again)
{
	uint64_t queued;

	begin();
	for (uint64_t i = 1; i <= 6; i++)
		commit(add(i, i == 3 ? "b" : "a"));
	commit(set(2, EXECUTION_QUEUED, EXECUTION_RUNNING, 0));
	commit(set(4, EXECUTION_QUEUED, EXECUTION_INCOMPLETE, 50));
	commit(set(5, EXECUTION_QUEUED, EXECUTION_INCOMPLETE, 0));
	commit(set(6, EXECUTION_QUEUED, EXECUTION_QUEUED, 60));
	CHECK_STR(due((struct execution_due){.now = 49}), STR("13"));
	CHECK_STR(due((struct execution_due){.now = 60}), STR("1346"));
	CHECK_STR(
		due((struct execution_due){.now = 60, .after = 3}), STR("46"));
	CHECK_STR(
		due((struct execution_due){.now = 60, .limit = 2}), STR("13"));
	CHECK_STR(due((struct execution_due){.scenario = STR("a"), .now = 60}),
		STR("16"));
	CHECK_STR(due((struct execution_due){.is_running = true}), STR("2"));
	CHECK_OK(store_executions_queued(store, STR("a"), &queued));
	CHECK_INT(queued, 2);
	end();
}

TEST(store_flow, lists_are_newest_first_and_by_scenario_and_state)
{
	begin();
	for (uint64_t i = 1; i <= 4; i++)
		commit(add(i, i == 3 ? "b" : "a"));
	commit(set(2, EXECUTION_QUEUED, EXECUTION_ERROR, 0));
	CHECK_STR(listed((struct execution_query){0}), STR("4321"));
	CHECK_STR(listed((struct execution_query){.scenario = STR("a")}),
		STR("421"));
	CHECK_STR(listed((struct execution_query){
			  .scenario = STR("a"), .before = 4, .limit = 1}),
		STR("2"));
	CHECK_STR(listed((struct execution_query){
			  .is_by_state = true, .state = EXECUTION_ERROR}),
		STR("2"));
	CHECK_STR(listed((struct execution_query){.workspace = 2}), STR(""));
	end();
}

TEST(store_flow, step_takes_the_place_of_the_one_that_failed)
{
	struct flow_change change = {.what = FLOW_STEP_SET,
		.step = {.execution = 1,
			.ordinal = 2,
			.module = 5,
			.failure = STR("DataError"),
			.message = STR("no"),
			.input = STR("{}"),
			.trace = STR(""),
			.output = STR("[]")}};
	struct step_query query = {.execution = 1, .limit = 9};
	struct step_list steps;

	begin();
	commit(add(1, "a"));
	commit(change);
	change.step.failure = STR("");
	change.step.output = STR("[{\"b\":2}]");
	commit(change);
	change.step.ordinal = 1;
	commit(change);
	CHECK_OK(store_steps(store, &query, &arena, &steps));
	CHECK_INT(steps.count, 2);
	CHECK_INT(steps.rows[0].ordinal, 1);
	CHECK_STR(steps.rows[1].failure, STR(""));
	CHECK_STR(steps.rows[1].output, STR("[{\"b\":2}]"));
	query.from = 2;
	CHECK_OK(store_steps(store, &query, &arena, &steps));
	CHECK_INT(steps.count, 1);
	change.what = FLOW_EXECUTION_REMOVE;
	change.execution.sequence = 1;
	commit(change);
	conflict(change);
	query.from = 0;
	CHECK_OK(store_steps(store, &query, &arena, &steps));
	CHECK_INT(steps.count, 0);
	end();
}
