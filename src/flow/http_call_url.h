#pragma once
#include "flow/http_call.h"

/**
 * The address that a call asks first: put right, behind the connection's
 * baseUrl if it begins with a slash, with its query.
 */
struct str http_call_url(
	const struct module_call *call, const struct http_call *http);
