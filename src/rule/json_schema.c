#include "rule/json_schema_compile.h"

/* ---- what is wrong ---- */

void
schema_fail(
	struct schema_compiler *compiler, enum err err, const char *expected)
{
	if (compiler->err)
		return;
	compiler->err = err;
	if (compiler->why == NULL)
		return;
	if (compiler->path.len > 0)
		buf_printf(compiler->why, "%s: ", buf_text(&compiler->path));
	buf_append(compiler->why, str_of(expected));
}

size_t
schema_enter(struct schema_compiler *compiler, struct str name)
{
	size_t len = compiler->path.len;

	buf_printf(&compiler->path, "%s%.*s", len ? "/" : "",
		STR_ARG(str_head(name, 80)));
	return len;
}

void
schema_leave(struct schema_compiler *compiler, size_t len)
{
	/* Of a path too long to be told the beginning is kept. */
	buf_truncate(&compiler->path, len);
	compiler->path.overflown = false;
}

/* ---- putting it together ---- */

static struct json_schema *
make_node(struct schema_compiler *compiler, struct json schema)
{
	static const struct schema_range any = {0, UINT64_MAX};
	struct json_schema *node =
		ARENA_NEW(compiler->arena, struct json_schema);

	node->length = node->items = node->members = any;
	node->is_nothing = json_kind(schema) == JSON_FALSE;
	compiler->nodes[schema.index] = node;
	return node;
}

const struct json_schema *
schema_compile(struct schema_compiler *compiler, struct json schema)
{
	struct json_schema *node;
	enum json_kind kind = json_kind(schema);

	if (compiler->err)
		return NULL;
	if (compiler->nodes[schema.index])
		return compiler->nodes[schema.index];
	if (kind != JSON_OBJECT && kind != JSON_TRUE && kind != JSON_FALSE) {
		schema_fail(compiler, ERR_INVALID,
			"expected a schema: an object, true or false");
		return NULL;
	}
	if (++compiler->count > JSON_SCHEMA_NODES_MAX ||
		compiler->depth == JSON_SCHEMA_DEPTH_MAX) {
		schema_fail(compiler, ERR_LIMIT,
			"too many schemas within the schema, or too deep");
		return NULL;
	}
	node = make_node(compiler, schema);
	compiler->depth++;
	schema_read_keywords(compiler, node, schema);
	compiler->depth--;
	return node;
}

/** Which standard it says it follows; those that mean other things. */
static void
check_dialect(struct schema_compiler *compiler, struct json root)
{
	struct json member = json_member(root, STR("$schema"));
	struct str text = json_raw_string(member);
	static const struct str known[] = {
		STR_INIT("draft-06/schema"),
		STR_INIT("draft-07/schema"),
		STR_INIT("draft/2019-09/schema"),
		STR_INIT("draft/2020-12/schema"),
	};

	if (json_is_missing(member))
		return;
	if (str_ends_with(text, STR("#")))
		text.len--;
	for (size_t i = 0; i < COUNT_OF(known); i++) {
		if (str_ends_with(text, known[i]))
			return;
	}
	schema_enter(compiler, STR("$schema"));
	schema_fail(compiler, ERR_INVALID,
		"expected draft-06, draft-07, 2019-09 or 2020-12 of JSON "
		"Schema");
}

enum err
json_schema_compile(struct str text, struct arena *arena,
	const struct json_schema **ret, struct buf *why)
{
	CLEANUP(arena_release) struct arena work = {0};
	struct schema_compiler compiler = {.arena = arena,
		.doc = ARENA_NEW(arena, struct json_doc),
		.path = buf_make(JSON_SCHEMA_PATH_MAX),
		.why = why};
	const struct json_schema *node = NULL;
	enum err err;

	if (text.len > JSON_SCHEMA_TEXT_MAX) {
		schema_fail(&compiler, ERR_LIMIT, "longer than 256 KiB");
		return ERR_LIMIT;
	}
	err = json_read(arena_copy(arena, text), arena, compiler.doc, why);
	if (err)
		return err;
	compiler.nodes = arena_alloc_array(
		&work, compiler.doc->count, sizeof(struct json_schema *));
	check_dialect(&compiler, json_root(compiler.doc));
	node = schema_compile(&compiler, json_root(compiler.doc));
	buf_release(&compiler.path);
	if (!compiler.err)
		*ret = node;
	return compiler.err;
}
