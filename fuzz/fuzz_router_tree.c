#include "api/media_type.h"
#include "api/router_tree.h"

/* Paths and Accept headers: any bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct route routes[] = {
		{.method = "GET", .path = "/a"},
		{.method = "GET", .path = "/a/{x}"},
		{.method = "GET", .path = "/a/{x}/b/{y}"},
		{.method = "GET", .path = "/a/b/{y}"},
	};
	CLEANUP(arena_release) struct arena arena = {0};
	struct route_node root = {0};
	struct str parameters[ROUTE_PARAMETERS_MAX];
	struct str text = str_make((const char *)data, size);

	for (size_t i = 0; i < COUNT_OF(routes); i++)
		route_node_add(&root, &arena, &routes[i]);
	route_node_find(&root, text, &arena, parameters);
	media_type_accepts_json(text);
	return 0;
}
