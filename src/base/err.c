#include "base/err.h"

const char *
err_name(enum err err)
{
	static const char *const names[] = {
		[ERR_OK] = "OK",
		[ERR_INVALID] = "INVALID",
		[ERR_NOT_FOUND] = "NOT_FOUND",
		[ERR_CONFLICT] = "CONFLICT",
		[ERR_DENIED] = "DENIED",
		[ERR_LIMIT] = "LIMIT",
		[ERR_BUSY] = "BUSY",
		[ERR_TIMEOUT] = "TIMEOUT",
		[ERR_IO] = "IO",
	};

	return (unsigned)err < COUNT_OF(names) ? names[err] : "UNKNOWN";
}
