#pragma once
#include "api/route.h"

/*
 * The tree of path segments behind the router: which routes a path has.
 * Immutable once built; any thread may look into it.
 */
enum { ROUTE_SEGMENTS_MAX = 12, ROUTE_METHODS_MAX = 6 };

struct route_node {
	struct str segment;	     /* as written in the table */
	struct route_node *children; /* written segments */
	struct route_node *sibling;
	struct route_node *parameter; /* {} */
	const struct route *routes[ROUTE_METHODS_MAX];
	size_t route_count;
};

/** Aborts when the row is wrong or there already. */
void route_node_add(struct route_node *root, struct arena *arena,
	const struct route *route);

/**
 * The node with routes for a raw path, or NULL; its parameters, decoded, in
 * `parameters`. What is decoded is in `arena`.
 */
const struct route_node *route_node_find(const struct route_node *root,
	struct str path, struct arena *arena,
	struct str parameters[ROUTE_PARAMETERS_MAX]);

/** The row for a method (HEAD is GET), or NULL. */
const struct route *route_node_method(
	const struct route_node *node, struct str method);

/** "GET, HEAD, PATCH, OPTIONS". */
struct str route_node_allow(const struct route_node *node, struct arena *arena);
