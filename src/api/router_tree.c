#include "api/router_tree.h"

#include <assert.h>

#include "base/encode.h"

static bool
is_parameter(struct str segment)
{
	return str_starts_with(segment, STR("{")) &&
	       str_ends_with(segment, STR("}"));
}

static struct route_node *
find_child(const struct route_node *node, struct str segment)
{
	struct route_node *child = node->children;

	while (child && !str_equal(child->segment, segment))
		child = child->sibling;
	return child;
}

static struct route_node *
step(struct route_node *node, struct arena *arena, struct str segment)
{
	struct route_node *child;

	if (is_parameter(segment)) {
		if (node->parameter == NULL)
			node->parameter = ARENA_NEW(arena, struct route_node);
		return node->parameter;
	}
	child = find_child(node, segment);
	if (child)
		return child;
	child = ARENA_NEW(arena, struct route_node);
	child->segment = segment;
	child->sibling = node->children;
	node->children = child;
	return child;
}

void
route_node_add(
	struct route_node *root, struct arena *arena, const struct route *route)
{
	struct str rest = str_of(route->path);
	struct route_node *node = root;
	size_t parameters = 0, depth = 0;

	assert(str_starts_with(rest, STR("/")));
	rest = str_skip(rest, 1);
	while (rest.ptr != NULL) {
		struct str segment = str_split(&rest, '/');

		assert(segment.len > 0);
		parameters += is_parameter(segment);
		node = step(node, arena, segment);
		depth++;
	}
	assert(parameters <= ROUTE_PARAMETERS_MAX);
	assert(depth <= ROUTE_SEGMENTS_MAX);
	assert(node->route_count < ROUTE_METHODS_MAX);
	for (size_t i = 0; i < node->route_count; i++)
		assert(strcmp(node->routes[i]->method, route->method));
	node->routes[node->route_count++] = route;
}

/** A path's decoded segments. */
struct path {
	struct str segments[ROUTE_SEGMENTS_MAX];
	size_t count;
};

static bool
split_path(struct str rest, struct arena *arena, struct path *path)
{
	if (!str_starts_with(rest, STR("/")))
		return false;
	rest = str_skip(rest, 1);
	while (rest.ptr != NULL) {
		struct str segment = str_split(&rest, '/');

		if (segment.len == 0 || path->count == ROUTE_SEGMENTS_MAX)
			return false;
		if (encode_percent_read(segment, false, arena,
			    &path->segments[path->count++]))
			return false;
	}
	return true;
}

/** At most 2^parameters steps back: the tables have three at most. */
static const struct route_node *
find_from(const struct route_node *node, const struct path *path, size_t at,
	struct str *parameters)
{
	const struct route_node *found = NULL, *child;

	if (at == path->count)
		return node->route_count ? node : NULL;
	child = find_child(node, path->segments[at]);
	if (child)
		found = find_from(child, path, at + 1, parameters);
	if (found == NULL && node->parameter) {
		*parameters = path->segments[at];
		found = find_from(
			node->parameter, path, at + 1, parameters + 1);
	}
	return found;
}

const struct route_node *
route_node_find(const struct route_node *root, struct str path,
	struct arena *arena, struct str parameters[ROUTE_PARAMETERS_MAX])
{
	struct path segments = {.count = 0};

	if (!split_path(path, arena, &segments))
		return NULL;
	return find_from(root, &segments, 0, parameters);
}

const struct route *
route_node_method(const struct route_node *node, struct str method)
{
	if (str_equal(method, STR("HEAD")))
		method = STR("GET");
	for (size_t i = 0; i < node->route_count; i++)
		if (str_equal(str_of(node->routes[i]->method), method))
			return node->routes[i];
	return NULL;
}

struct str
route_node_allow(const struct route_node *node, struct arena *arena)
{
	CLEANUP(buf_release) struct buf text = buf_make(256);

	for (size_t i = 0; i < node->route_count; i++) {
		const char *method = node->routes[i]->method;

		if (strcmp(method, "OPTIONS") == 0)
			continue; /* always there, at the end */
		buf_printf(&text, "%s%s, ", method,
			strcmp(method, "GET") ? "" : ", HEAD");
	}
	buf_append(&text, STR("OPTIONS"));
	return arena_copy(arena, buf_str(&text));
}
