#pragma once
#include "pipeline/audit.h"

/* A user's change of a webhook as an entry of the audit log. */
struct webhook;

/**
 * From `former` (NULL: it is new) to `next` (NULL: it goes), secrets masked;
 * NULL when nobody acts.
 */
struct announced *webhook_audit_new(
	const struct webhook *former, const struct webhook *next);
