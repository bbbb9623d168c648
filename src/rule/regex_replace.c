#include "rule/regex_replace.h"

#include "base/ascii.h"

/* What a match costs beside its search. */
enum { STEPS_OF_MATCH = 8 };

struct replacement {
	const struct regex *regex;
	struct str text;
	struct str with;
	struct buf *out;
	struct buf *why;
	enum err err;
};

static void
append_group(struct replacement *r, const struct regex_match *match, size_t n)
{
	if (match->start[n] != SIZE_MAX)
		buf_append(r->out, str_make(r->text.ptr + match->start[n],
					   match->end[n] - match->start[n]));
}

/** $1 to $99, if there is such a group: how many bytes it takes; 0: none. */
static size_t
group_number(const struct replacement *r, struct str at, size_t *ret)
{
	size_t groups = regex_groups(r->regex);
	size_t one, two;

	if (at.len < 2 || !ascii_is_digit(at.ptr[1]))
		return 0;
	one = (size_t)(at.ptr[1] - '0');
	if (at.len > 2 && ascii_is_digit(at.ptr[2])) {
		two = one * 10 + (size_t)(at.ptr[2] - '0');
		if (two >= 1 && two <= groups) {
			*ret = two;
			return 3;
		}
	}
	*ret = one;
	return one >= 1 && one <= groups ? 2 : 0;
}

/** What stands for `$…` at the start of `at`: how many bytes it takes. */
static size_t
append_reference(
	struct replacement *r, const struct regex_match *match, struct str at)
{
	char c = at.len > 1 ? at.ptr[1] : '\0';
	size_t group;
	size_t len = group_number(r, at, &group);

	if (len) {
		append_group(r, match, group);
		return len;
	}
	switch (c) {
	case '$': buf_append_char(r->out, '$'); return 2;
	case '&': append_group(r, match, 0); return 2;
	case '`':
		buf_append(r->out, str_head(r->text, match->start[0]));
		return 2;
	case '\'':
		buf_append(r->out, str_skip(r->text, match->end[0]));
		return 2;
	case '<':
		r->err = ERR_INVALID;
		buf_append(r->why,
			STR("a replacement refers to groups by number ($1), "
			    "not by name"));
		return at.len;
	default: break;
	}
	buf_append_char(r->out, '$');
	return 1;
}

static void
append_replacement(struct replacement *r, const struct regex_match *match)
{
	struct str left = r->with;

	while (left.len && !r->err) {
		size_t plain = str_find_char(left, '$');

		if (plain == SIZE_MAX)
			plain = left.len;
		buf_append(r->out, str_head(left, plain));
		left = str_skip(left, plain);
		if (left.len)
			left = str_skip(left, append_reference(r, match, left));
		if (buf_is_overflown(r->out))
			r->err = ERR_LIMIT;
	}
}

static void
spend(struct replacement *r, size_t *steps)
{
	if (*steps < STEPS_OF_MATCH) {
		*steps = 0;
		r->err = ERR_LIMIT;
		return;
	}
	*steps -= STEPS_OF_MATCH;
}

enum err
regex_replace(const struct regex *regex, struct str text, struct str with,
	bool is_global, size_t *steps, struct buf *out, struct buf *why)
{
	struct replacement r = {.regex = regex,
		.text = text,
		.with = with,
		.out = out,
		.why = why};
	struct regex_match match;
	size_t done = 0, from = 0;

	while (from <= text.len && !r.err) {
		enum err err = regex_search(regex, text, from, steps, &match);

		if (err == ERR_LIMIT)
			return err;
		if (err)
			break;
		buf_append(
			out, str_make(text.ptr + done, match.start[0] - done));
		append_replacement(&r, &match);
		done = match.end[0];
		from = regex_next(text, &match);
		if (!is_global)
			break;
		spend(&r, steps);
	}
	buf_append(out, str_skip(text, done));
	if (!r.err && buf_is_overflown(out))
		r.err = ERR_LIMIT;
	return r.err;
}
