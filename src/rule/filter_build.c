#include "rule/filter_build.h"

enum { NODES, CHILDREN, PATHS, SEGMENTS, LITERALS, LAMBDAS };

void
filter_build_init(
	struct filter_build *build, struct arena *work, struct arena *arena)
{
	*build = (struct filter_build){.work = work, .arena = arena};
}

void
filter_build_release(struct filter_build *build)
{
	map_release(&build->paths);
}

/**
 * Room for one more behind `count` elements. What is outgrown stays in the
 * working arena, which lives only as long as the compilation.
 */
static void *
grow(struct filter_build *build, int array, void *old, size_t count,
	size_t size)
{
	size_t *cap = &build->caps[array];
	void *grown;

	if (count < *cap)
		return old;
	*cap = *cap ? *cap * 2 : 16;
	grown = arena_alloc_array(build->work, *cap, size);
	if (count)
		memcpy(grown, old, count * size);
	return grown;
}

uint32_t
filter_build_node(struct filter_build *build, enum filter_kind kind, int op,
	uint32_t first)
{
	uint32_t at = build->filter.node_count++;

	build->nodes =
		grow(build, NODES, build->nodes, at, sizeof(*build->nodes));
	build->nodes[at] = (struct filter_node){
		.kind = (uint8_t)kind, .op = (uint8_t)op, .first = first};
	return at;
}

static void
add_child(struct filter_build *build, uint32_t child)
{
	uint32_t at = build->filter.child_count++;

	build->children = grow(
		build, CHILDREN, build->children, at, sizeof(*build->children));
	build->children[at] = child;
}

uint32_t
filter_build_parent(struct filter_build *build, enum filter_kind kind, int op,
	const uint32_t *children, size_t count)
{
	uint32_t node =
		filter_build_node(build, kind, op, build->filter.child_count);

	for (size_t i = 0; i < count; i++)
		add_child(build, children[i]);
	build->nodes[node].count = (uint16_t)count;
	return node;
}

uint32_t
filter_build_literal(struct filter_build *build, struct filter_value value)
{
	uint32_t at = build->filter.literal_count++;

	build->literals = grow(
		build, LITERALS, build->literals, at, sizeof(*build->literals));
	build->literals[at] = value;
	return filter_build_node(build, FILTER_LITERAL, 0, at);
}

/** Root, slot and every segment with its length: equal only when equal. */
static struct str
path_key(struct filter_build *build, const struct filter_path *path,
	const struct str *segments)
{
	size_t len = 2;
	char *key, *at;

	for (size_t i = 0; i < path->count; i++)
		len += sizeof(segments[i].len) + segments[i].len;
	key = at = arena_alloc_raw(build->work, len);
	*at++ = (char)path->root;
	*at++ = (char)path->slot;
	for (size_t i = 0; i < path->count; i++) {
		memcpy(at, &segments[i].len, sizeof(segments[i].len));
		at += sizeof(segments[i].len);
		if (segments[i].len)
			memcpy(at, segments[i].ptr, segments[i].len);
		at += segments[i].len;
	}
	return str_make(key, len);
}

uint32_t
filter_build_path(struct filter_build *build, enum filter_root root,
	uint8_t slot, const struct str *segments, size_t count)
{
	struct filter_path path = {.root = (uint8_t)root,
		.slot = slot,
		.count = (uint16_t)count,
		.first = build->filter.segment_count};
	struct str key = path_key(build, &path, segments);
	const uint32_t *known = map_get(&build->paths, key);
	uint32_t *at;

	if (known != NULL)
		return *known;
	at = ARENA_NEW(build->work, uint32_t);
	*at = build->filter.path_count++;
	map_put(&build->paths, key, at);
	build->path_rows = grow(
		build, PATHS, build->path_rows, *at, sizeof(*build->path_rows));
	build->path_rows[*at] = path;
	for (size_t i = 0; i < count; i++) {
		uint32_t end = build->filter.segment_count++;

		build->segments = grow(build, SEGMENTS, build->segments, end,
			sizeof(*build->segments));
		build->segments[end] = segments[i];
	}
	return *at;
}

uint32_t
filter_build_lambda(struct filter_build *build, struct filter_lambda lambda)
{
	uint32_t at = build->filter.lambda_count++;

	build->lambdas = grow(
		build, LAMBDAS, build->lambdas, at, sizeof(*build->lambdas));
	build->lambdas[at] = lambda;
	return filter_build_node(build, FILTER_LAMBDA, 0, at);
}

static void *
keep(struct arena *arena, const void *from, size_t count, size_t size)
{
	void *kept = arena_alloc_raw(arena, count ? count * size : 1);

	if (count)
		memcpy(kept, from, count * size);
	return kept;
}

/** Texts are copied; a fraction points into its literal's text. */
static void
keep_literal(struct arena *arena, struct filter_value *value)
{
	struct str old = value->text;

	if (old.ptr == NULL)
		return;
	value->text = arena_copy(arena, old);
	if (value->kind == FILTER_VALUE_TIMESTAMP &&
		value->as.instant.fraction.len)
		value->as.instant.fraction.ptr =
			value->text.ptr +
			(value->as.instant.fraction.ptr - old.ptr);
}

const struct filter *
filter_build_finish(struct filter_build *build, uint32_t root)
{
	struct arena *arena = build->arena;
	struct filter *f = ARENA_NEW(arena, struct filter);
	struct filter_value *literals;
	struct filter_lambda *lambdas;
	struct str *segments;

	*f = build->filter;
	f->root = root;
	f->nodes =
		keep(arena, build->nodes, f->node_count, sizeof(*build->nodes));
	f->children = keep(arena, build->children, f->child_count,
		sizeof(*build->children));
	f->paths = keep(arena, build->path_rows, f->path_count,
		sizeof(*build->path_rows));
	f->segments = segments = keep(arena, build->segments, f->segment_count,
		sizeof(*build->segments));
	for (size_t i = 0; i < f->segment_count; i++)
		segments[i] = arena_copy(arena, segments[i]);
	f->literals = literals = keep(arena, build->literals, f->literal_count,
		sizeof(*build->literals));
	for (size_t i = 0; i < f->literal_count; i++)
		keep_literal(arena, &literals[i]);
	f->lambdas = lambdas = keep(arena, build->lambdas, f->lambda_count,
		sizeof(*build->lambdas));
	for (size_t i = 0; i < f->lambda_count; i++)
		lambdas[i].variable = arena_copy(arena, lambdas[i].variable);
	filter_types_find(f, arena);
	return f;
}
