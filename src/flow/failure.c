#include "flow/failure.h"

#include <assert.h>
#include <stdarg.h>

enum after { FAILS, KEPT, RETRIED };

static const struct row {
	const char *name;
	enum after after;
} rows[] = {
	[FAILURE_NONE] = {"", FAILS},
	[FAILURE_DATA] = {"DataError", KEPT},
	[FAILURE_BUNDLE_VALIDATION] = {"BundleValidationError", KEPT},
	[FAILURE_DUPLICATE_DATA] = {"DuplicateDataError", KEPT},
	[FAILURE_INCOMPLETE_DATA] = {"IncompleteDataError", KEPT},
	[FAILURE_INCONSISTENCY] = {"InconsistencyError", FAILS},
	[FAILURE_RATE_LIMIT] = {"RateLimitError", RETRIED},
	[FAILURE_OUT_OF_SPACE] = {"OutOfSpaceError", RETRIED},
	[FAILURE_CONNECTION] = {"ConnectionError", RETRIED},
	[FAILURE_CONFIGURATION] = {"InvalidConfigurationError", KEPT},
	[FAILURE_ACCESS_TOKEN] = {"InvalidAccessTokenError", KEPT},
	[FAILURE_UNEXPECTED] = {"UnexpectedError", KEPT},
	[FAILURE_MAX_RESULTS] = {"MaxResultsExceededError", KEPT},
	[FAILURE_MAX_FILE_SIZE] = {"MaxFileSizeExceededError", KEPT},
	[FAILURE_MODULE_TIMEOUT] = {"ModuleTimeoutError", RETRIED},
	[FAILURE_SCENARIO_TIMEOUT] = {"ScenarioTimeoutError", FAILS},
	[FAILURE_OPERATIONS_LIMIT] = {"OperationsLimitExceededError", FAILS},
	[FAILURE_DATA_SIZE_LIMIT] = {"DataSizeLimitExceededError", FAILS},
	[FAILURE_INTERRUPTED] = {"ExecutionInterruptedError", FAILS},
	[FAILURE_RUNTIME] = {"RuntimeError", FAILS},
	[FAILURE_UNKNOWN] = {"UnknownError", FAILS},
};
_Static_assert(COUNT_OF(rows) == FAILURE_COUNT, "every kind has its row");

static const struct row *
row_of(enum failure_kind kind)
{
	assert((size_t)kind < COUNT_OF(rows));
	return &rows[kind];
}

const char *
failure_name(enum failure_kind kind)
{
	return row_of(kind)->name;
}

enum failure_kind
failure_parse(struct str name)
{
	for (size_t i = FAILURE_NONE + 1; i < COUNT_OF(rows); i++) {
		if (str_equal(name, str_of(rows[i].name)))
			return (enum failure_kind)i;
	}
	return FAILURE_UNKNOWN;
}

bool
failure_is_kept(enum failure_kind kind)
{
	return row_of(kind)->after != FAILS;
}

bool
failure_is_retried(enum failure_kind kind)
{
	return row_of(kind)->after == RETRIED;
}

enum { MESSAGE_MAX = 4096 };

enum failure_kind
failure_set(struct failure *failure, struct arena *arena,
	enum failure_kind kind, const char *format, ...)
{
	CLEANUP(buf_release) struct buf text = buf_make(MESSAGE_MAX);
	va_list arguments;

	va_start(arguments, format);
	if (buf_vprintf(&text, format, arguments))
		buf_append(&text, STR("the message is too long"));
	va_end(arguments);
	*failure = (struct failure){.kind = kind,
		.message = arena_copy(arena, buf_str(&text)),
		.detail = value_empty()};
	return kind;
}
