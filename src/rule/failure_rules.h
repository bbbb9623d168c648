#pragma once

/*
 * By which rules a webhook's failures are judged: what is tried again
 * (rule/retry.h) and what becomes of the webhook (rule/health.h). A table
 * each, and the rows are chosen by the webhook's option `failures`.
 */
enum failure_rules {
	FAILURES_STANDARD,  /* COM's: tried for long, 10 in a row disable */
	FAILURES_GREENLAKE, /* docs/compat-greenlake.md: some answers disable
			       at once */
};
