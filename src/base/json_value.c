/* Looking at what json.c read. */
#include "base/json.h"

static const struct json missing = {NULL, 0};

struct json
json_root(const struct json_doc *doc)
{
	return doc->count ? (struct json){doc, 0} : missing;
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
	walk.end = json_node_of(container)->next;
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
	node = json_node_of(value);
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
	node = json_node_of(string);
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

	if (raw.len == 0 || !(json_node_of(string)->flags & JSON_ESCAPED))
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

static bool
is_escaped_equal(struct json string, struct str expected)
{
	struct arena arena = {0};
	bool is_equal = str_equal(json_string(string, &arena), expected);

	arena_release(&arena);
	return is_equal;
}

/** Of a string node. */
static inline bool
is_node_equal(const struct json_doc *doc, uint32_t index, struct str expected)
{
	const struct json_node *node = &doc->nodes[index];

	if (UNLIKELY(node->flags & JSON_ESCAPED))
		return is_escaped_equal((struct json){doc, index}, expected);
	return node->len == expected.len &&
	       !memcmp(doc->text.ptr + node->offset, expected.ptr, node->len);
}

bool
json_string_equal(struct json string, struct str expected)
{
	return json_kind(string) == JSON_STRING &&
	       is_node_equal(string.doc, string.index, expected);
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
	for (uint32_t at = object.index + 1; at < end; at = nodes[at + 1].next)
		if (is_node_equal(object.doc, at, name))
			found = (struct json){object.doc, at + 1};
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
