#include "runner_rig.h"

#include <sched.h>

/* The life of executions: kept and given up, run once, run again. */

TEST(runner_life, incomplete_one_that_nobody_looks_after_is_given_up)
{
	const struct scenario *scenario;
	struct execution_row row;
	uint64_t kept;

	rig_begin();
	rig_stop();
	rig.usual.incomplete_age = 1; /* microsecond */
	rig_start();
	scenario = rig_import(SCENARIO("\"dlq\":true,\"sequential\":true",
		SET(2, "x") "," PICKY(3, "") "," SAY(4, "ok")));
	CHECK_OK(rig_order(scenario, 0, "{\"bad\":true}"));
	kept = rig_sequence_of(0);
	AWAIT(rig_state_of(kept) == EXECUTION_INCOMPLETE);
	CHECK_OK(rig_order(scenario, 1, "{}"));
	rig_restart();
	AWAIT(rig_state_of(kept) == EXECUTION_DROPPED);
	row = rig_execution_of(kept);
	CHECK(str_starts_with(row.error, STR("BundleValidationError")));
	/* What waited for it goes on. */
	AWAIT(rig_state_of(rig_sequence_of(1)) == EXECUTION_SUCCESS);
	scenario_unref(scenario);
	rig_end();
}

/* ---- a scenario that is off ---- */

static const struct scenario *
switch_to(const struct scenario *scenario, bool is_enabled)
{
	struct scenario_draft draft = {
		.has_enabled = true, .is_enabled = is_enabled};
	struct scenario_change change = {
		.workspace = 1, .id = scenario->id, .draft = &draft};
	struct scenario_problem problem = {0};
	const struct scenario *now;

	CHECK_OK(scenarios_change(
		rig.scenarios, &change, &rig.arena, &now, &problem));
	runner_note_change(rig.runner, scenario, now);
	scenario_unref(scenario);
	return now;
}

static enum err
order_by_hand(const struct scenario *scenario, size_t number)
{
	struct rig_order *order = &rig.orders[number];
	const struct runner_order what = {.scenario = scenario,
		.trigger = STR("{\"wait\":1}"),
		.cause = "manual",
		.context = order,
		.stored = rig_stored};

	*order = (struct rig_order){0};
	atomic_store(&order->err, -1);
	return runner_begin(rig.runner, &what);
}

static size_t
waiting_now(void)
{
	struct runner_stats stats;

	runner_stats(rig.runner, &stats);
	return stats.waiting;
}

TEST(runner_life, queue_of_a_scenario_that_is_off_waits)
{
	const struct scenario *scenario;

	rig_begin();
	scenario = switch_to(rig_import(SCENARIO("", SAY(2, "ok"))), false);
	CHECK_OK(rig_order(scenario, 0, "{}"));
	CHECK_OK(rig_order(scenario, 1, "{}"));
	/* What a person starts goes before. */
	CHECK_OK(order_by_hand(scenario, 2));
	AWAIT(rig_state_of(rig_sequence_of(2)) == EXECUTION_SUCCESS);
	CHECK_INT(rig_state_of(rig_sequence_of(0)), EXECUTION_QUEUED);
	AWAIT(waiting_now() == 2);
	rig_restart();
	CHECK_OK(order_by_hand(scenario, 3));
	AWAIT(rig_state_of(rig_sequence_of(3)) == EXECUTION_SUCCESS);
	CHECK_INT(rig_state_of(rig_sequence_of(0)), EXECUTION_QUEUED);
	scenario = switch_to(scenario, true);
	AWAIT(rig_state_of(rig_sequence_of(0)) == EXECUTION_SUCCESS);
	AWAIT(rig_state_of(rig_sequence_of(1)) == EXECUTION_SUCCESS);
	scenario_unref(scenario);
	rig_end();
}

TEST(runner_life, what_a_person_started_outlives_a_restart)
{
	const struct scenario *scenario;
	struct gate gate;

	rig_begin();
	scenario = switch_to(rig_import(SCENARIO("\"sequential\":true",
				     SLEEP(2, "{{1.wait}}"))),
		false);
	CHECK_OK(rig_order(scenario, 0, "{}"));
	gate_close(&gate, rig.world.writer);
	for (size_t i = 1; i < 4; i++)
		CHECK_OK(order_by_hand(scenario, i));
	gate_open(&gate);
	(void)rig_sequence_of(3);
	rig_restart();
	for (size_t i = 1; i < 4; i++)
		AWAIT(rig_state_of(rig_sequence_of(i)) == EXECUTION_SUCCESS);
	CHECK_INT(rig_state_of(rig_sequence_of(0)), EXECUTION_QUEUED);
	scenario_unref(scenario);
	rig_end();
}

