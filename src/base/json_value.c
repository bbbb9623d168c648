/* Looking at what json.c read. */
#include <stdlib.h>

#include "base/json.h"

static const struct json missing = {NULL, 0};

static inline const struct json_node *
node_of(struct json value)
{
	return &value.doc->nodes[value.index];
}

struct json
json_root(const struct json_doc *doc)
{
	return doc->count ? (struct json){doc, 0} : missing;
}

enum json_kind
json_kind(struct json value)
{
	return value.doc ? (enum json_kind)node_of(value)->kind : JSON_MISSING;
}

const char *
json_kind_name(enum json_kind kind)
{
	static const char *const names[] = {
		[JSON_MISSING] = "nothing",
		[JSON_NULL] = "null",
		[JSON_FALSE] = "false",
		[JSON_TRUE] = "true",
		[JSON_NUMBER] = "a number",
		[JSON_STRING] = "a string",
		[JSON_ARRAY] = "an array",
		[JSON_OBJECT] = "an object",
	};

	return names[kind];
}

struct json_walk
json_walk(struct json container)
{
	enum json_kind kind = json_kind(container);
	struct json_walk walk = {.doc = container.doc};

	if (kind != JSON_OBJECT && kind != JSON_ARRAY)
		return walk;
	walk.at = container.index + 1;
	walk.end = node_of(container)->next;
	walk.is_object = kind == JSON_OBJECT;
	return walk;
}

bool
json_walk_next(struct json_walk *walk)
{
	if (walk->at >= walk->end)
		return false;
	walk->key = missing;
	if (walk->is_object)
		walk->key = (struct json){walk->doc, walk->at++};
	walk->value = (struct json){walk->doc, walk->at};
	walk->at = walk->doc->nodes[walk->at].next;
	return true;
}

size_t
json_count(struct json container)
{
	struct json_walk walk = json_walk(container);
	size_t count = 0;

	while (json_walk_next(&walk))
		count++;
	return count;
}

struct str
json_raw(struct json value)
{
	const struct json_node *node;

	if (value.doc == NULL)
		return (struct str){NULL, 0};
	node = node_of(value);
	if (node->kind == JSON_STRING)
		return str_make(value.doc->text.ptr + node->offset - 1,
			(size_t)node->len + 2);
	return str_make(value.doc->text.ptr + node->offset, node->len);
}

struct str
json_raw_string(struct json string)
{
	const struct json_node *node;

	if (json_kind(string) != JSON_STRING)
		return (struct str){NULL, 0};
	node = node_of(string);
	return str_make(string.doc->text.ptr + node->offset, node->len);
}

static unsigned
hex4(const char *at)
{
	unsigned value = 0;

	for (int i = 0; i < 4; i++) {
		unsigned char c = (unsigned char)at[i];

		value = value << 4 |
			(c <= '9' ? c - 0x30u : (c | 32u) - 0x61u + 10u);
	}
	return value;
}

static size_t
put_utf8(char *out, unsigned code)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xC0 | code >> 6);
		out[1] = (char)(0x80 | (code & 63));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xE0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 63));
		out[2] = (char)(0x80 | (code & 63));
		return 3;
	}
	out[0] = (char)(0xF0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 63));
	out[2] = (char)(0x80 | (code >> 6 & 63));
	out[3] = (char)(0x80 | (code & 63));
	return 4;
}

/**
 * The code point of the \u at `*at`, which moves behind it; a surrogate pair
 * is one, a lone surrogate becomes U+FFFD.
 */
static unsigned
decode_unicode(const char **at, const char *end)
{
	unsigned code = hex4(*at + 2);

	*at += 6;
	if (code < 0xD800 || code > 0xDFFF)
		return code;
	if (code < 0xDC00 && end - *at >= 6 && (*at)[0] == '\\' &&
		(*at)[1] == 'u') {
		unsigned low = hex4(*at + 2);

		if (low >= 0xDC00 && low <= 0xDFFF) {
			*at += 6;
			return 0x10000 + ((code - 0xD800) << 10) +
			       (low - 0xDC00);
		}
	}
	return 0xFFFD;
}

static char
decode_short_escape(char c)
{
	switch (c) {
	case 'b': return '\b';
	case 'f': return '\f';
	case 'n': return '\n';
	case 'r': return '\r';
	case 't': return '\t';
	default: return c;
	}
}

