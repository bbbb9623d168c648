#pragma once
#include "api/route.h"

/*
 * The five operations of COM's webhooks (docs/compat-com.md), as handlers for
 * the route table, and the resource as it is shown. The hub's own dialect has
 * them too: what differs follows from the route's dialect.
 */
struct json_out; /* base/json_out.h */
struct webhook;	 /* pipeline/webhooks.h */

/**
 * Writes the resource: the members of the reference in its order. Headers and
 * secrets are never among them.
 */
void com_webhook_write(struct json_out *out, const struct webhook *webhook);

void com_webhooks_list(struct api_call *call);	 /* GET /webhooks */
void com_webhooks_create(struct api_call *call); /* POST; blocks */
void com_webhooks_get(struct api_call *call);	 /* GET /webhooks/{id} */
void com_webhooks_patch(struct api_call *call);	 /* PATCH; blocks */
void com_webhooks_delete(struct api_call *call); /* DELETE; blocks */
