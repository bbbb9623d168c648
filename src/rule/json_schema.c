#include <stdio.h>

#include "rule/json_schema_node.h"

/* A schema while it is compiled: a node for each place that is one. */
struct compiler {
	struct json_doc *doc;
	struct arena *arena;
	struct json_schema **nodes; /* by index on the tape; NULL: not yet */
	size_t count;
	unsigned depth;
	struct buf path; /* of the keyword being read */
	struct buf *why;
	enum err err;
};

static const struct json_schema *compile(
	struct compiler *compiler, struct json schema);

/* ---- what is wrong ---- */

static void
fail(struct compiler *compiler, enum err err, const char *expected)
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

/** Goes a step down; what is returned is given to leave(). */
static size_t
enter(struct compiler *compiler, struct str name)
{
	size_t len = compiler->path.len;

	buf_printf(&compiler->path, "%s%.*s", len ? "/" : "",
		STR_ARG(str_head(name, 80)));
	return len;
}

static void
leave(struct compiler *compiler, size_t len)
{
	/* Of a path too long to be told the beginning is kept. */
	buf_truncate(&compiler->path, len);
	compiler->path.overflown = false;
}

/* ---- kinds of values that keywords have ---- */

static struct str
text_of(struct compiler *compiler, struct json string)
{
	return json_string(string, compiler->arena);
}

static const struct json_schema *
compile_below(struct compiler *compiler, struct str name, struct json schema)
{
	size_t len = enter(compiler, name);
	const struct json_schema *node = compile(compiler, schema);

	leave(compiler, len);
	return node;
}

static struct schema_list
read_list(struct compiler *compiler, struct json value)
{
	struct schema_list list = {0};
	struct json_walk walk = json_walk(value);
	char number[24];

	if (json_kind(value) != JSON_ARRAY || json_count(value) == 0) {
		fail(compiler, ERR_INVALID, "expected an array of schemas");
		return list;
	}
	list.nodes = arena_alloc_array(compiler->arena, json_count(value),
		sizeof(const struct json_schema *));
	while (json_walk_next(&walk)) {
		snprintf(number, sizeof(number), "%zu", list.count);
		list.nodes[list.count++] =
			compile_below(compiler, str_of(number), walk.value);
	}
	return list;
}

static void
read_count(struct compiler *compiler, struct json value, uint64_t *ret)
{
	int64_t count;

	if (json_to_integer(value, &count) && count >= 0)
		*ret = (uint64_t)count;
	else
		fail(compiler, ERR_INVALID,
			"expected a whole number from 0 up");
}

static void
read_bound(
	struct compiler *compiler, struct json value, struct schema_bound *ret)
{
	if (json_kind(value) == JSON_NUMBER)
		*ret = (struct schema_bound){true, json_number(value)};
	else
		fail(compiler, ERR_INVALID, "expected a number");
}

static const void *
read_pattern(struct compiler *compiler, struct str text)
{
	CLEANUP(buf_release) struct buf why = buf_make(512);
	const void *pattern = NULL;

	buf_append(&why, STR("the pattern does not compile: "));
	if (filter_pattern_compile(text, compiler->arena, &pattern, &why))
		fail(compiler, ERR_INVALID, buf_text(&why));
	return pattern;
}

/** {"name": schema, …}; names that are patterns are compiled. */
static const struct schema_member *
read_members(struct compiler *compiler, struct json value, bool are_patterns,
	size_t *ret_count)
{
	struct json_walk walk = json_walk(value);
	struct schema_member *members;
	size_t count = 0;

	if (json_kind(value) != JSON_OBJECT) {
		fail(compiler, ERR_INVALID, "expected an object of schemas");
		return NULL;
	}
	members = arena_alloc_array(
		compiler->arena, json_count(value), sizeof(*members));
	while (json_walk_next(&walk)) {
		struct schema_member *member = &members[count++];
		struct str name = text_of(compiler, walk.key);
		size_t len = enter(compiler, name);

		member->name = name;
		if (are_patterns)
			member->pattern = read_pattern(compiler, name);
		member->node = compile(compiler, walk.value);
		leave(compiler, len);
	}
	*ret_count = count;
	return members;
}