struct str
json_string(struct json string, struct arena *arena)
{
	struct str raw = json_raw_string(string);
	const char *at, *end;
	char *copy;
	size_t len = 0;

	if (raw.len == 0 || !(node_of(string)->flags & JSON_ESCAPED))
		return raw;
	at = raw.ptr;
	end = raw.ptr + raw.len;
	copy = arena_alloc_raw(arena, raw.len + 1);
	while (at < end) {
		if (*at != '\\') {
			copy[len++] = *at++;
		} else if (at[1] == 'u') {
			len += put_utf8(copy + len, decode_unicode(&at, end));
		} else {
			copy[len++] = decode_short_escape(at[1]);
			at += 2;
		}
	}
	copy[len] = '\0';
	return str_make(copy, len);
}

/** Like json_string, for a comparison: takes from `arena` only if needed. */
bool
json_string_equal(struct json string, struct str expected)
{
	struct arena arena = {0};
	bool is_equal;

	if (json_kind(string) != JSON_STRING)
		return false;
	if (!(node_of(string)->flags & JSON_ESCAPED))
		return str_equal(json_raw_string(string), expected);
	is_equal = str_equal(json_string(string, &arena), expected);
	arena_release(&arena);
	return is_equal;
}

struct json
json_member(struct json object, struct str name)
{
	const struct json_node *nodes;
	struct json found = missing;
	uint32_t end;

	if (json_kind(object) != JSON_OBJECT)
		return missing;
	nodes = object.doc->nodes;
	end = nodes[object.index].next;
	for (uint32_t at = object.index + 1; at < end;
		at = nodes[at + 1].next) {
		const struct json_node *key = &nodes[at];
		bool is_escaped = key->flags & JSON_ESCAPED;

		if (!is_escaped && key->len != name.len)
			continue;
		if (json_string_equal((struct json){object.doc, at}, name))
			found = (struct json){object.doc, at + 1};
	}
	return found;
}

struct json
json_path(struct json object, struct str path)
{
	while (path.ptr != NULL && object.doc != NULL)
		object = json_member(object, str_split(&path, '/'));
	return object;
}

struct json
json_element(struct json array, size_t index)
{
	struct json_walk walk;

	if (json_kind(array) != JSON_ARRAY)
		return missing;
	walk = json_walk(array);
	while (json_walk_next(&walk)) {
		if (index-- == 0)
			return walk.value;
	}
	return missing;
}

struct number
json_number(struct json number)
{
	if (json_kind(number) != JSON_NUMBER)
		return number_from_integer(0);
	return number_read(json_raw(number));
}

bool
json_to_integer(struct json value, int64_t *ret)
{
	struct number number;

	if (json_kind(value) != JSON_NUMBER)
		return false;
	number = json_number(value);
	if (number.is_integer)
		*ret = number.integer;
	return number.is_integer;
}

/** Of two strings. */
static bool
is_equal_string(struct json a, struct json b)
{
	const struct json_node *in_a = node_of(a), *in_b = node_of(b);
	struct arena arena = {0};
	bool is_equal;

	if (!((in_a->flags | in_b->flags) & JSON_ESCAPED))
		return in_a->len == in_b->len &&
		       memcmp(a.doc->text.ptr + in_a->offset,
			       b.doc->text.ptr + in_b->offset, in_a->len) == 0;
	is_equal = str_equal(json_string(a, &arena), json_string(b, &arena));
	arena_release(&arena);
	return is_equal;
}

static bool
is_equal_array(struct json a, struct json b)
{
	struct json_walk in_a = json_walk(a);
	struct json_walk in_b = json_walk(b);

	while (json_walk_next(&in_a)) {
		if (!json_walk_next(&in_b) ||
			!json_equal(in_a.value, in_b.value))
			return false;
	}
	return !json_walk_next(&in_b);
}

/** Whether both have the same keys in the same order. */
static bool
has_same_layout(struct json a, struct json b)
{
	const struct json_node *in_a = a.doc->nodes, *in_b = b.doc->nodes;
	uint32_t end_a = node_of(a)->next, end_b = node_of(b)->next;
	uint32_t at_a = a.index + 1, at_b = b.index + 1;

	while (at_a < end_a && at_b < end_b) {
		if (!is_equal_string((struct json){a.doc, at_a},
			    (struct json){b.doc, at_b}))
			return false;
		at_a = in_a[at_a + 1].next;
		at_b = in_b[at_b + 1].next;
	}
	return at_a == end_a && at_b == end_b;
}

