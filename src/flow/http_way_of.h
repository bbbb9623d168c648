#pragma once
#include "flow/http_call.h"
#include "net/http_way.h"

/**
 * The way of a call: what its connection says of TLS (`ca`, `certificate`,
 * `privateKey`) and of a proxy (`proxyUrl`, `proxyUsername`, `proxyPassword`;
 * those of the connection that parameters.proxyKeychain names come first),
 * and the call's own `ca`. *ret_is_needed is false when there is nothing of
 * all that. FAILURE_CONFIGURATION when something of it cannot be used, or the
 * call needs a certificate and there is none.
 */
enum failure_kind http_way_of(const struct module_call *call,
	const struct http_call *http, struct http_way *ret, bool *ret_is_needed,
	struct failure *failure);

/** What of the way another origin gets: the proxy. */
struct http_way http_way_elsewhere(const struct http_way *way);
