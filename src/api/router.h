#pragma once
#include "api/api.h"

/*
 * Finds the row of the route tables that a request's path and method belong
 * to and does all that is the same for every row: credentials and role,
 * Accept, content type, the body's limit, JSON's grammar. What is wrong is
 * answered in the dialect's shape before a handler runs; all but the body
 * itself before the body is read.
 *
 * The tables become a tree of path segments when the router is made, so a
 * look-up costs as many steps as the path has segments. A written segment wins
 * over a {}; segments are compared after percent-decoding; an empty segment
 * matches nothing.
 */
struct api_router;

struct route_table {
	const struct route *routes;
	size_t count;
};

/* Tables of this folder; API_COM and API_NATIVE are in route.h. */
extern const struct route api_oauth_routes[];
extern const size_t api_oauth_route_count;
extern const struct route api_operations_routes[];
extern const size_t api_operations_route_count;

/**
 * All tables of this folder joined (routes.c). `api` is borrowed; a route
 * given twice is a bug and aborts.
 */
struct api_router *api_router_new(struct api *api);

/** The same over these tables alone, for tests. */
struct api_router *api_router_new_of(
	struct api *api, const struct route_table *tables, size_t count);
void api_router_free(struct api_router *router);

/* For struct http_server_options, with the router as `context`. */
void api_router_admit(void *router, struct http_call *call);
void api_router_handle(void *router, struct http_call *call);
void api_router_refuse(
	void *router, struct http_call *call, int status, struct str reason);
