/* The scenarios that most waits for, told without a walk over all. */
#include <sched.h>

#include "base/mem.h"
#include "base/random.h"
#include "flow/runner_private.h"
#include "runner_rig.h"

/* ---- lanes alone: no threads, no store ---- */

enum { SOME = 300, MANY = 10000 };

/* What each of them has, counted plainly. */
static struct {
	int64_t queued, incomplete, running;
	bool is_gone;
} model[MANY];

static struct runner *
lanes_begin(size_t count)
{
	static const struct blueprint blueprint;
	struct runner *runner = MEM_NEW(struct runner);

	pthread_mutex_init(&runner->lock, NULL);
	for (size_t i = 0; i < count; i++) {
		struct scenario scenario = {.blueprint = &blueprint};

		memcpy(scenario.id.bytes, &i, sizeof(i));
		(void)runner_lane(runner, &scenario);
	}
	return runner;
}

static void
lanes_end(struct runner *runner)
{
	runner_lanes_free(runner);
	pthread_mutex_destroy(&runner->lock);
	mem_free(runner);
}

static struct runner_lane *
lane_of(struct runner *runner, size_t number)
{
	struct uuid id = {0};

	memcpy(id.bytes, &number, sizeof(number));
	return runner_lane_find(runner, &id);
}

static int64_t
not_below_zero(int64_t count)
{
	return count < 0 ? 0 : count;
}

static void
count(struct runner *runner, size_t number, struct runner_difference change)
{
	runner_lane_count(runner, lane_of(runner, number), change);
	model[number].queued =
		not_below_zero(model[number].queued + change.queued);
	model[number].incomplete =
		not_below_zero(model[number].incomplete + change.incomplete);
	model[number].running =
		not_below_zero(model[number].running + change.running);
}

static int64_t
weight_of(size_t number)
{
	return model[number].is_gone
		       ? 0
		       : model[number].queued + model[number].incomplete +
				 model[number].running;
}

static int
compare_most_first(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left < right) - (left > right);
}

/** The top weights, by a walk over all; returns how many have any. */
static size_t
walk(size_t total, int64_t weights[MANY])
{
	size_t having = 0;

	for (size_t i = 0; i < total; i++) {
		if (weight_of(i) > 0)
			weights[having++] = weight_of(i);
	}
	qsort(weights, having, sizeof(*weights), compare_most_first);
	return having;
}

static void
check_one(const struct runner_behind *one, int64_t weight, bool *is_told)
{
	size_t number;

	memcpy(&number, one->scenario.bytes, sizeof(number));
	CHECK(!is_told[number]);
	is_told[number] = true;
	CHECK_INT(weight_of(number), weight);
	CHECK_INT(one->queue.waiting, model[number].queued);
	CHECK_INT(one->queue.incomplete, model[number].incomplete);
	CHECK_INT(one->queue.running, model[number].running);
}

static void
check_against_walk(struct runner *runner, size_t total)
{
	static int64_t weights[MANY];
	struct runner_behind front[RUNNER_FRONT_MAX];
	bool is_told[MANY] = {false};
	struct runner_stats stats;
	size_t having = walk(total, weights), told;
	int64_t waiting = 0;

	told = runner_front(runner, front);
	CHECK_INT(told, having < RUNNER_FRONT_MAX ? having : RUNNER_FRONT_MAX);
	for (size_t i = 0; i < told; i++)
		check_one(&front[i], weights[i], is_told);
	/* Those without anything cost nothing. */
	CHECK_INT(runner->front.count, having);
	for (size_t i = 0; i < total; i++)
		waiting += model[i].queued;
	runner_stats(runner, &stats);
	CHECK_INT(stats.waiting, waiting);
}

static void
change_at_random(struct runner *runner, size_t number, int64_t most)
{
	int64_t by = (int64_t)random_below(2 * (uint64_t)most + 1) - most;

	switch (random_below(3)) {
	case 0:
		count(runner, number, (struct runner_difference){.queued = by});
		break;
	case 1:
		count(runner, number,
			(struct runner_difference){.incomplete = by});
		break;
	default:
		count(runner, number,
			(struct runner_difference){.running = by});
		break;
	}
}

TEST(runner_front, after_any_changes_it_is_what_a_walk_finds)
{
	struct runner *runner = lanes_begin(SOME);

	random_test_seed(17);
	for (int step = 0; step < 30000; step++) {
		/* Few have something, then many. */
		size_t number = random_below(step / 5000 % 2 ? SOME : 30);

		if (random_below(2000) == 0) {
			runner_lane_end(runner, lane_of(runner, number));
			model[number].is_gone = true;
		}
		change_at_random(runner, number, step % 100 ? 3 : 1000);
		if (step % 10 == 0)
			check_against_walk(runner, SOME);
	}
	check_against_walk(runner, SOME);
	for (size_t i = 0; i < SOME; i++)
		count(runner, i,
			(struct runner_difference){-10000, -10000, -10000});
	check_against_walk(runner, SOME);
	CHECK_INT(runner->front.count, 0);
	lanes_end(runner);
}

/* As many as have something are kept in order, however many there are: what
   is looked at of these is bounded by heap_smallest(). */
TEST(runner_front, scenarios_with_nothing_cost_nothing)
{
	struct runner *runner = lanes_begin(MANY);
	struct runner_behind front[RUNNER_FRONT_MAX];

	CHECK_INT(runner->front.count, 0);
	CHECK_INT(runner_front(runner, front), 0);
	count(runner, 7, (struct runner_difference){.queued = 1});
	count(runner, MANY - 1, (struct runner_difference){.incomplete = 3});
	count(runner, 4711, (struct runner_difference){.running = 2});
	check_against_walk(runner, MANY);
	CHECK_INT(runner->front.count, 3);
	count(runner, 4711, (struct runner_difference){.running = -2});
	check_against_walk(runner, MANY);
	CHECK_INT(runner->front.count, 2);
	lanes_end(runner);
}

