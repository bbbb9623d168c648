#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"
#include "base/err.h"

/*
 * Borrowed bytes, passed by value. Not NUL-terminated unless a function says
 * so; may hold any byte. `ptr` may be NULL only when `len` is 0.
 */
struct str {
	const char *ptr;
	size_t len;
};

/** A string literal as a constant: STR("type"). */
#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
/** The same for static initialisers. */
#define STR_INIT(literal) \
	{ \
		"" literal, sizeof(literal) - 1 \
	}
/** printf: "%.*s", STR_ARG(s). */
#define STR_ARG(s) (int)(s).len, (s).ptr ? (s).ptr : ""

static inline struct str
str_make(const char *ptr, size_t len)
{
	return (struct str){ptr, len};
}

/** The bytes of a NUL-terminated text; NULL gives the empty string. */
static inline struct str
str_of(const char *text)
{
	return (struct str){text, text ? strlen(text) : 0};
}

static inline bool
str_equal(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || !memcmp(a.ptr, b.ptr, a.len));
}

static inline bool
str_is_empty(struct str s)
{
	return s.len == 0;
}

/** `s` without its first `count` bytes (all of them if there are fewer). */
static inline struct str
str_skip(struct str s, size_t count)
{
	if (count > s.len)
		count = s.len;
	return (struct str){s.len ? s.ptr + count : s.ptr, s.len - count};
}

/** At most the first `count` bytes of `s`. */
static inline struct str
str_head(struct str s, size_t count)
{
	return (struct str){s.ptr, count < s.len ? count : s.len};
}

/** str_equal_nocase() of texts of the same length. */
bool str_same_letters(const char *a, const char *b, size_t len);

/** ASCII letters compare without case; all other bytes as they are. */
static inline bool
str_equal_nocase(struct str a, struct str b)
{
	if (a.len != b.len || a.len == 0)
		return a.len == b.len;
	/* Most that differ do so in the first letter, by more than its case. */
	return ((a.ptr[0] ^ b.ptr[0]) & ~('a' ^ 'A')) == 0 &&
	       str_same_letters(a.ptr, b.ptr, a.len);
}

/** Byte order, shorter first on a tie: <0, 0, >0. */
int str_compare(struct str a, struct str b);

bool str_starts_with(struct str s, struct str prefix);
bool str_ends_with(struct str s, struct str suffix);

/** Index of the first `needle`, or SIZE_MAX. An empty needle is at 0. */
size_t str_find(struct str s, struct str needle);

/** Index of the first byte `c`, or SIZE_MAX. */
size_t str_find_char(struct str s, char c);

/** Without leading and trailing SP, TAB, CR, LF. */
struct str str_trim(struct str s);

/**
 * Takes the part before the first `separator` off the front of `*rest` and
 * returns it; `*rest` is what follows the separator. Without a separator all
 * of it is returned and `*rest` becomes empty with a NULL pointer, so a loop
 * `while (rest.ptr != NULL)` sees every part, empty ones included.
 */
struct str str_split(struct str *rest, char separator);

/** A decimal number with no sign, blank or overflow; else ERR_INVALID. */
enum err str_to_u64(struct str s, uint64_t *ret) MUST_USE;

/** The same with an optional leading '-'. */
enum err str_to_i64(struct str s, int64_t *ret) MUST_USE;

enum { STR_DECIMAL_SIZE = 32 };

/** A decimal number of at least `digits` digits, at the end of `text`. */
struct str str_decimal(
	uint64_t value, size_t digits, char text[STR_DECIMAL_SIZE]);

/** Whether one of C0 or DEL is in it: a NUL, a tab, the end of a line. */
bool str_has_control(struct str s);

/** tchars of RFC 9110 §5.6.2, one at least: a header's name. */
bool str_is_token(struct str s);

/** How many code points well-formed UTF-8 has. */
size_t str_characters(struct str s);

/** Well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates). */
bool str_is_utf8(struct str s);
