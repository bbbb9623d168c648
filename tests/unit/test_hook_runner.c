#include <stdatomic.h>

#include "check.h"
#include "hook_world.h"

/* Hooks and the real runner: from the request to the scenario's answer. */

#define JSON "Content-Type: application/json"

static const struct hook *
hook_of(struct str scenario)
{
	return hook_world_hook(arena_printf(
		&hook_world.arena, "\"scenarioId\":\"%.*s\"", STR_ARG(scenario))
				       .ptr);
}

static size_t
executions(struct str scenario)
{
	struct execution_query query = {
		.workspace = 1, .scenario = scenario, .limit = 10};
	struct execution_list list;

	CHECK_OK(store_executions(
		hook_world.store, &query, &hook_world.arena, &list));
	return list.count;
}

TEST(hook_runner, a_scenario_answers_what_it_was_sent)
{
	struct str scenario;
	const struct hook *hook;

	hook_world_open();
	scenario = hook_world_scenario(true, true);
	hook_world_start_runner();
	hook = hook_of(scenario);
	hook_world_send(hook, "POST", JSON, "{\"a\":\"it\"}");
	sem_wait(&hook_world.has_answered);
	CHECK_INT(hook_world.answer.status, 201);
	CHECK_STR(hook_world.answer.body, STR("got it"));
	CHECK_INT(executions(scenario), 1);
	hook_unref(hook);
	hook_world_close();
}

TEST(hook_runner, without_a_response_it_is_accepted_once_it_is_stored)
{
	struct str scenario;
	const struct hook *hook;

	hook_world_open();
	scenario = hook_world_scenario(false, true);
	hook_world_start_runner();
	hook = hook_of(scenario);
	hook_world_send(hook, "POST", JSON, "{\"a\":\"it\"}");
	sem_wait(&hook_world.has_answered);
	CHECK_INT(hook_world.answer.status, 200);
	CHECK_STR(hook_world.answer.body, STR("Accepted"));
	CHECK_INT(executions(scenario), 1);
	hook_unref(hook);
	hook_world_close();
}

static atomic_ullong shown;

static void
came(struct runner_once *once, uint64_t execution)
{
	(void)once;
	atomic_store(&shown, execution);
}

static enum err
expect_one(struct uuid id)
{
	static struct runner_once once = {.deadline = INT64_MAX, .came = came};
	const struct scenario *scenario =
		scenarios_get(hook_world.scenarios, 1, id);
	enum err err = runner_once(hook_world.runner, scenario, &once);

	scenario_unref(scenario);
	return err;
}

TEST(hook_runner, a_disabled_scenario_takes_the_one_it_expects)
{
	static const int statuses[] = {410, 201, 410};
	struct str scenario;
	const struct hook *hook;

	hook_world_open();
	scenario = hook_world_scenario(true, false);
	hook_world_start_runner();
	hook = hook_of(scenario);
	for (size_t i = 0; i < COUNT_OF(statuses); i++) {
		if (i == 1)
			CHECK_OK(expect_one(hook->options.scenario));
		hook_world_send(hook, "POST", JSON, "{\"a\":1}");
		sem_wait(&hook_world.has_answered);
		CHECK_INT(hook_world.answer.status, statuses[i]);
	}
	CHECK_INT(executions(scenario), 1);
	CHECK_INT(atomic_load(&shown), 1);
	hook_unref(hook);
	hook_world_close();
}
