#include "base/json.h"

#include "base/ascii.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct parser {
	const char *start;
	const char *at;
	const char *end;
	struct arena *arena;
	struct json_node *nodes;
	uint32_t count;
	uint32_t cap;
	const char *expected; /* set when the text is wrong at `at` */
	bool is_too_deep;
	bool has_blanks;
	uint32_t depth;
	uint32_t open[JSON_DEPTH_MAX]; /* tape indices of open containers */
};

static void
grow_tape(struct parser *p)
{
	uint32_t cap = p->cap * 2;
	struct json_node *nodes =
		arena_alloc_raw(p->arena, (size_t)cap * sizeof(*nodes));

	memcpy(nodes, p->nodes, (size_t)p->count * sizeof(*nodes));
	p->nodes = nodes;
	p->cap = cap;
}

static inline struct json_node *
add_node(struct parser *p, enum json_kind kind, const char *at)
{
	struct json_node *node;

	if (UNLIKELY(p->count == p->cap))
		grow_tape(p);
	node = &p->nodes[p->count++];
	node->kind = (uint8_t)kind;
	node->flags = 0;
	node->reserved = 0;
	node->offset = (uint32_t)(at - p->start);
	node->len = 0;
	node->next = p->count;
	return node;
}

static inline void
skip_blanks(struct parser *p)
{
	if (LIKELY(p->at<p->end && * p->at> ' '))
		return;
	while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' ||
					 *p->at == '\r' || *p->at == '\t')) {
		p->has_blanks = true;
		p->at++;
	}
}

static bool
fail(struct parser *p, const char *expected)
{
	p->expected = expected;
	return false;
}

/** Moves over plain ASCII string bytes, 16 at a time. */
static inline const char *
skip_plain(const char *at, const char *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i backslash = _mm_set1_epi8('\\');
	/* Signed compare: bytes >= 0x80 are negative, so below 0x20 too. */
	const __m128i space = _mm_set1_epi8(0x20);

	while (end - at >= 16) {
		__m128i block =
			_mm_loadu_si128((const __m128i *)(const void *)at);
		__m128i stop =
			_mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(block, quote),
					     _mm_cmpeq_epi8(block, backslash)),
				_mm_cmplt_epi8(block, space));
		unsigned mask = (unsigned)_mm_movemask_epi8(stop);

		if (mask)
			return at + __builtin_ctz(mask);
		at += 16;
	}
#endif
	while (at < end && *at != '"' && *at != '\\' &&
		(unsigned char)*at >= 0x20 && (unsigned char)*at < 0x80)
		at++;
	return at;
}

/** Moves over a run of bytes >= 0x80, which must be well-formed UTF-8. */
static bool
skip_multibyte(struct parser *p)
{
	const char *from = p->at;

	while (p->at < p->end && (unsigned char)*p->at >= 0x80)
		p->at++;
	if (str_is_utf8(str_make(from, (size_t)(p->at - from))))
		return true;
	p->at = from;
	return fail(p, "well-formed UTF-8");
}

static bool
skip_escape(struct parser *p)
{
	if (p->end - p->at < 2)
		return fail(p, "a closing '\"'");
	switch (p->at[1]) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't': p->at += 2; return true;
	case 'u':
		for (int i = 2; i < 6; i++) {
			if (p->end - p->at <= i ||
				ascii_hex_value(p->at[i]) < 0)
				return fail(p, "four hex digits after \\u");
		}
		p->at += 6;
		return true;
	default: return fail(p, "a known escape after '\\'");
	}
}

/** At what is not plain in the string of this node; up to its end. */
static bool
skip_rest(struct parser *p, struct json_node *node)
{
	for (;;) {
		if (UNLIKELY(p->at == p->end))
			return fail(p, "a closing '\"'");
		if (*p->at == '"')
			return true;
		if (*p->at == '\\') {
			node->flags = JSON_ESCAPED;
			if (!skip_escape(p))
				return false;
		} else if ((unsigned char)*p->at >= 0x80) {
			if (!skip_multibyte(p))
				return false;
		} else {
			return fail(p, "no raw control character in a string");
		}
		p->at = skip_plain(p->at, p->end);
	}
}

/** At the opening quote. Adds the string's node. */
static inline bool
read_string(struct parser *p)
{
	const char *from = p->at + 1;
	struct json_node *node = add_node(p, JSON_STRING, from);

	p->at = skip_plain(from, p->end);
	if (UNLIKELY(p->at == p->end || *p->at != '"') && !skip_rest(p, node))
		return false;
	node->len = (uint32_t)(p->at - from);
	p->at++;
	return true;
}

static inline bool
skip_digits(struct parser *p)
{
	const char *from = p->at;

	while (p->at < p->end && (unsigned)(*p->at - '0') <= 9)
		p->at++;
	return p->at > from || fail(p, "a digit");
}

static bool
read_number(struct parser *p)
{
	struct json_node *node = add_node(p, JSON_NUMBER, p->at);
	const char *from = p->at, *end;

	if (*p->at == '-')
		p->at++;
	if (p->at < p->end && *p->at == '0')
		p->at++;
	else if (!skip_digits(p))
		return false;
	end = p->at;
	if (p->at < p->end && *p->at == '.') {
		p->at++;
		if (!skip_digits(p))
			return false;
	}
	if (p->at < p->end && (*p->at == 'e' || *p->at == 'E')) {
		p->at++;
		if (p->at < p->end && (*p->at == '+' || *p->at == '-'))
			p->at++;
		if (!skip_digits(p))
			return false;
	}
	node->len = (uint32_t)(p->at - from);
	if (p->at == end && *from != '-' && node->len <= 18)
		node->flags = JSON_DIGITS;
	return true;
}

