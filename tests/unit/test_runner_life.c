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
