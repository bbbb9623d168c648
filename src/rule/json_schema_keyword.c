/* The keywords of JSON Schema. */
#include <stdio.h>

#include "rule/json_schema_compile.h"

/* ---- kinds of values that keywords have ---- */

static struct str
text_of(struct schema_compiler *compiler, struct json string)
{
	return json_string(string, compiler->arena);
}

static const struct json_schema *
compile_below(
	struct schema_compiler *compiler, struct str name, struct json schema)
{
	size_t len = schema_enter(compiler, name);
	const struct json_schema *node = schema_compile(compiler, schema);

	schema_leave(compiler, len);
	return node;
}

static struct schema_list
read_list(struct schema_compiler *compiler, struct json value)
{
	struct schema_list list = {0};
	struct json_walk walk = json_walk(value);
	char number[24];

	if (json_kind(value) != JSON_ARRAY || json_count(value) == 0) {
		schema_fail(
			compiler, ERR_INVALID, "expected an array of schemas");
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
read_count(struct schema_compiler *compiler, struct json value, uint64_t *ret)
{
	int64_t count;

	if (json_to_integer(value, &count) && count >= 0)
		*ret = (uint64_t)count;
	else
		schema_fail(compiler, ERR_INVALID,
			"expected a whole number from 0 up");
}

static void
read_bound(struct schema_compiler *compiler, struct json value,
	struct schema_bound *ret)
{
	if (json_kind(value) == JSON_NUMBER)
		*ret = (struct schema_bound){true, json_number(value)};
	else
		schema_fail(compiler, ERR_INVALID, "expected a number");
}

static const void *
read_pattern(struct schema_compiler *compiler, struct str text)
{
	CLEANUP(buf_release) struct buf why = buf_make(512);
	const void *pattern = NULL;

	buf_append(&why, STR("the pattern does not compile: "));
	if (filter_pattern_compile(text, compiler->arena, &pattern, &why))
		schema_fail(compiler, ERR_INVALID, buf_text(&why));
	return pattern;
}

/** {"name": schema, …}; names that are patterns are compiled. */
static const struct schema_member *
read_members(struct schema_compiler *compiler, struct json value,
	bool are_patterns, size_t *ret_count)
{
	struct json_walk walk = json_walk(value);
	struct schema_member *members;
	size_t count = 0;

	if (json_kind(value) != JSON_OBJECT) {
		schema_fail(
			compiler, ERR_INVALID, "expected an object of schemas");
		return NULL;
	}
	members = arena_alloc_array(
		compiler->arena, json_count(value), sizeof(*members));
	while (json_walk_next(&walk)) {
		struct schema_member *member = &members[count++];
		struct str name = text_of(compiler, walk.key);
		size_t len = schema_enter(compiler, name);

		member->name = name;
		if (are_patterns)
			member->pattern = read_pattern(compiler, name);
		member->node = schema_compile(compiler, walk.value);
		schema_leave(compiler, len);
	}
	*ret_count = count;
	return members;
}

static struct schema_needs
read_names(struct schema_compiler *compiler, struct json value)
{
	struct schema_needs needs = {0};
	struct json_walk walk = json_walk(value);
	struct str *names = arena_alloc_array(
		compiler->arena, json_count(value), sizeof(*names));

	needs.names = names;
	if (json_kind(value) != JSON_ARRAY)
		schema_fail(
			compiler, ERR_INVALID, "expected an array of names");
	while (json_walk_next(&walk)) {
		if (json_kind(walk.value) != JSON_STRING)
			schema_fail(compiler, ERR_INVALID,
				"expected an array of names");
		names[needs.count++] = text_of(compiler, walk.value);
	}
	return needs;
}

/* ---- the keywords ---- */

#define KEYWORD(name) \
	static void read_##name(struct schema_compiler *compiler, \
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
		schema_fail(compiler, ERR_INVALID,
			"expected null, boolean, integer, number, string, "
			"array or object, or an array of these");
}

KEYWORD(enum)
{
	node->enumeration = value;
	if (json_kind(value) != JSON_ARRAY)
		schema_fail(compiler, ERR_INVALID, "expected an array");
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
		schema_fail(compiler, ERR_INVALID, "expected a number above 0");
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
		schema_fail(compiler, ERR_INVALID, "expected a string");
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
		schema_fail(compiler, ERR_INVALID, "expected a string");
}

KEYWORD(unique)
{
	node->are_unique = json_kind(value) == JSON_TRUE;
	if (!node->are_unique && json_kind(value) != JSON_FALSE)
		schema_fail(compiler, ERR_INVALID, "expected true or false");
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
		node->rest = schema_compile(compiler, value);
}

KEYWORD(additional_items)
{
	if (node->prefix.count > 0)
		node->rest = schema_compile(compiler, value);
}

KEYWORD(contains)
{
	node->contains = schema_compile(compiler, value);
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
	node->additional = schema_compile(compiler, value);
}
KEYWORD(names_keyword)
{
	node->names = schema_compile(compiler, value);
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
		schema_fail(compiler, ERR_INVALID,
			"expected an object of arrays of names");
	while (json_kind(value) == JSON_OBJECT && json_walk_next(&walk)) {
		struct schema_needs *row = &rows[node->dependent_count++];
		struct str name = text_of(compiler, walk.key);
		size_t len = schema_enter(compiler, name);

		*row = read_names(compiler, walk.value);
		row->name = name;
		schema_leave(compiler, len);
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
	node->not = schema_compile(compiler, value);
}
KEYWORD(if)
{
	node->condition = schema_compile(compiler, value);
}
KEYWORD(then)
{
	node->then = schema_compile(compiler, value);
}
KEYWORD(else)
{
	node->otherwise = schema_compile(compiler, value);
}

/** The place that a JSON Pointer (RFC 6901) names; missing: there is none. */
static struct json
follow(struct schema_compiler *compiler, struct str pointer)
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
		schema_fail(compiler, ERR_INVALID,
			"expected a reference into this document, such as "
			"\"#/$defs/name\"; others are not followed");
		return;
	}
	place = follow(compiler, str_skip(text, 1));
	if (json_is_missing(place))
		schema_fail(compiler, ERR_INVALID,
			"names a place that is not there");
	else
		node->reference = schema_compile(compiler, place);
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
	schema_fail(compiler, ERR_INVALID, "this keyword is not supported");
}

/** In the order of reading: additionalItems looks at what items left. */
static const struct keyword {
	struct str name;
	void (*read)(struct schema_compiler *compiler, struct json_schema *node,
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

/** Table order, so that where a member stands makes no difference. */
void
schema_read_keywords(struct schema_compiler *compiler, struct json_schema *node,
	struct json schema)
{
	for (size_t i = 0; !compiler->err && i < COUNT_OF(keywords); i++) {
		struct json value = json_member(schema, keywords[i].name);
		size_t len;

		if (json_is_missing(value))
			continue;
		len = schema_enter(compiler, keywords[i].name);
		keywords[i].read(compiler, node, value);
		schema_leave(compiler, len);
	}
}
