#pragma once
#include "api/route.h"

/*
 * Allow-lists (pipeline/allow_lists.h) in the hub's own dialect.
 *
 *   GET, POST           /v1/allow-lists
 *   GET, PATCH, DELETE  /v1/allow-lists/{name}
 */
extern const struct route api_allow_list_routes[];
extern const size_t api_allow_list_route_count;