/* ---- run once ---- */

struct watcher {
	struct runner_once once;
	atomic_llong shown; /* -1: not told yet */
};

static void
came(struct runner_once *once, uint64_t execution)
{
	struct watcher *watcher = CONTAINER_OF(once, struct watcher, once);

	CHECK_INT(atomic_exchange(&watcher->shown, (long long)execution), -1);
}

static enum err
watch(const struct scenario *scenario, struct watcher *watcher,
	int64_t deadline)
{
	*watcher = (struct watcher){.once = {deadline, came}};
	atomic_store(&watcher->shown, -1);
	return runner_once(rig.runner, scenario, &watcher->once);
}

TEST(runner_life, run_once_lets_the_oldest_of_the_queue_go)
{
	static struct watcher watcher, second;
	const struct scenario *scenario;

	rig_begin();
	scenario = switch_to(rig_import(SCENARIO("", SAY(2, "ok"))), false);
	CHECK_OK(rig_order(scenario, 0, "{}"));
	CHECK_OK(rig_order(scenario, 1, "{}"));
	(void)rig_sequence_of(1);
	CHECK_OK(watch(scenario, &watcher, INT64_MAX));
	/* There is one: no other is accepted for it. */
	CHECK(!runner_take_expected(rig.runner, scenario->id));
	AWAIT(atomic_load(&watcher.shown) != -1);
	CHECK_INT(atomic_load(&watcher.shown), (int64_t)rig_sequence_of(0));
	AWAIT(rig_state_of(rig_sequence_of(0)) == EXECUTION_SUCCESS);
	CHECK_INT(rig_state_of(rig_sequence_of(1)), EXECUTION_QUEUED);
	rig_restart();
	CHECK_OK(watch(scenario, &second, INT64_MAX));
	AWAIT(atomic_load(&second.shown) == (int64_t)rig_sequence_of(1));
	scenario_unref(scenario);
	rig_end();
}

TEST(runner_life, run_once_accepts_one_request_and_ends_at_its_deadline)
{
	static struct watcher watcher, late;
	const struct scenario *scenario;

	rig_begin();
	scenario = switch_to(rig_import(SCENARIO("", SAY(2, "ok"))), false);
	CHECK(!runner_take_expected(rig.runner, scenario->id));
	CHECK_OK(watch(scenario, &watcher, INT64_MAX));
	CHECK_INT(watch(scenario, &late, INT64_MAX), ERR_CONFLICT);
	CHECK(runner_take_expected(rig.runner, scenario->id));
	CHECK(!runner_take_expected(rig.runner, scenario->id));
	CHECK_OK(rig_order(scenario, 0, "{}"));
	AWAIT(atomic_load(&watcher.shown) == (int64_t)rig_sequence_of(0));
	CHECK_OK(watch(scenario, &late, 0));
	AWAIT(atomic_load(&late.shown) == 0);
	CHECK(!runner_take_expected(rig.runner, scenario->id));
	/* Who waits when it stops is told, too. */
	CHECK_OK(watch(scenario, &late, INT64_MAX));
	scenario_unref(scenario);
	rig_end();
	CHECK_INT(atomic_load(&late.shown), 0);
}

TEST(runner_life, run_once_shows_the_next_one_of_a_scenario_that_is_on)
{
	static struct watcher watcher;
	const struct scenario *scenario;

	rig_begin();
	scenario = rig_import(SCENARIO("", SAY(2, "ok")));
	CHECK_OK(watch(scenario, &watcher, INT64_MAX));
	CHECK_OK(order_by_hand(scenario, 0));
	AWAIT(rig_state_of(rig_sequence_of(0)) == EXECUTION_SUCCESS);
	CHECK_INT(atomic_load(&watcher.shown), -1);
	CHECK_OK(rig_order(scenario, 1, "{}"));
	AWAIT(atomic_load(&watcher.shown) == (int64_t)rig_sequence_of(1));
	scenario_unref(scenario);
	rig_end();
}

/* ---- what fails again and again ---- */

/** Orders one that fails, and waits for what it comes to. */
static uint64_t
fail(const struct scenario *scenario, size_t number, enum execution_state state)
{
	uint64_t sequence;

	CHECK_OK(rig_order(scenario, number, "{\"bad\":true}"));
	sequence = rig_sequence_of(number);
	AWAIT(rig_state_of(sequence) == state);
	return sequence;
}

static bool
is_on(const struct scenario *scenario)
{
	const struct scenario *now =
		scenarios_get(rig.scenarios, 1, scenario->id);
	bool is_enabled = now->is_enabled;

	scenario_unref(now);
	return is_enabled;
}

