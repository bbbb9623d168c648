#pragma once
#include "api/gl_limits.h"
#include "api/route.h"
#include "pipeline/webhooks.h"

/*
 * The HTTP face of a running hub: server, router, credentials. What the
 * handlers work on hangs off `struct api`.
 */
struct hub;	   /* pipeline/hub.h */
struct keys;	   /* api/keys.h */
struct desk;	   /* base/desk.h */
struct flow;	   /* flow/flow.h */
struct hooks;	   /* flow/hooks.h */
struct api_router; /* api/router.h */

struct api {
	struct hub *hub;	   /* the running pipeline */
	struct webhooks *webhooks; /* the hub's */
	struct store *store;	   /* the hub's */
	struct writer *writer;	   /* the hub's */
	struct keys *keys;
	struct desk *desk;
	struct flow *flow;   /* what runs scenarios */
	struct hooks *hooks; /* NULL: there are no scenarios here */
	/* NULL until it listens, and requests may come before it is set. */
	struct http_server *_Atomic server;
	struct api_router *router;
	int64_t started; /* monotonic, for the uptime */
	/* Calls refused for their credentials, and for their role. */
	_Atomic uint64_t unauthorized;
	_Atomic uint64_t forbidden;
	bool are_metrics_public;
	size_t body_max;
	size_t bulk_body_max;
	struct gl_limits greenlake;
	size_t gl_batch_max; /* deliveries that one of its batches may hold */
};