static struct schema_needs
read_names(struct compiler *compiler, struct json value)
{
	struct schema_needs needs = {0};
	struct json_walk walk = json_walk(value);
	struct str *names = arena_alloc_array(
		compiler->arena, json_count(value), sizeof(*names));

	needs.names = names;
	if (json_kind(value) != JSON_ARRAY)
		fail(compiler, ERR_INVALID, "expected an array of names");
	while (json_walk_next(&walk)) {
		if (json_kind(walk.value) != JSON_STRING)
			fail(compiler, ERR_INVALID,
				"expected an array of names");
		names[needs.count++] = text_of(compiler, walk.value);
	}
	return needs;
}

/* ---- the keywords ---- */

#define KEYWORD(name) \
	static void read_##name(struct compiler *compiler, \
		struct json_schema *node, struct json value)

KEYWORD(type)
{
	struct json_walk walk = json_walk(value);
	unsigned bit = schema_type_parse(value);

	node->types = bit;
	while (json_kind(value) == JSON_ARRAY && json_walk_next(&walk)) {
		bit = schema_type_parse(walk.value);
		node->types |= bit;
		if (bit == 0)
			break;
	}
	if (bit == 0)
		fail(compiler, ERR_INVALID,
			"expected null, boolean, integer, number, string, "
			"array or object, or an array of these");
}

KEYWORD(enum)
{
	node->enumeration = value;
	if (json_kind(value) != JSON_ARRAY)
		fail(compiler, ERR_INVALID, "expected an array");
}

KEYWORD(const)
{
	(void)compiler;
	node->constant = value;
}

KEYWORD(minimum)
{
	read_bound(compiler, value, &node->minimum);
}
KEYWORD(maximum)
{
	read_bound(compiler, value, &node->maximum);
}
KEYWORD(above)
{
	read_bound(compiler, value, &node->above);
}
KEYWORD(below)
{
	read_bound(compiler, value, &node->below);
}

KEYWORD(multiple_of)
{
	read_bound(compiler, value, &node->multiple_of);
	if (!compiler->err && !(node->multiple_of.value.real > 0))
		fail(compiler, ERR_INVALID, "expected a number above 0");
}

KEYWORD(min_length)
{
	read_count(compiler, value, &node->length.least);
}
KEYWORD(max_length)
{
	read_count(compiler, value, &node->length.most);
}
KEYWORD(min_items)
{
	read_count(compiler, value, &node->items.least);
}
KEYWORD(max_items)
{
	read_count(compiler, value, &node->items.most);
}
KEYWORD(min_members)
{
	read_count(compiler, value, &node->members.least);
}
KEYWORD(max_members)
{
	read_count(compiler, value, &node->members.most);
}

KEYWORD(pattern_keyword)
{
	if (json_kind(value) != JSON_STRING) {
		fail(compiler, ERR_INVALID, "expected a string");
		return;
	}
	node->pattern_text = text_of(compiler, value);
	node->pattern = read_pattern(compiler, node->pattern_text);
}

KEYWORD(format)
{
	if (json_kind(value) == JSON_STRING)
		node->format = schema_format_find(text_of(compiler, value));
	else
		fail(compiler, ERR_INVALID, "expected a string");
}

KEYWORD(unique)
{
	node->are_unique = json_kind(value) == JSON_TRUE;
	if (!node->are_unique && json_kind(value) != JSON_FALSE)
		fail(compiler, ERR_INVALID, "expected true or false");
}

KEYWORD(prefix)
{
	node->prefix = read_list(compiler, value);
}

/** Before 2020-12 an array of schemas here was what prefixItems is now. */
KEYWORD(items)
{
	if (json_kind(value) == JSON_ARRAY)
		node->prefix = read_list(compiler, value);
	else
		node->rest = compile(compiler, value);
}

KEYWORD(additional_items)
{
	if (node->prefix.count > 0)
		node->rest = compile(compiler, value);
}

KEYWORD(contains)
{
	node->contains = compile(compiler, value);
}

KEYWORD(properties)
{
	node->properties =
		read_members(compiler, value, false, &node->property_count);
}

KEYWORD(patterns)
{
	node->patterns =
		read_members(compiler, value, true, &node->pattern_count);
}

KEYWORD(additional)
{
	node->additional = compile(compiler, value);
}
KEYWORD(names_keyword)
{
	node->names = compile(compiler, value);
}
KEYWORD(required)
{
	node->required = read_names(compiler, value);
}

