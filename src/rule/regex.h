#pragma once
#include "base/arena.h"
#include "base/buf.h"

/*
 * Regular expressions of JavaScript's flavour (ECMA-262 §22.2), run by PCRE2.
 * What the two mean differently is translated (\s with Unicode's blanks,
 * surrogate pairs, unknown escapes, `[` in classes); what only PCRE2 knows
 * (possessive quantifiers, atomic groups, inline options, verbs) is refused,
 * as JavaScript does. Look-behind is of fixed length.
 *
 * Searching is bounded: each item that is tried costs from a budget that the
 * caller gives, so no pattern and no text can stall.
 */
enum regex_flag {
	REGEX_GLOBAL = 1,      /* g: for the caller */
	REGEX_IGNORE_CASE = 2, /* i */
	REGEX_MULTILINE = 4,   /* m */
	REGEX_DOT_ALL = 8,     /* s */
	REGEX_STICKY = 16,     /* y */
	REGEX_UNICODE = 32,    /* u: always so */
};

enum {
	REGEX_PATTERN_MAX = 4096, /* bytes */
	REGEX_REPEAT_MAX = 1000,  /* in {n} */
	REGEX_GROUPS_MAX = 100,
};

struct regex;

/** Flags by their letters; false when one is none or stands twice. */
bool regex_read_flags(struct str letters, unsigned *ret);

/** Compiles into `arena`. ERR_INVALID with the reason in `why`. */
enum err regex_compile(struct str pattern, unsigned flags, struct arena *arena,
	const struct regex **ret, struct buf *why) MUST_USE;

/** How many groups it has, and the name of one (from 1), or empty. */
size_t regex_groups(const struct regex *regex);
struct str regex_group_name(const struct regex *regex, size_t group);

/** What was found: bytes of the text; group 0 is all of it. */
struct regex_match {
	size_t start[REGEX_GROUPS_MAX + 1]; /* SIZE_MAX: did not take part */
	size_t end[REGEX_GROUPS_MAX + 1];
};

/**
 * Searches `text` (UTF-8) from a byte on. ERR_NOT_FOUND; ERR_LIMIT when the
 * budget `*steps` is used up, which is then 0.
 */
enum err regex_search(const struct regex *regex, struct str text, size_t from,
	size_t *steps, struct regex_match *ret) MUST_USE;

/** Where the search for the next one begins; behind an empty match one on. */
size_t regex_next(struct str text, const struct regex_match *match);
