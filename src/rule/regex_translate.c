#include "rule/regex_translate.h"

#include <stdio.h>

#include "base/ascii.h"
#include "rule/regex.h"

/* White space beyond what \s is to PCRE2 without its Unicode properties. */
#define BLANKS \
	"\\s\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}" \
	"\\x{205F}\\x{3000}\\x{FEFF}"

struct translation {
	struct str left;
	struct buf *out;
	struct buf *why;
	size_t at; /* characters done, for messages */
	bool in_class;
	bool after_quantifier;
	enum err err;
};

static void
refuse(struct translation *t, const char *what)
{
	if (t->err)
		return;
	t->err = ERR_INVALID;
	buf_printf(t->why, "%s, at its character %zu", what, t->at + 1);
}

/** Takes bytes of the pattern and gives them, or others instead. */
static void
give(struct translation *t, size_t taken, struct str given)
{
	t->left = str_skip(t->left, taken);
	t->at += taken;
	buf_append(t->out, given);
}

static void
copy(struct translation *t, size_t len)
{
	give(t, len, str_head(t->left, len));
}

/* ---- escapes ---- */

/** \uXXXX at the start of `text`; -1: it is none. */
static long
read_unit(struct str text)
{
	long unit = 0;

	if (text.len < 6 || text.ptr[0] != '\\' || text.ptr[1] != 'u')
		return -1;
	for (size_t i = 2; i < 6; i++) {
		int digit = ascii_hex_value(text.ptr[i]);

		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

static void
give_code_point(struct translation *t, size_t taken, long c)
{
	char text[16];

	snprintf(text, sizeof(text), "\\x{%lX}", (unsigned long)c);
	give(t, taken, str_of(text));
}

/** \u{X…} */
static bool
take_braced(struct translation *t)
{
	size_t len = str_find_char(t->left, '}');
	long c = 0;

	if (t->left.len < 4 || t->left.ptr[2] != '{' || len == SIZE_MAX ||
		len < 4 || len > 9)
		return false;
	for (size_t i = 3; i < len; i++) {
		int digit = ascii_hex_value(t->left.ptr[i]);

		if (digit < 0)
			return false;
		c = c * 16 + digit;
	}
	if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		return false;
	give_code_point(t, len + 1, c);
	return true;
}

static void
take_unicode(struct translation *t)
{
	long high = read_unit(t->left);
	long low = read_unit(str_skip(t->left, 6));

	if (take_braced(t))
		return;
	if (high < 0)
		give(t, 2, STR("u"));
	else if (high < 0xD800 || high > 0xDFFF)
		give_code_point(t, 6, high);
	else if (high < 0xDC00 && low >= 0xDC00 && low <= 0xDFFF)
		give_code_point(t, 12,
			0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
	else
		refuse(t, "half of a surrogate pair matches nothing");
}

static void
take_hex(struct translation *t)
{
	if (t->left.len >= 4 && ascii_hex_value(t->left.ptr[2]) >= 0 &&
		ascii_hex_value(t->left.ptr[3]) >= 0)
		copy(t, 4);
	else
		give(t, 2, STR("x"));
}

/** A property in braces, as PCRE2 spells it too, apart from its long forms. */
static void
take_property(struct translation *t)
{
	size_t len = str_find_char(t->left, '}');

	if (t->left.len > 2 && t->left.ptr[2] == '{' && len != SIZE_MAX)
		copy(t, len + 1);
	else
		give(t, 2, str_make(t->left.ptr + 1, 1));
}

static void
take_escape(struct translation *t)
{
	char c = t->left.len > 1 ? t->left.ptr[1] : '\0';

	t->after_quantifier = false;
	if (t->left.len == 1) {
		refuse(t, "a backslash at the end");
	} else if (c == 'u') {
		take_unicode(t);
	} else if (c == 'x') {
		take_hex(t);
	} else if (c == 'p' || c == 'P') {
		take_property(t);
	} else if (c == 's') {
		give(t, 2, t->in_class ? STR(BLANKS) : STR("[" BLANKS "]"));
	} else if (c == 'S' && !t->in_class) {
		give(t, 2, STR("[^" BLANKS "]"));
	} else if (c == 'v') {
		give(t, 2, STR("\\x0B"));
	} else if (ascii_is_letter(c) && strchr("bBdDwWSnrtfck", c) == NULL) {
		/* What is no escape in JavaScript stands for itself. */
		give(t, 2, str_make(&c, 1));
	} else {
		copy(t, 2);
	}
}

/* ---- groups and quantifiers ---- */

static const char *const group_starts[] = {"(?:", "(?=", "(?!", "(?<=", "(?<!"};

static void
take_group(struct translation *t)
{
	t->after_quantifier = false;
	if (!str_starts_with(t->left, STR("(?"))) {
		if (str_starts_with(t->left, STR("(*")))
			refuse(t, "nothing to repeat");
		copy(t, 1);
		return;
	}
	for (size_t i = 0; i < COUNT_OF(group_starts); i++) {
		if (str_starts_with(t->left, str_of(group_starts[i]))) {
			copy(t, strlen(group_starts[i]));
			return;
		}
	}
	if (str_starts_with(t->left, STR("(?<")))
		copy(t, 3);
	else
		refuse(t, "a group of an unknown kind");
}

/** {n}, {n,}, {n,m}: its length; 0: these are just braces. */
static size_t
braces_len(struct translation *t)
{
	size_t len = str_find_char(t->left, '}');
	size_t commas = 0;
	long number = 0;

	if (len == SIZE_MAX || len < 2 || !ascii_is_digit(t->left.ptr[1]))
		return 0;
	for (size_t i = 1; i < len; i++) {
		char c = t->left.ptr[i];

		if (c == ',' && commas++ == 0) {
			number = 0;
			continue;
		}
		if (!ascii_is_digit(c))
			return 0;
		number = number * 10 + (c - '0');
		if (number > REGEX_REPEAT_MAX) {
			refuse(t, "a count above 1000");
			return 0;
		}
	}
	return len + 1;
}

static void
take_quantifier(struct translation *t, size_t len)
{
	if (t->after_quantifier)
		refuse(t, "nothing to repeat");
	copy(t, len);
	t->after_quantifier = true;
	/* Lazy, which is no second quantifier. */
	if (t->left.len && t->left.ptr[0] == '?')
		copy(t, 1);
}

static void
take_outside(struct translation *t, char c)
{
	size_t len;

	if (c == '(') {
		take_group(t);
		return;
	}
	if (c == '*' || c == '+' || c == '?') {
		take_quantifier(t, 1);
		return;
	}
	len = c == '{' ? braces_len(t) : 0;
	if (len) {
		take_quantifier(t, len);
		return;
	}
	t->after_quantifier = false;
	t->in_class = c == '[';
	/* Behind `[` a `]` ends the class in JavaScript. */
	if (str_starts_with(t->left, STR("[^]")))
		copy(t, 2);
	else if (c == '{')
		give(t, 1, STR("\\{"));
	else
		copy(t, 1);
}

enum err
regex_translate(struct str pattern, struct buf *out, struct buf *why)
{
	struct translation t = {.left = pattern, .out = out, .why = why};

	while (t.left.len && !t.err) {
		char c = t.left.ptr[0];

		if (c == '\\') {
			take_escape(&t);
		} else if (!t.in_class) {
			take_outside(&t, c);
		} else {
			t.in_class = c != ']';
			give(&t, 1,
				c == '[' ? STR("\\[") : str_head(t.left, 1));
		}
	}
	if (t.err)
		return t.err;
	return buf_is_overflown(out) ? ERR_LIMIT : ERR_OK;
}
