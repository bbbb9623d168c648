#include "runner_rig.h"

#include <sched.h>

/* Executions on the real store: stored, run, answered, gone on with. */

TEST(runner, request_is_stored_run_and_answered)
{
	const struct scenario *scenario;
	struct step_list steps;
	struct execution_row row;
	struct runner_stats stats;

	rig_begin();
	scenario = rig_import(SCENARIO(
		"", SET(2, "{{upper(1.who)}}") "," SAY(3, "hi {{2.v}}")));
	CHECK_OK(rig_order(scenario, 0, "{\"who\":\"you\"}"));
	rig_answer_is(0, 200, "hi YOU");
	AWAIT(rig_state_of(rig_sequence_of(0)) == EXECUTION_SUCCESS);
	row = rig_execution_of(rig_sequence_of(0));
	CHECK_INT(row.operations, 3);
	CHECK_INT(row.attempts, 1);
	CHECK_STR(row.cause, STR("hook"));
	CHECK(row.started && row.ended >= row.started);
	CHECK_INT(rig_steps_of(row.sequence, &steps), 2);
	CHECK_INT(steps.rows[0].module, 2);
	CHECK_STR(steps.rows[0].output, STR("[{\"v\":\"YOU\"}]"));
	AWAIT((runner_stats(rig.runner, &stats), stats.succeeded == 1));
	AWAIT((runner_stats(rig.runner, &stats),
		stats.running == 0 && stats.waiting == 0));
	scenario_unref(scenario);
	rig_end();
}

TEST(runner, scenario_that_does_not_answer_has_accepted)
{
	const struct scenario *scenario, *failing;

	rig_begin();
	scenario = rig_import(SCENARIO("", SET(2, "x")));
	failing = rig_import(SCENARIO("", PICKY(2, "")));
	CHECK_OK(rig_order(scenario, 0, "{}"));
	CHECK_OK(rig_order(failing, 1, "{\"bad\":true}"));
	rig_answer_is(0, 200, "Accepted");
	rig_answer_is(1, 500, "Scenario failed to complete.");
	scenario_unref(scenario);
	scenario_unref(failing);
	rig_end();
}

TEST(runner, sequential_scenario_keeps_the_order)
{
	const struct scenario *scenario;
	char trigger[32];

	rig_begin();
	scenario = rig_import(
		SCENARIO("\"sequential\":true", SAY(2, "{{1.number}}")));
	for (size_t i = 0; i < 200; i++) {
		snprintf(trigger, sizeof(trigger), "{\"number\":%zu}", i);
		CHECK_OK(rig_order(scenario, i, trigger));
	}
	AWAIT(atomic_load(&rig.answered) == 200);
	for (size_t i = 0; i < 200; i++)
		CHECK_INT(atomic_load(&rig.order_of_answers[i]), i);
	scenario_unref(scenario);
	rig_end();
}

TEST(runner, full_queue_refuses)
{
	const struct scenario *scenario;
	struct gate gate;

	rig_begin();
	rig_stop();
	rig.usual.queue_max = 3;
	rig_start();
	scenario = rig_import(SCENARIO("", SAY(2, "ok")));
	gate_close(&gate, rig.world.writer);
	for (size_t i = 0; i < 3; i++)
		CHECK_OK(rig_order(scenario, i, "{}"));
	CHECK_INT(rig_order(scenario, 3, "{}"), ERR_LIMIT);
	gate_open(&gate);
	for (size_t i = 0; i < 3; i++)
		rig_answer_is(i, 200, "ok");
	AWAIT(rig_order(scenario, 4, "{}") == ERR_OK);
	rig_answer_is(4, 200, "ok");
	scenario_unref(scenario);
	rig_end();
}

TEST(runner, more_than_memory_holds_is_read_from_the_store)
{
	const struct scenario *scenario;
	char trigger[32];

	rig_begin();
	rig_stop();
	rig.usual.bytes_max = 40;
	rig_start();
	scenario = rig_import(
		SCENARIO("\"sequential\":true", SAY(2, "{{1.number}}")));
	for (size_t i = 0; i < 500; i++) {
		snprintf(trigger, sizeof(trigger), "{\"number\":%zu}", i);
		CHECK_OK(rig_order(scenario, i, trigger));
	}
	AWAIT(atomic_load(&rig.answered) == 500);
	for (size_t i = 0; i < 500; i++)
		CHECK_INT(atomic_load(&rig.order_of_answers[i]), i);
	scenario_unref(scenario);
	rig_end();
}

