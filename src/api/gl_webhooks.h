#pragma once
#include "api/route.h"

/*
 * GreenLake's webhooks (docs/compat-greenlake.md), as handlers for the route
 * table, and the resource as it is shown.
 */
struct json_out; /* base/json_out.h */
struct webhook;	 /* pipeline/webhooks.h */

/**
 * Writes the members of the resource into the object that is open. Secrets
 * are never among them.
 */
void gl_webhook_write_members(struct json_out *out,
	const struct webhook *webhook, struct arena *arena);

void gl_webhooks_list(struct api_call *call);	/* GET /webhooks */
void gl_webhooks_create(struct api_call *call); /* POST; blocks */
void gl_webhooks_get(struct api_call *call);	/* GET /webhooks/{id} */
void gl_webhooks_patch(struct api_call *call);	/* PATCH; blocks */
void gl_webhooks_delete(struct api_call *call); /* DELETE; blocks */
/**
 * POST /webhooks/{id}/verify; blocks for the commit. Answered when the
 * handshake has ended.
 */
void gl_webhooks_verify(struct api_call *call);

extern const struct route api_gl_routes[];
extern const size_t api_gl_route_count;