static bool
read_word(struct parser *p, struct str word, enum json_kind kind)
{
	if ((size_t)(p->end - p->at) < word.len ||
		memcmp(p->at, word.ptr, word.len) != 0)
		return fail(p, "a value");
	add_node(p, kind, p->at)->len = (uint32_t)word.len;
	p->at += word.len;
	return true;
}

static bool
open_container(struct parser *p, enum json_kind kind)
{
	if (p->depth == JSON_DEPTH_MAX) {
		p->is_too_deep = true;
		return fail(p, "less nesting");
	}
	p->open[p->depth++] = p->count;
	add_node(p, kind, p->at++);
	return true;
}

/** At the closing bracket. */
static inline void
close_container(struct parser *p)
{
	struct json_node *node = &p->nodes[p->open[--p->depth]];

	p->at++;
	node->len = (uint32_t)(p->at - p->start) - node->offset;
	node->next = p->count;
}

/** A key and the colon behind it. */
static bool
read_key(struct parser *p)
{
	skip_blanks(p);
	if (p->at == p->end || *p->at != '"')
		return fail(p, "a member name in '\"'");
	if (!read_string(p))
		return false;
	skip_blanks(p);
	if (p->at == p->end || *p->at != ':')
		return fail(p, "':'");
	p->at++;
	return true;
}

/**
 * Reads up to and including the next complete scalar or empty container, or
 * opens a container and goes on with its first value.
 */
static bool
read_value(struct parser *p)
{
	for (;;) {
		skip_blanks(p);
		if (p->at == p->end)
			return fail(p, "a value");
		switch (*p->at) {
		case '"': return read_string(p);
		case 't': return read_word(p, STR("true"), JSON_TRUE);
		case 'f': return read_word(p, STR("false"), JSON_FALSE);
		case 'n': return read_word(p, STR("null"), JSON_NULL);
		case '{':
		case '[': {
			bool is_object = *p->at == '{';

			if (!open_container(
				    p, is_object ? JSON_OBJECT : JSON_ARRAY))
				return false;
			skip_blanks(p);
			if (p->at < p->end &&
				*p->at == (is_object ? '}' : ']')) {
				close_container(p);
				return true;
			}
			if (is_object && !read_key(p))
				return false;
			continue;
		}
		default:
			if (*p->at == '-' || (*p->at >= '0' && *p->at <= '9'))
				return read_number(p);
			return fail(p, "a value");
		}
	}
}

static bool
read_document(struct parser *p)
{
	if (!read_value(p))
		return false;
	while (p->depth > 0) {
		bool is_object =
			p->nodes[p->open[p->depth - 1]].kind == JSON_OBJECT;

		skip_blanks(p);
		if (p->at < p->end && *p->at == ',') {
			p->at++;
			if (is_object && !read_key(p))
				return false;
			if (!read_value(p))
				return false;
		} else if (p->at < p->end &&
			   *p->at == (is_object ? '}' : ']')) {
			close_container(p);
		} else {
			return fail(p, is_object ? "',' or '}'" : "',' or ']'");
		}
	}
	skip_blanks(p);
	return p->at == p->end || fail(p, "the end of the text");
}

static void
explain(const struct parser *p, struct buf *why)
{
	size_t line = 1;
	const char *line_start = p->start;

	if (why == NULL)
		return;
	for (const char *at = p->start; at < p->at; at++) {
		if (*at == '\n') {
			line++;
			line_start = at + 1;
		}
	}
	buf_printf(why, "line %zu column %zu: expected %s", line,
		(size_t)(p->at - line_start) + 1, p->expected);
	if (p->at == p->end)
		buf_append(why, STR(", found the end of the text"));
}

enum err
json_read(struct str text, struct arena *arena, struct json_doc *ret,
	struct buf *why)
{
	struct parser p;

	if (text.len > JSON_TEXT_MAX) {
		if (why)
			buf_printf(why, "a JSON text of %zu bytes, at most %d",
				text.len, JSON_TEXT_MAX);
		return ERR_LIMIT;
	}
	p.start = p.at = text.len ? text.ptr : "";
	p.end = p.start + text.len;
	p.arena = arena;
	p.count = 0;
	p.cap = (uint32_t)(text.len / 12 + 16);
	p.nodes = arena_alloc_raw(arena, p.cap * sizeof(*p.nodes));
	p.expected = NULL;
	p.is_too_deep = p.has_blanks = false;
	p.depth = 0;
	if (!read_document(&p)) {
		explain(&p, why);
		return p.is_too_deep ? ERR_LIMIT : ERR_INVALID;
	}
	arena_shrink(arena, p.nodes, p.cap * sizeof(*p.nodes),
		p.count * sizeof(*p.nodes));
	*ret = (struct json_doc){
		str_make(p.start, text.len), p.nodes, p.count, !p.has_blanks};
	return ERR_OK;
}
