#pragma once
#include "rule/webhook_options.h"

/*
 * The option `auth`: how the hub proves itself to the endpoint (private to
 * webhook_options.c). What each type needs is one table.
 */
void webhook_auth_read(struct json value, struct webhook_auth *auth,
	struct webhook_issues *issues);
void webhook_auth_write(const struct webhook_auth *auth, struct json_out *out);
struct webhook_auth webhook_auth_copy(
	const struct webhook_auth *auth, struct arena *arena);