TEST(runner_life, more_incomplete_ones_than_may_be_switch_the_scenario_off)
{
	const struct scenario *scenario, *now;

	rig_begin();
	rig_stop();
	rig.usual.incomplete_max = 2;
	rig_start();
	scenario = rig_import(
		SCENARIO("\"dlq\":true", SET(2, "x") "," PICKY(3, "")));
	for (size_t i = 0; i < 2; i++)
		(void)fail(scenario, i, EXECUTION_INCOMPLETE);
	CHECK(is_on(scenario));
	/* It is kept all the same. */
	(void)fail(scenario, 2, EXECUTION_INCOMPLETE);
	AWAIT(!is_on(scenario));
	now = scenarios_get(rig.scenarios, 1, scenario->id);
	CHECK(str_starts_with(
		now->status_reason, STR("2 executions are incomplete")));
	scenario_unref(now);
	scenario_unref(scenario);
	rig_end();
}

TEST(runner_life, with_dataloss_what_cannot_be_kept_is_lost)
{
	const struct scenario *scenario;
	struct execution_row row;
	uint64_t lost;

	rig_begin();
	rig_stop();
	rig.usual.incomplete_max = 1;
	rig_start();
	scenario = rig_import(SCENARIO("\"dlq\":true,\"dataloss\":true",
		SET(2, "x") "," PICKY(3, "")));
	(void)fail(scenario, 0, EXECUTION_INCOMPLETE);
	lost = fail(scenario, 1, EXECUTION_ERROR);
	row = rig_execution_of(lost);
	CHECK(str_find(row.error, STR("not kept: there are 1")) != SIZE_MAX);
	CHECK(is_on(scenario));
	CHECK_OK(runner_drop(rig.runner, rig_sequence_of(0)));
	(void)fail(scenario, 2, EXECUTION_INCOMPLETE);
	scenario_unref(scenario);
	rig_end();
}

TEST(runner_life, what_went_through_a_confidential_one_is_not_kept)
{
	const struct scenario *scenario;
	struct execution_row row;
	struct step_list steps;

	rig_begin();
	scenario = rig_import(SCENARIO("\"confidential\":true",
		SET(2, "{{1.secret}}") "," SAY(3, "ok")));
	CHECK_OK(rig_order(scenario, 0, "{\"secret\":\"s3\"}"));
	rig_answer_is(0, 200, "ok");
	AWAIT(rig_state_of(rig_sequence_of(0)) == EXECUTION_SUCCESS);
	row = rig_execution_of(rig_sequence_of(0));
	CHECK_STR(row.trigger, STR(""));
	CHECK_INT(rig_steps_of(row.sequence, &steps), 2);
	for (size_t i = 0; i < steps.count; i++) {
		CHECK_STR(steps.rows[i].input, STR(""));
		CHECK_STR(steps.rows[i].output, STR("[]"));
	}
	scenario_unref(scenario);
	rig_end();
}

TEST(runner_life, scenario_that_is_switched_off_is_told)
{
	const struct scenario *scenario;

	rig_begin();
	rig_stop();
	rig.usual.ingest = rig.world.ingest;
	rig_start();
	scenario = rig_import(SCENARIO("\"maxErrors\":1", PICKY(2, "")));
	(void)fail(scenario, 0, EXECUTION_ERROR);
	AWAIT(!is_on(scenario));
	CHECK_INT(
		test_count(rig.world.directory,
			"SELECT count(*) FROM events WHERE"
			" type = 'grapnel.scenario.disabled'"
			" AND source = '/grapnel/scenarios'"
			" AND CAST(body AS TEXT) LIKE '%1 executions in a row%'"),
		1);
	scenario_unref(scenario);
	rig_end();
}

TEST(runner_life, run_once_that_is_over_lets_nothing_go)
{
	static struct watcher watcher;
	const struct scenario *scenario;
	uint64_t kept;

	rig_begin();
	scenario = rig_import(SCENARIO("\"dlq\":true,\"sequential\":true",
		PICKY(2, "") "," SAY(3, "ok")));
	CHECK_OK(rig_order(scenario, 0, "{\"bad\":true}"));
	kept = rig_sequence_of(0);
	AWAIT(rig_state_of(kept) == EXECUTION_INCOMPLETE);
	scenario = switch_to(scenario, false);
	CHECK_OK(rig_order(scenario, 1, "{}"));
	(void)rig_sequence_of(1);
	/* What failed is in the way of the one that waits. */
	CHECK_OK(watch(scenario, &watcher, 0));
	AWAIT(atomic_load(&watcher.shown) == 0);
	CHECK_OK(runner_drop(rig.runner, kept));
	for (size_t i = 2; i < 4; i++) {
		CHECK_OK(order_by_hand(scenario, i));
		AWAIT(rig_state_of(rig_sequence_of(i)) == EXECUTION_SUCCESS);
	}
	CHECK_INT(rig_state_of(rig_sequence_of(1)), EXECUTION_QUEUED);
	scenario_unref(scenario);
	rig_end();
}

