#pragma once
#include "api/route.h"

/*
 * GET /v1/audit-log: the entries that pipeline/audit.h wrote, newest first, in
 * pages; `from`, `to`, `category`, `who` (a key's id or name), `limit`,
 * `cursor`.
 */
void audit_log_list(struct api_call *call);