/* ---- a runner at work ---- */

/** At any time all lanes are in their places: nothing is counted past it. */
static void
check_places(struct runner *runner)
{
	uint64_t waiting = 0;

	pthread_mutex_lock(&runner->lock);
	for (const struct runner_lane *lane = runner->lanes; lane;
		lane = lane->next) {
		waiting += lane->queued;
		CHECK_INT(-lane->by_weight.key,
			lane->is_gone ? 0
				      : lane->queued + lane->incomplete +
						lane->running);
		CHECK((lane->by_weight.place > 0) ==
			(lane->by_weight.key != 0));
	}
	CHECK_INT(runner->stats.waiting, waiting);
	pthread_mutex_unlock(&runner->lock);
}

static struct runner_queue
told_of(const struct scenario *scenario)
{
	struct runner_behind front[RUNNER_FRONT_MAX];
	size_t told = runner_front(rig.runner, front);

	check_places(rig.runner);
	for (size_t i = 0; i < told; i++) {
		if (memcmp(&front[i].scenario, &scenario->id,
			    sizeof(scenario->id)) == 0)
			return front[i].queue;
	}
	return (struct runner_queue){0};
}

static void
check_told(const struct scenario *scenario, uint64_t waiting,
	uint32_t incomplete, uint32_t running)
{
	AWAIT(told_of(scenario).waiting == waiting &&
		told_of(scenario).incomplete == incomplete &&
		told_of(scenario).running == running);
}

static size_t
told_now(void)
{
	struct runner_behind front[RUNNER_FRONT_MAX];

	check_places(rig.runner);
	return runner_front(rig.runner, front);
}

static const struct scenario *
import_off(const char *blueprint)
{
	const struct scenario *on = rig_import(blueprint), *off;
	struct scenario_draft draft = {.has_enabled = true};
	struct scenario_change change = {
		.workspace = 1, .id = on->id, .draft = &draft};
	struct scenario_problem problem = {0};

	CHECK_OK(scenarios_change(
		rig.scenarios, &change, &rig.arena, &off, &problem));
	runner_note_change(rig.runner, on, off);
	scenario_unref(on);
	return off;
}

TEST(runner_front, it_follows_executions_and_outlives_a_restart)
{
	const struct scenario *off, *failing, *busy, *idle;

	rig_begin();
	off = import_off(SCENARIO("", SAY(2, "ok")));
	failing = rig_import(
		SCENARIO("\"dlq\":true", SET(2, "x") "," PICKY(3, "")));
	busy = rig_import(SCENARIO("\"sequential\":true", SLEEP(2, "60")));
	idle = rig_import(SCENARIO("", SAY(2, "ok")));
	for (size_t i = 0; i < 3; i++)
		CHECK_OK(rig_order(off, i, "{}"));
	for (size_t i = 3; i < 5; i++)
		CHECK_OK(rig_order(failing, i, "{\"bad\":true}"));
	for (size_t i = 5; i < 9; i++)
		CHECK_OK(rig_order(busy, i, "{}"));
	CHECK_OK(rig_order(idle, 9, "{}"));
	rig_answer_is(9, 200, "ok");
	check_told(off, 3, 0, 0);
	check_told(failing, 0, 2, 0);
	/* Until it is over one that runs is waited for as well. */
	check_told(busy, 4, 0, 1);
	AWAIT(told_now() == 3);
	rig_restart();
	check_told(off, 3, 0, 0);
	check_told(failing, 0, 2, 0);
	check_told(busy, 3, 0, 1); /* it goes on */
	CHECK_INT(told_now(), 3);
	CHECK_OK(runner_drop(rig.runner, rig_sequence_of(3)));
	check_told(failing, 0, 1, 0);
	CHECK_OK(runner_drop(rig.runner, rig_sequence_of(4)));
	CHECK_INT(told_now(), 2);
	scenario_unref(off);
	scenario_unref(failing);
	scenario_unref(busy);
	scenario_unref(idle);
	rig_end();
}

TEST(runner_front, nothing_is_left_when_all_is_over)
{
	const struct scenario *each[3];
	struct runner_stats stats;

	rig_begin();
	each[0] = rig_import(SCENARIO("", SAY(2, "ok")));
	each[1] = rig_import(SCENARIO("\"sequential\":true", SAY(2, "ok")));
	each[2] = rig_import(SCENARIO("", PICKY(2, "")));
	for (size_t i = 0; i < 90; i++)
		CHECK_OK(rig_order(
			each[i % 3], i, i < 6 ? "{\"bad\":true}" : "{}"));
	AWAIT(atomic_load(&rig.answered) == 90);
	AWAIT(told_now() == 0);
	runner_stats(rig.runner, &stats);
	CHECK_INT(stats.waiting, 0);
	for (size_t i = 0; i < COUNT_OF(each); i++)
		scenario_unref(each[i]);
	rig_end();
}

TEST(runner_front, scenario_that_is_gone_is_not_told)
{
	const struct scenario *scenario;

	rig_begin();
	scenario = rig_import(
		SCENARIO("\"dlq\":true", SET(2, "x") "," PICKY(3, "")));
	CHECK_OK(rig_order(scenario, 0, "{\"bad\":true}"));
	check_told(scenario, 0, 1, 0);
	CHECK_OK(scenarios_remove(rig.scenarios, 1, scenario->id));
	runner_note_change(rig.runner, scenario, NULL);
	CHECK_INT(told_now(), 0);
	rig_restart();
	CHECK_INT(told_now(), 0);
	scenario_unref(scenario);
	rig_end();
}
