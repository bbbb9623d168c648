#include "base/json.h"

#include "base/ascii.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct parser {
	const char *start;
	const char *end;
	const char *at; /* when the text is wrong: where */
	struct arena *arena;
	struct json_node *nodes;
	uint32_t count;
	uint32_t cap;
	const char *expected; /* and what would be right there */
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

/*
 * What reads begins at `at` and returns where it has come to, so that the
 * place stays in a register; NULL: it is wrong, and `p->at` is the place.
 */
static const char *
fail(struct parser *p, const char *at, const char *expected)
{
	p->at = at;
	p->expected = expected;
	return NULL;
}

static inline bool
is_here(const struct parser *p, const char *at, char c)
{
	return at < p->end && *at == c;
}

static const char *
skip_some_blanks(struct parser *p, const char *at)
{
	const char *from = at;

	while (at < p->end &&
		(*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
		at++;
	p->has_blanks = p->has_blanks || at > from;
	return at;
}

static inline const char *
skip_blanks(struct parser *p, const char *at)
{
	return LIKELY(at<p->end && * at> ' ') ? at : skip_some_blanks(p, at);
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
static const char *
skip_multibyte(struct parser *p, const char *at)
{
	const char *from = at;

	while (at < p->end && (unsigned char)*at >= 0x80)
		at++;
	if (str_is_utf8(str_make(from, (size_t)(at - from))))
		return at;
	return fail(p, from, "well-formed UTF-8");
}

static const char *
skip_escape(struct parser *p, const char *at)
{
	if (p->end - at < 2)
		return fail(p, at, "a closing '\"'");
	switch (at[1]) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't': return at + 2;
	case 'u':
		for (int i = 2; i < 6; i++) {
			if (p->end - at <= i || ascii_hex_value(at[i]) < 0)
				return fail(p, at, "four hex digits after \\u");
		}
		return at + 6;
	default: return fail(p, at, "a known escape after '\\'");
	}
}

/** At what is not plain in the string of this node; up to its end. */
static const char *
skip_rest(struct parser *p, struct json_node *node, const char *at)
{
	for (;;) {
		if (at == p->end)
			return fail(p, at, "a closing '\"'");
		if (*at == '"')
			return at;
		if (*at == '\\') {
			node->flags = JSON_ESCAPED;
			at = skip_escape(p, at);
		} else if ((unsigned char)*at >= 0x80) {
			at = skip_multibyte(p, at);
		} else {
			return fail(
				p, at, "no raw control character in a string");
		}
		if (at == NULL)
			return NULL;
		at = skip_plain(at, p->end);
	}
}

/** At the opening quote. Adds the string's node. */
static inline const char *
read_string(struct parser *p, const char *at)
{
	const char *from = at + 1;
	struct json_node *node = add_node(p, JSON_STRING, from);

	at = skip_plain(from, p->end);
	if (UNLIKELY(!is_here(p, at, '"'))) {
		at = skip_rest(p, node, at);
		if (at == NULL)
			return NULL;
	}
	node->len = (uint32_t)(at - from);
	return at + 1;
}

static inline const char *
skip_digits(struct parser *p, const char *at)
{
	const char *from = at;

	while (at < p->end && (unsigned)(*at - '0') <= 9)
		at++;
	return at > from ? at : fail(p, at, "a digit");
}

/** The part of a number behind its whole digits. */
static const char *
skip_fraction(struct parser *p, const char *at)
{
	if (is_here(p, at, '.')) {
		at = skip_digits(p, at + 1);
		if (at == NULL)
			return NULL;
	}
	if (is_here(p, at, 'e') || is_here(p, at, 'E')) {
		at++;
		if (is_here(p, at, '+') || is_here(p, at, '-'))
			at++;
		at = skip_digits(p, at);
	}
	return at;
}

static const char *
read_number(struct parser *p, const char *at)
{
	struct json_node *node = add_node(p, JSON_NUMBER, at);
	const char *from = at, *whole;

	if (*at == '-')
		at++;
	whole = is_here(p, at, '0') ? at + 1 : skip_digits(p, at);
	if (whole == NULL)
		return NULL;
	at = skip_fraction(p, whole);
	if (at == NULL)
		return NULL;
	node->len = (uint32_t)(at - from);
	if (at == whole && *from != '-' && node->len <= 18)
		node->flags = JSON_DIGITS;
	return at;
}

static const char *
read_word(
	struct parser *p, const char *at, struct str word, enum json_kind kind)
{
	if ((size_t)(p->end - at) < word.len ||
		memcmp(at, word.ptr, word.len) != 0)
		return fail(p, at, "a value");
	add_node(p, kind, at)->len = (uint32_t)word.len;
	return at + word.len;
}

static const char *
open_container(struct parser *p, const char *at, enum json_kind kind)
{
	if (p->depth == JSON_DEPTH_MAX) {
		p->is_too_deep = true;
		return fail(p, at, "less nesting");
	}
	p->open[p->depth++] = p->count;
	add_node(p, kind, at);
	return at + 1;
}

/** At the closing bracket. */
static inline const char *
close_container(struct parser *p, const char *at)
{
	struct json_node *node = &p->nodes[p->open[--p->depth]];

	at++;
	node->len = (uint32_t)(at - p->start) - node->offset;
	node->next = p->count;
	return at;
}

/** A key and the colon behind it. */
static inline const char *
read_key(struct parser *p, const char *at)
{
	at = skip_blanks(p, at);
	if (!is_here(p, at, '"'))
		return fail(p, at, "a member name in '\"'");
	at = read_string(p, at);
	if (at == NULL)
		return NULL;
	at = skip_blanks(p, at);
	return is_here(p, at, ':') ? at + 1 : fail(p, at, "':'");
}

/** A value that is no string and no container. */
static const char *
read_scalar(struct parser *p, const char *at)
{
	switch (*at) {
	case 't': return read_word(p, at, STR("true"), JSON_TRUE);
	case 'f': return read_word(p, at, STR("false"), JSON_FALSE);
	case 'n': return read_word(p, at, STR("null"), JSON_NULL);
	default:
		if (*at == '-' || (*at >= '0' && *at <= '9'))
			return read_number(p, at);
		return fail(p, at, "a value");
	}
}

/**
 * Reads up to and including the next complete scalar or empty container, or
 * opens a container and goes on with its first value.
 */
static const char *
read_value(struct parser *p, const char *at)
{
	while (at) {
		bool is_object;

		at = skip_blanks(p, at);
		if (at == p->end)
			return fail(p, at, "a value");
		if (LIKELY(*at == '"'))
			return read_string(p, at);
		is_object = *at == '{';
		if (!is_object && *at != '[')
			return read_scalar(p, at);
		at = open_container(
			p, at, is_object ? JSON_OBJECT : JSON_ARRAY);
		if (at == NULL)
			return NULL;
		at = skip_blanks(p, at);
		if (is_here(p, at, is_object ? '}' : ']'))
			return close_container(p, at);
		if (is_object)
			at = read_key(p, at);
	}
	return NULL;
}

/** What follows a value within a container: another one, or its end. */
static const char *
go_on(struct parser *p, const char *at, bool is_object)
{
	at = skip_blanks(p, at);
	if (is_here(p, at, ',')) {
		at++;
		if (is_object)
			at = read_key(p, at);
		return at ? read_value(p, at) : NULL;
	}
	if (is_here(p, at, is_object ? '}' : ']'))
		return close_container(p, at);
	return fail(p, at, is_object ? "',' or '}'" : "',' or ']'");
}

static bool
read_document(struct parser *p)
{
	const char *at = read_value(p, p->start);

	while (at && p->depth > 0) {
		uint32_t open = p->open[p->depth - 1];

		at = go_on(p, at, p->nodes[open].kind == JSON_OBJECT);
	}
	if (at == NULL)
		return false;
	at = skip_blanks(p, at);
	if (at < p->end)
		fail(p, at, "the end of the text");
	return at == p->end;
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
