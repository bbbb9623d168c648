#pragma once
#include "api/route.h"

/*
 * Connections of scenarios (flow/connection.h) in the hub's own dialect.
 * Secrets are taken and never told: they read "***", which in a patch leaves
 * them as they are.
 *
 *   GET, POST           /v1/connections
 *   GET, PATCH, DELETE  /v1/connections/{id}
 */
enum { CONNECTIONS_MAX = 1000 }; /* in a workspace */

extern const struct route api_connection_routes[];
extern const size_t api_connection_route_count;
