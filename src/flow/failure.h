#pragma once
#include "rule/value.h"

/*
 * How a step of a scenario can fail. The names are those that blueprints know
 * ({{N.error.type}}); the table in failure.c says of each whether the run is
 * kept as incomplete and whether it is tried again by itself (Make's tables
 * of automatic retries).
 */
enum failure_kind {
	FAILURE_NONE,
	FAILURE_DATA,		   /* "DataError" */
	FAILURE_BUNDLE_VALIDATION, /* "BundleValidationError" */
	FAILURE_DUPLICATE_DATA,
	FAILURE_INCOMPLETE_DATA,
	FAILURE_INCONSISTENCY,
	FAILURE_RATE_LIMIT,
	FAILURE_OUT_OF_SPACE,
	FAILURE_CONNECTION,
	FAILURE_CONFIGURATION, /* "InvalidConfigurationError" */
	FAILURE_ACCESS_TOKEN,  /* "InvalidAccessTokenError" */
	FAILURE_UNEXPECTED,
	FAILURE_MAX_RESULTS,
	FAILURE_MAX_FILE_SIZE,
	FAILURE_MODULE_TIMEOUT,
	FAILURE_SCENARIO_TIMEOUT,
	FAILURE_OPERATIONS_LIMIT,
	FAILURE_DATA_SIZE_LIMIT,
	FAILURE_INTERRUPTED, /* "ExecutionInterruptedError": a stop; resumed */
	FAILURE_RUNTIME,
	FAILURE_UNKNOWN,
	FAILURE_COUNT,
};

/** What a failed step tells: `{{N.error.type|message|detail}}`. */
struct failure {
	enum failure_kind kind;
	struct str message; /* one sentence, in the step's arena */
	struct value detail;
	int64_t retry_after; /* microseconds the service asked for; 0: none */
};

/** "DataError", … */
const char *failure_name(enum failure_kind kind);

/** FAILURE_UNKNOWN for a name that is none. */
enum failure_kind failure_parse(struct str name);

/** Whether a scenario with `dlq` keeps the run as an incomplete execution. */
bool failure_is_kept(enum failure_kind kind);

/** Whether such a run is then tried again by itself. */
bool failure_is_retried(enum failure_kind kind);

/** Fills `failure` with a printed sentence and returns `kind`. */
enum failure_kind failure_set(struct failure *failure, struct arena *arena,
	enum failure_kind kind, const char *format, ...) PRINTF_LIKE(4, 5);
