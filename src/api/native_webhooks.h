#pragma once
#include "api/route.h"
#include "base/json_out.h"

/*
 * Webhooks in the hub's own dialect (docs/api.md). It reaches the webhooks of
 * every dialect; those made here are not seen in COM's.
 *
 *   GET, POST            /v1/webhooks
 *   GET, PATCH, DELETE   /v1/webhooks/{id}
 *   GET                  /v1/webhooks/{id}/log            what changed it
 *   GET                  /v1/webhooks/{id}/secret         once
 *   POST                 /v1/webhooks/{id}/secret/rotate  {"overlap":"24h"}
 *   POST                 /v1/webhooks/{id}/test           a synthetic event
 *   GET                  /v1/webhooks/{id}/deliveries     recent attempts
 *   GET                  /v1/webhooks/{id}/deliveries/{attempt}
 *   POST                 /v1/deliveries/{id}/retry        id: webhook-id
 */
struct attempt_view;
struct webhook;

#define NATIVE_WEBHOOKS_URI "/v1/webhooks"

/** Writes the resource; headers and secrets are never in it. */
void native_webhook_write(struct json_out *out, const struct webhook *webhook);

/**
 * Writes an attempt: `id` is its own, as in COM's dialect, `deliveryId` that
 * of the delivery it belongs to, which webhook-id said.
 */
void native_delivery_write(struct json_out *out, struct uuid webhook,
	const struct attempt_view *view);

extern const struct route api_webhook_routes[];
extern const size_t api_webhook_route_count;