/** The position of the first member that differs; SIZE_MAX: none does. */
static size_t
first_difference(struct json a, struct json b)
{
	struct json_walk in_a = json_walk(a);
	struct json_walk in_b = json_walk(b);

	for (size_t i = 0; json_walk_next(&in_a) && json_walk_next(&in_b);
		i++) {
		if (!json_equal(in_a.value, in_b.value))
			return i;
	}
	return SIZE_MAX;
}

/** Whether the key of the member at `position` comes again behind it. */
static bool
comes_again(struct json object, size_t position)
{
	const struct json_node *nodes = object.doc->nodes;
	uint32_t end = node_of(object)->next, at = object.index + 1;
	struct json key;

	while (position-- > 0)
		at = nodes[at + 1].next;
	key = (struct json){object.doc, at};
	while ((at = nodes[at + 1].next) < end) {
		if (is_equal_string((struct json){object.doc, at}, key))
			return true;
	}
	return false;
}

struct member {
	struct str key;
	size_t position;
	struct json value;
};

static int
compare_members(const void *left, const void *right)
{
	const struct member *a = left;
	const struct member *b = right;
	int order = str_compare(a->key, b->key);

	if (order != 0)
		return order;
	return a->position < b->position ? -1 : a->position > b->position;
}

/** The members sorted by key; of those with one name the last, which counts. */
static struct member *
sorted_members(struct json object, struct arena *arena, size_t *ret_count)
{
	struct json_walk walk = json_walk(object);
	size_t total = json_count(object), count = 0;
	struct member *members =
		arena_alloc_array(arena, total, sizeof(*members));

	for (size_t i = 0; json_walk_next(&walk); i++)
		members[i] = (struct member){
			json_string(walk.key, arena), i, walk.value};
	if (total > 1)
		qsort(members, total, sizeof(*members), compare_members);
	for (size_t i = 0; i < total; i++) {
		if (i + 1 == total ||
			!str_equal(members[i].key, members[i + 1].key))
			members[count++] = members[i];
	}
	*ret_count = count;
	return members;
}

/**
 * Compares by key. Of two objects with the same layout the members before
 * `differs` are known to be equal and the one at it is known not to be.
 */
static bool
is_equal_by_key(struct json a, struct json b, size_t differs)
{
	struct arena arena = {0};
	size_t count_a, count_b;
	struct member *in_a = sorted_members(a, &arena, &count_a);
	struct member *in_b = sorted_members(b, &arena, &count_b);
	bool is_equal = count_a == count_b;

	for (size_t i = 0; is_equal && i < count_a; i++) {
		if (differs != SIZE_MAX && in_a[i].position <= differs)
			is_equal = in_a[i].position < differs;
		else
			is_equal = str_equal(in_a[i].key, in_b[i].key) &&
				   json_equal(in_a[i].value, in_b[i].value);
	}
	arena_release(&arena);
	return is_equal;
}

/*
 * No pair of values may be compared twice: at every level of nesting that
 * would double the work, which an input 512 levels deep could abuse. Objects
 * mostly have the same layout, so sorting is the exception: another order, or
 * a difference that a later member of the same name may make good.
 */
static bool
is_equal_object(struct json a, struct json b)
{
	size_t differs;

	if (!has_same_layout(a, b))
		return is_equal_by_key(a, b, SIZE_MAX);
	differs = first_difference(a, b);
	if (differs == SIZE_MAX)
		return true;
	return comes_again(a, differs) && is_equal_by_key(a, b, differs);
}

bool
json_equal(struct json a, struct json b)
{
	enum json_kind kind_a = json_kind(a);
	enum json_kind kind_b = json_kind(b);

	if (kind_a == JSON_MISSING)
		kind_a = JSON_NULL;
	if (kind_b == JSON_MISSING)
		kind_b = JSON_NULL;
	if (kind_a != kind_b)
		return false;
	if (kind_a == JSON_NULL || kind_a == JSON_TRUE || kind_a == JSON_FALSE)
		return true;
	if (str_equal(json_raw(a), json_raw(b)))
		return true;
	switch (kind_a) {
	case JSON_NUMBER:
		return number_compare(json_number(a), json_number(b)) == 0;
	case JSON_STRING: return is_equal_string(a, b);
	case JSON_ARRAY: return is_equal_array(a, b);
	case JSON_OBJECT: return is_equal_object(a, b);
	case JSON_MISSING:
	case JSON_NULL:
	case JSON_FALSE:
	case JSON_TRUE: break;
	}
	return true;
}