TEST(runner, several_scenarios_run_in_parallel)
{
	const struct scenario *slow, *quick;

	rig_begin();
	slow = rig_import(SCENARIO("", SLEEP(2, "60")));
	quick = rig_import(SCENARIO("", SAY(2, "quick")));
	CHECK_OK(rig_order(slow, 0, "{}"));
	CHECK_OK(rig_order(slow, 1, "{}"));
	CHECK_OK(rig_order(quick, 2, "{}"));
	rig_answer_is(2, 200, "quick");
	CHECK_INT(atomic_load(&rig.orders[0].status), 0);
	scenario_unref(slow);
	scenario_unref(quick);
	rig_end();
}

TEST(runner, stop_interrupts_a_sleep_and_the_next_start_goes_on)
{
	const struct scenario *scenario;
	struct scenario_change change = {.workspace = 1};
	struct scenario_draft draft = {.has_blueprint = true};
	struct scenario_problem problem = {0};
	struct step_list steps;
	uint64_t sequence;

	rig_begin();
	scenario = rig_import(
		SCENARIO("", SET(2, "{{uuid}}") "," SLEEP(
				     3, "{{1.wait}}") "," SAY(4, "done")));
	CHECK_OK(rig_order(scenario, 0, "{\"wait\":3}"));
	sequence = rig_sequence_of(0);
	/* The version that it began with is the one it ends with. */
	change.id = scenario->id;
	change.draft = &draft;
	draft.blueprint = STR(SCENARIO("", SAY(2, "another")));
	scenario_unref(scenario);
	CHECK_OK(scenarios_change(
		rig.scenarios, &change, &rig.arena, &scenario, &problem));
	rig_restart();
	rig_answer_is(0, 200, "Accepted");
	AWAIT(rig_state_of(sequence) == EXECUTION_SUCCESS);
	CHECK_INT(rig_steps_of(sequence, &steps), 3);
	scenario_unref(scenario);
	rig_end();
}

TEST(runner, what_was_queued_is_run_after_a_start)
{
	const struct scenario *scenario;
	uint64_t last;

	rig_begin();
	scenario = rig_import(SCENARIO("\"sequential\":true",
		SLEEP(2, "{{1.wait}}") "," SAY(3, "ok")));
	CHECK_OK(rig_order(scenario, 0, "{\"wait\":2}"));
	for (size_t i = 1; i < 20; i++)
		CHECK_OK(rig_order(scenario, i, "{\"wait\":0}"));
	last = rig_sequence_of(19);
	rig_restart();
	AWAIT(rig_state_of(last) == EXECUTION_SUCCESS);
	for (uint64_t i = last - 19; i <= last; i++)
		CHECK_INT(rig_state_of(i), EXECUTION_SUCCESS);
	scenario_unref(scenario);
	rig_end();
}

TEST(runner, kept_failure_is_retried_or_dropped_by_hand)
{
	const struct scenario *scenario;
	uint64_t first, second;

	rig_begin();
	scenario = rig_import(
		SCENARIO("\"dlq\":true", SET(2, "x") "," PICKY(3, "")));
	CHECK_OK(rig_order(scenario, 0, "{\"bad\":true}"));
	CHECK_OK(rig_order(scenario, 1, "{\"bad\":true}"));
	first = rig_sequence_of(0);
	second = rig_sequence_of(1);
	AWAIT(rig_state_of(first) == EXECUTION_INCOMPLETE);
	AWAIT(rig_state_of(second) == EXECUTION_INCOMPLETE);
	CHECK_INT(rig_execution_of(first).failed_step, 2);
	/* Bad data gets no better by itself. */
	CHECK_INT(rig_execution_of(first).due, 0);
	CHECK_OK(runner_retry(rig.runner, first));
	AWAIT(rig_execution_of(first).attempts == 2);
	AWAIT(rig_state_of(first) == EXECUTION_INCOMPLETE);
	CHECK_OK(runner_drop(rig.runner, second));
	CHECK_INT(rig_state_of(second), EXECUTION_DROPPED);
	CHECK_INT(runner_retry(rig.runner, second), ERR_CONFLICT);
	CHECK_INT(runner_drop(rig.runner, second), ERR_CONFLICT);
	CHECK_INT(runner_drop(rig.runner, 99), ERR_NOT_FOUND);
	scenario_unref(scenario);
	rig_end();
}

