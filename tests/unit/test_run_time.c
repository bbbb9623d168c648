#include "base/clock.h"
#include "run_world.h"

/* How long runs and their steps may take. */

TEST(run_time, run_whose_time_is_over_calls_nothing_more)
{
	run_world_begin();
	run_world.run_timeout = 1;
	run_world_run("{\"name\":\"n\",\"flow\":[{\"id\":1,\"module\":"
		      "\"gateway:CustomWebHook\"},{\"id\":2,\"module\":"
		      "\"util:SetVariable2\",\"mapper\":"
		      "{\"name\":\"v\",\"value\":\"1\"}}]}",
		"{}");
	CHECK_INT(run_world.outcome.state, EXECUTION_ERROR);
	CHECK_INT(run_world.outcome.failure.kind, FAILURE_SCENARIO_TIMEOUT);
	CHECK_INT(run_world.outcome.step_count, 0);
	run_world_end();
}

TEST(run_time, step_that_takes_longer_than_it_may_is_ended)
{
	struct str told;

	run_world_begin();
	run_world_open_way_out();
	run_world_connect("c", "command", "{\"programs\":[\"/bin/sleep\"]}");
	run_world.step_timeout = SECONDS / 20;
	told = run_world_call("command:Run", "{\"connection\":\"c\"}",
		"{\"program\":\"/bin/sleep\",\"arguments\":[\"600\"]}", "{}");
	CHECK(str_starts_with(told, STR("ModuleTimeoutError: ")));
	run_world_end();
}
