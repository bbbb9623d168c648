#pragma once
#include "flow/http_call.h"

/* What the two generations of HTTP modules share. Internal to app_http*.c. */

/** seconds of a field within 1 to 300, else 40. */
int64_t app_http_timeout(struct value input);

/** The method in capitals; FAILURE_DATA unless it is one that is known. */
enum failure_kind app_http_method(const struct module_call *call,
	struct str name, struct str *ret, struct failure *failure);

/**
 * With `fails` a status of 400 and above is the failure that it means;
 * `has_token`: of a service with OAuth, where 401 and 403 speak of the token.
 */
enum failure_kind app_http_judge(const struct module_call *call,
	const struct http_call_answer *answer, bool fails, bool has_token,
	struct failure *failure);

/** `cookieHeaders` and `cookies`, unless there are none. */
void app_http_put_cookies(const struct module_call *call,
	const struct http_call_answer *answer, struct value_builder *bundle);