TEST(runner, sequential_scenario_waits_for_what_failed)
{
	const struct scenario *scenario;
	uint64_t first;

	rig_begin();
	scenario = rig_import(SCENARIO("\"dlq\":true,\"sequential\":true",
		SET(2, "x") "," PICKY(3, "") "," SAY(4, "ok")));
	CHECK_OK(rig_order(scenario, 0, "{\"bad\":true}"));
	first = rig_sequence_of(0);
	AWAIT(rig_state_of(first) == EXECUTION_INCOMPLETE);
	CHECK_OK(rig_order(scenario, 1, "{}"));
	CHECK_OK(runner_retry(rig.runner, first));
	AWAIT(rig_execution_of(first).attempts == 2);
	CHECK_INT(rig_state_of(rig_sequence_of(1)), EXECUTION_QUEUED);
	rig_restart();
	CHECK_INT(rig_state_of(rig_sequence_of(1)), EXECUTION_QUEUED);
	CHECK_OK(runner_drop(rig.runner, first));
	AWAIT(rig_state_of(rig_sequence_of(1)) == EXECUTION_SUCCESS);
	scenario_unref(scenario);
	rig_end();
}

static const char breaking[] = SCENARIO("\"dlq\":true",
	MODULE(2, "builtin:BasicFeeder",
		MAPPER("{\"array\":\"{{1.a}}\"}")) "," MODULE(3,
		"builtin:BasicRepeater",
		MAPPER("{\"repeats\":\"{{if(2.value = 0; \\\"x\\\"; 1)}}\"}") ",\"onerror\":[" MODULE(
			5, "builtin:Break",
			MAPPER("{\"retry\":true,\"count\":\"2\","
			       "\"interval\":\"7\"}")) "]") "," SAY(4,
		"{{2.value}}"));

TEST(runner, break_puts_aside_what_is_tried_again)
{
	const struct scenario *scenario;
	struct execution_row row;
	struct step_list steps;
	uint64_t first, aside;

	rig_begin();
	scenario = rig_import(breaking);
	CHECK_OK(rig_order(scenario, 0, "{\"a\":[1,0,2]}"));
	rig_answer_is(0, 200, "1");
	first = rig_sequence_of(0);
	AWAIT(rig_state_of(first) == EXECUTION_WARNING);
	aside = first + 1;
	row = rig_execution_of(aside);
	CHECK_INT(row.state, EXECUTION_INCOMPLETE);
	CHECK_STR(row.cause, STR("break"));
	CHECK_INT(row.retries, 2);
	CHECK(row.due > clock_now() + 6 * MINUTES);
	CHECK(rig_steps_of(aside, &steps) == row.failed_step);
	CHECK_OK(runner_retry(rig.runner, aside));
	AWAIT(rig_execution_of(aside).attempts == 1);
	row = rig_execution_of(aside);
	CHECK_INT(row.state, EXECUTION_INCOMPLETE);
	CHECK(row.due > clock_now() + 6 * MINUTES);
	/* No more than it was given. */
	CHECK_OK(runner_retry(rig.runner, aside));
	AWAIT(rig_execution_of(aside).attempts == 2);
	CHECK_INT(rig_execution_of(aside).due, 0);
	scenario_unref(scenario);
	rig_end();
}

TEST(runner, scenario_that_fails_again_and_again_is_switched_off)
{
	const struct scenario *scenario, *now;

	rig_begin();
	scenario = rig_import(SCENARIO("\"maxErrors\":2", PICKY(2, "")));
	CHECK_OK(rig_order(scenario, 0, "{\"bad\":true}"));
	rig_answer_is(0, 500, "Scenario failed to complete.");
	now = scenarios_get(rig.scenarios, 1, scenario->id);
	CHECK(now->is_enabled);
	scenario_unref(now);
	CHECK_OK(rig_order(scenario, 1, "{\"bad\":true}"));
	rig_answer_is(1, 500, "Scenario failed to complete.");
	AWAIT((now = scenarios_get(rig.scenarios, 1, scenario->id),
		scenario_unref(now), now != scenario));
	now = scenarios_get(rig.scenarios, 1, scenario->id);
	CHECK(!now->is_enabled);
	CHECK(str_starts_with(now->status_reason, STR("2 executions")));
	scenario_unref(now);
	scenario_unref(scenario);
	rig_end();
}

TEST(runner, removed_scenario_runs_no_more)
{
	const struct scenario *scenario;
	struct gate gate;

	rig_begin();
	scenario = rig_import(SCENARIO("\"sequential\":true", SAY(2, "ok")));
	gate_close(&gate, rig.world.writer);
	for (size_t i = 0; i < 50; i++)
		CHECK_OK(rig_order(scenario, i, "{}"));
	gate_open(&gate);
	CHECK_OK(scenarios_remove(rig.scenarios, 1, scenario->id));
	AWAIT(rig_state_of(rig_sequence_of(49)) != EXECUTION_QUEUED);
	scenario_unref(scenario);
	rig_end();
}