TEST(runner_life, what_repeats_a_confidential_one_is_confidential)
{
	const struct scenario *scenario;
	struct step_list steps;
	struct runner_order order = {.trigger = STR("{\"pin\":1234}"),
		.cause = "replay",
		.origin = 1,
		.is_confidential = true,
		.context = &rig.orders[0],
		.stored = rig_stored};
	uint64_t sequence;

	rig_begin();
	/* The scenario itself says nothing of it (any more). */
	order.scenario = scenario =
		rig_import(SCENARIO("", SET(2, "{{1.pin}}")));
	atomic_store(&rig.orders[0].err, -1);
	CHECK_OK(runner_begin(rig.runner, &order));
	sequence = rig_sequence_of(0);
	AWAIT(rig_state_of(sequence) == EXECUTION_SUCCESS);
	CHECK(rig_execution_of(sequence).is_confidential);
	CHECK(rig_steps_of(sequence, &steps) > 0);
	for (size_t i = 0; i < steps.count; i++) {
		CHECK_STR(steps.rows[i].input, STR(""));
		CHECK_STR(steps.rows[i].trace, STR(""));
	}
	scenario_unref(scenario);
	rig_end();
}

/* ---- a scenario that is removed ---- */

static void
remove_scenario(const struct scenario *scenario)
{
	CHECK_OK(scenarios_remove(rig.scenarios, 1, scenario->id));
	runner_note_change(rig.runner, scenario, NULL);
}

static void
ends_as_gone(uint64_t sequence)
{
	AWAIT(rig_state_of(sequence) == EXECUTION_ERROR);
	CHECK_STR(
		rig_execution_of(sequence).error, STR("the scenario is gone"));
}

TEST(runner_life, what_waits_for_its_time_ends_when_the_scenario_is_removed)
{
	struct scenario_draft draft = {.has_schedule = true,
		.schedule = STR("{\"type\":\"indefinitely\","
				"\"interval\":86400}")};
	struct scenario_change change = {.workspace = 1, .draft = &draft};
	struct scenario_problem problem = {0};
	const struct scenario *scenario, *timed;

	rig_begin();
	scenario = rig_import(SCENARIO("", SAY(2, "ok")));
	change.id = scenario->id;
	CHECK_OK(scenarios_change(
		rig.scenarios, &change, &rig.arena, &timed, &problem));
	runner_note_change(rig.runner, scenario, timed);
	CHECK_OK(rig_order(timed, 0, "{}"));
	CHECK_INT(rig_state_of(rig_sequence_of(0)), EXECUTION_QUEUED);
	remove_scenario(timed);
	ends_as_gone(rig_sequence_of(0));
	scenario_unref(scenario);
	scenario_unref(timed);
	rig_end();
}

TEST(runner_life, what_failed_holds_nothing_up_when_the_scenario_is_removed)
{
	const struct scenario *scenario;

	rig_begin();
	scenario = rig_import(SCENARIO("\"dlq\":true,\"sequential\":true",
		SET(2, "x") "," PICKY(3, "")));
	CHECK_OK(rig_order(scenario, 0, "{\"bad\":true}"));
	AWAIT(rig_state_of(rig_sequence_of(0)) == EXECUTION_INCOMPLETE);
	CHECK_OK(rig_order(scenario, 1, "{}"));
	CHECK_INT(rig_state_of(rig_sequence_of(1)), EXECUTION_QUEUED);
	remove_scenario(scenario);
	ends_as_gone(rig_sequence_of(1));
	scenario_unref(scenario);
	rig_end();
}

/* Who had it in hand when it was removed may still begin with it, or tell of
   it as it was. */
TEST(runner_life, what_comes_for_a_removed_scenario_ends)
{
	const struct scenario *off, *known;

	rig_begin();
	off = switch_to(rig_import(SCENARIO("", SAY(2, "ok"))), false);
	remove_scenario(off);
	CHECK_OK(rig_order(off, 0, "{}"));
	ends_as_gone(rig_sequence_of(0));
	known = switch_to(rig_import(SCENARIO("", SAY(2, "ok"))), false);
	CHECK(!runner_take_expected(rig.runner, known->id));
	remove_scenario(known);
	runner_note_change(rig.runner, known, known);
	CHECK_OK(rig_order(known, 1, "{}"));
	ends_as_gone(rig_sequence_of(1));
	AWAIT(waiting_now() == 0);
	scenario_unref(off);
	scenario_unref(known);
	rig_end();
}