KEYWORD(dependent)
{
	struct json_walk walk = json_walk(value);
	struct schema_needs *rows = arena_alloc_array(
		compiler->arena, json_count(value), sizeof(*rows));

	node->dependent = rows;
	if (json_kind(value) != JSON_OBJECT)
		fail(compiler, ERR_INVALID,
			"expected an object of arrays of names");
	while (json_kind(value) == JSON_OBJECT && json_walk_next(&walk)) {
		struct schema_needs *row = &rows[node->dependent_count++];
		struct str name = text_of(compiler, walk.key);
		size_t len = enter(compiler, name);

		*row = read_names(compiler, walk.value);
		row->name = name;
		leave(compiler, len);
	}
}

KEYWORD(all)
{
	node->all = read_list(compiler, value);
}
KEYWORD(any)
{
	node->any = read_list(compiler, value);
}
KEYWORD(one)
{
	node->one = read_list(compiler, value);
}
KEYWORD(not )
{
	node->not = compile(compiler, value);
}
KEYWORD(if)
{
	node->condition = compile(compiler, value);
}
KEYWORD(then)
{
	node->then = compile(compiler, value);
}
KEYWORD(else)
{
	node->otherwise = compile(compiler, value);
}

/** The place that a JSON Pointer (RFC 6901) names; missing: there is none. */
static struct json
follow(struct compiler *compiler, struct str pointer)
{
	struct json place = json_root(compiler->doc);

	if (pointer.len > 0)
		str_split(&pointer, '/');
	else
		return place;
	while (pointer.ptr != NULL) {
		struct str part = str_split(&pointer, '/');
		CLEANUP(buf_release) struct buf name = buf_make(4096);
		uint64_t index;

		for (size_t i = 0; i < part.len; i++) {
			bool is_escape = part.ptr[i] == '~' &&
					 i + 1 < part.len &&
					 (part.ptr[i + 1] == '0' ||
						 part.ptr[i + 1] == '1');

			if (is_escape)
				i++;
			buf_append_char(&name, !is_escape ? part.ptr[i]
					       : part.ptr[i] == '0' ? '~'
								    : '/');
		}
		if (json_kind(place) == JSON_ARRAY &&
			str_to_u64(part, &index) == ERR_OK)
			place = json_element(place, (size_t)index);
		else
			place = json_member(place, buf_str(&name));
	}
	return place;
}

KEYWORD(reference)
{
	struct str text = text_of(compiler, value);
	struct json place;

	if (json_kind(value) != JSON_STRING ||
		!(str_equal(text, STR("#")) ||
			str_starts_with(text, STR("#/")))) {
		fail(compiler, ERR_INVALID,
			"expected a reference into this document, such as "
			"\"#/$defs/name\"; others are not followed");
		return;
	}
	place = follow(compiler, str_skip(text, 1));
	if (json_is_missing(place))
		fail(compiler, ERR_INVALID, "names a place that is not there");
	else
		node->reference = compile(compiler, place);
}

KEYWORD(definitions)
{
	size_t unused;

	(void)node;
	read_members(compiler, value, false, &unused);
}

KEYWORD(unsupported)
{
	(void)node;
	(void)value;
	fail(compiler, ERR_INVALID, "this keyword is not supported");
}

/** In the order of reading: additionalItems looks at what items left. */
static const struct keyword {
	struct str name;
	void (*read)(struct compiler *compiler, struct json_schema *node,
		struct json value);
} keywords[] = {
	{STR_INIT("type"), read_type},
	{STR_INIT("enum"), read_enum},
	{STR_INIT("const"), read_const},
	{STR_INIT("minimum"), read_minimum},
	{STR_INIT("maximum"), read_maximum},
	{STR_INIT("exclusiveMinimum"), read_above},
	{STR_INIT("exclusiveMaximum"), read_below},
	{STR_INIT("multipleOf"), read_multiple_of},
	{STR_INIT("minLength"), read_min_length},
	{STR_INIT("maxLength"), read_max_length},
	{STR_INIT("pattern"), read_pattern_keyword},
	{STR_INIT("format"), read_format},
	{STR_INIT("items"), read_items},
	{STR_INIT("prefixItems"), read_prefix},
	{STR_INIT("additionalItems"), read_additional_items},
	{STR_INIT("contains"), read_contains},
	{STR_INIT("minItems"), read_min_items},
	{STR_INIT("maxItems"), read_max_items},
	{STR_INIT("uniqueItems"), read_unique},
	{STR_INIT("properties"), read_properties},
	{STR_INIT("patternProperties"), read_patterns},
	{STR_INIT("additionalProperties"), read_additional},
	{STR_INIT("propertyNames"), read_names_keyword},
	{STR_INIT("required"), read_required},
	{STR_INIT("dependentRequired"), read_dependent},
	{STR_INIT("minProperties"), read_min_members},
	{STR_INIT("maxProperties"), read_max_members},
	{STR_INIT("allOf"), read_all},
	{STR_INIT("anyOf"), read_any},
	{STR_INIT("oneOf"), read_one},
	{STR_INIT("not"), read_not},
	{STR_INIT("if"), read_if},
	{STR_INIT("then"), read_then},
	{STR_INIT("else"), read_else},
	{STR_INIT("$ref"), read_reference},
	{STR_INIT("$defs"), read_definitions},
	{STR_INIT("definitions"), read_definitions},
	{STR_INIT("$dynamicRef"), read_unsupported},
	{STR_INIT("$recursiveRef"), read_unsupported},
	{STR_INIT("unevaluatedItems"), read_unsupported},
	{STR_INIT("unevaluatedProperties"), read_unsupported},
	{STR_INIT("dependentSchemas"), read_unsupported},
	{STR_INIT("dependencies"), read_unsupported},
	{STR_INIT("minContains"), read_unsupported},
	{STR_INIT("maxContains"), read_unsupported},
};

