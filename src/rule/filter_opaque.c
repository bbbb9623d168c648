#include "rule/filter_opaque.h"

#include <assert.h>

#include "base/mem.h"
#include "rule/filter_parse.h"

/* The filter, and in front of it the arena that it lies in. */
struct opaque {
	struct arena arena;
	struct filter filter;
};

void
filter_opaque_print(const struct filter *filter, uint32_t node, struct buf *out)
{
	struct filter part = *filter;

	part.root = node;
	filter_print(&part, out);
}

const struct filter *
filter_opaque_new(const struct filter *filter, uint32_t node)
{
	struct opaque *opaque = MEM_NEW(struct opaque);
	CLEANUP(arena_release) struct arena work = {0};
	CLEANUP(buf_release) struct buf text = {0};
	struct filter_parser parser = {0};
	uint32_t root;

	filter_opaque_print(filter, node, &text);
	parser.lexer.text = buf_str(&text);
	filter_build_init(&parser.build, &work, &opaque->arena);
	root = filter_parse(&parser);
	/* What is printed parses: the property that filter_print() has. */
	assert(root != FILTER_NONE);
	opaque->filter = *filter_build_finish(&parser.build, root);
	filter_build_release(&parser.build);
	return &opaque->filter;
}

void
filter_opaque_free(const struct filter *filter)
{
	struct opaque *opaque =
		(struct opaque *)(void *)((uintptr_t)filter -
					  offsetof(struct opaque, filter));

	arena_release(&opaque->arena);
	mem_free(opaque);
}

bool
filter_opaque_is_bare(const struct filter *filter)
{
	for (uint32_t i = 0; i < filter->path_count; i++) {
		if (filter->paths[i].root == FILTER_ROOT_BARE &&
			filter->paths[i].count)
			return true;
	}
	return false;
}