/* ---- putting it together ---- */

/** Table order, so that where a member stands makes no difference. */
static void
read_keywords(
	struct compiler *compiler, struct json_schema *node, struct json schema)
{
	for (size_t i = 0; !compiler->err && i < COUNT_OF(keywords); i++) {
		struct json value = json_member(schema, keywords[i].name);
		size_t len;

		if (json_is_missing(value))
			continue;
		len = enter(compiler, keywords[i].name);
		keywords[i].read(compiler, node, value);
		leave(compiler, len);
	}
}

static struct json_schema *
make_node(struct compiler *compiler, struct json schema)
{
	static const struct schema_range any = {0, UINT64_MAX};
	struct json_schema *node =
		ARENA_NEW(compiler->arena, struct json_schema);

	node->length = node->items = node->members = any;
	node->is_nothing = json_kind(schema) == JSON_FALSE;
	compiler->nodes[schema.index] = node;
	return node;
}

static const struct json_schema *
compile(struct compiler *compiler, struct json schema)
{
	struct json_schema *node;
	enum json_kind kind = json_kind(schema);

	if (compiler->err)
		return NULL;
	if (compiler->nodes[schema.index])
		return compiler->nodes[schema.index];
	if (kind != JSON_OBJECT && kind != JSON_TRUE && kind != JSON_FALSE) {
		fail(compiler, ERR_INVALID,
			"expected a schema: an object, true or false");
		return NULL;
	}
	if (++compiler->count > JSON_SCHEMA_NODES_MAX ||
		compiler->depth == JSON_SCHEMA_DEPTH_MAX) {
		fail(compiler, ERR_LIMIT,
			"too many schemas within the schema, or too deep");
		return NULL;
	}
	node = make_node(compiler, schema);
	compiler->depth++;
	read_keywords(compiler, node, schema);
	compiler->depth--;
	return node;
}

/** Which standard it says it follows; those that mean other things. */
static void
check_dialect(struct compiler *compiler, struct json root)
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
	enter(compiler, STR("$schema"));
	fail(compiler, ERR_INVALID,
		"expected draft-06, draft-07, 2019-09 or 2020-12 of JSON "
		"Schema");
}

enum err
json_schema_compile(struct str text, struct arena *arena,
	const struct json_schema **ret, struct buf *why)
{
	CLEANUP(arena_release) struct arena work = {0};
	struct compiler compiler = {.arena = arena,
		.doc = ARENA_NEW(arena, struct json_doc),
		.path = buf_make(JSON_SCHEMA_PATH_MAX),
		.why = why};
	const struct json_schema *node = NULL;
	enum err err;

	if (text.len > JSON_SCHEMA_TEXT_MAX) {
		fail(&compiler, ERR_LIMIT, "longer than 256 KiB");
		return ERR_LIMIT;
	}
	err = json_read(arena_copy(arena, text), arena, compiler.doc, why);
	if (err)
		return err;
	compiler.nodes = arena_alloc_array(
		&work, compiler.doc->count, sizeof(struct json_schema *));
	check_dialect(&compiler, json_root(compiler.doc));
	node = compile(&compiler, json_root(compiler.doc));
	buf_release(&compiler.path);
	if (!compiler.err)
		*ret = node;
	return compiler.err;
}
