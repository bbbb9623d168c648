#include "base/ascii.h"
#include "rule/filter_text.h"
#include "rule/regex_replace.h"
#include "rule/template_text.h"
#include "rule/text_unit.h"

/* Functions that put something else into a text, or nothing. */

/* ---- regular expressions ---- */

static struct value
replace_pattern(struct template_run *run, struct str text, struct str pattern,
	unsigned flags, struct str with)
{
	CLEANUP(buf_release) struct buf out = template_run_buf(run);
	CLEANUP(buf_release) struct buf why = {0};
	const struct regex *regex;
	enum err err;

	if (!template_run_bytes(run, pattern.len * 64))
		return value_empty();
	if (regex_compile(pattern, flags, run->arena, &regex, &why))
		return template_run_fail(run,
			"this is no regular expression: %s", buf_text(&why));
	err = regex_replace(regex, text, with, (flags & REGEX_GLOBAL) != 0,
		&run->steps_left, &out, &why);
	if (err == ERR_INVALID)
		return template_run_fail(run, "%s", buf_text(&why));
	if (err && !buf_is_overflown(&out))
		template_run_steps(run, SIZE_MAX);
	return template_run_text(run, &out);
}

/** /pattern/flags; an empty pattern is none, for the sake of "//". */
static bool
is_pattern(struct str search, struct str *pattern, unsigned *flags)
{
	size_t last = search.len;

	if (search.len < 3 || search.ptr[0] != '/')
		return false;
	while (search.ptr[--last] != '/')
		;
	*pattern = str_make(search.ptr + 1, last > 1 ? last - 1 : 0);
	return last > 1 && regex_read_flags(str_skip(search, last + 1), flags);
}

/* ---- texts ---- */

static struct value
replace_text(struct template_run *run, struct str text, struct str search,
	struct str with)
{
	CLEANUP(buf_release) struct buf out = template_run_buf(run);

	if (search.len == 0)
		return value_text(text);
	while (text.len && !run->err) {
		size_t at = str_find(text, search);

		if (at == SIZE_MAX)
			break;
		buf_append(&out, str_head(text, at));
		buf_append(&out, with);
		text = str_skip(text, at + search.len);
		template_run_steps(run, 1);
	}
	buf_append(&out, text);
	return template_run_text(run, &out);
}

struct value
template_text_replace(
	struct template_run *run, const struct value *args, size_t count)
{
	struct str text, search, with, pattern;
	unsigned flags;

	(void)count;
	if (!template_run_to_text(run, args[0], &text) ||
		!template_run_to_text(run, args[1], &search) ||
		!template_run_to_text(run, args[2], &with))
		return value_empty();
	if (is_pattern(search, &pattern, &flags))
		return replace_pattern(run, text, pattern, flags, with);
	return replace_text(run, text, search, with);
}

/** The pattern stands without slashes, or with them; all are replaced. */
struct value
template_text_replace_pattern(
	struct template_run *run, const struct value *args, size_t count)
{
	struct str text, pattern, with;
	unsigned flags = REGEX_GLOBAL;

	(void)count;
	if (!template_run_to_text(run, args[0], &text) ||
		!template_run_to_text(run, args[1], &pattern) ||
		!template_run_to_text(run, args[2], &with))
		return value_empty();
	is_pattern(pattern, &pattern, &flags);
	return replace_pattern(run, text, pattern, flags, with);
}

/* ---- emoji ---- */

enum { JOINER = 0x200D, KEYCAP = 0x20E3, SELECTOR = 0xFE0F };

static bool
is_flag_letter(uint32_t c)
{
	return c >= 0x1F1E6 && c <= 0x1F1FF;
}

static size_t
decode(struct str text, uint32_t *ret)
{
	*ret = 0;
	return text.len ? filter_text_decode(text, ret) : 0;
}

/** A digit, # or * with a keycap behind it. */
static size_t
keycap_len(struct str text)
{
	size_t len = 1;
	uint32_t c;

	if (!text.len || (!ascii_is_digit(text.ptr[0]) && text.ptr[0] != '#' &&
				 text.ptr[0] != '*'))
		return 0;
	len += decode(str_skip(text, len), &c) * (size_t)(c == SELECTOR);
	decode(str_skip(text, len), &c);
	return c == KEYCAP ? len + 3 : 0;
}

/** The picture at the start of the text with all that belongs to it. */
static size_t
emoji_len(struct str text)
{
	uint32_t c, next;
	size_t len = decode(text, &c);
	size_t step;

	if (!text_unit_is_emoji(c))
		return keycap_len(text);
	step = decode(str_skip(text, len), &next);
	if (is_flag_letter(c) && is_flag_letter(next))
		return len + step;
	for (;;) {
		step = decode(str_skip(text, len), &next);
		if (step && text_unit_is_emoji_part(next)) {
			len += step;
			continue;
		}
		if (next != JOINER)
			return len;
		len += step;
		step = decode(str_skip(text, len), &next);
		if (!text_unit_is_emoji(next))
			return len;
		len += step;
	}
}

struct value
template_text_replace_emoji(
	struct template_run *run, const struct value *args, size_t count)
{
	CLEANUP(buf_release) struct buf out = template_run_buf(run);
	struct str text, with;

	(void)count;
	if (!template_run_to_text(run, args[0], &text) ||
		!template_run_to_text(run, args[1], &with) ||
		!template_run_steps(run, text.len / 8))
		return value_empty();
	while (text.len) {
		size_t len = emoji_len(text);
		uint32_t c;

		if (len) {
			buf_append(&out, with);
		} else {
			len = filter_text_decode(text, &c);
			buf_append(&out, str_head(text, len));
		}
		text = str_skip(text, len);
	}
	return template_run_text(run, &out);
}

/* ---- HTML ---- */

/** The tag, comment or declaration at the start of the text; 0: none. */
static size_t
tag_len(struct str text)
{
	char c = text.len > 1 ? text.ptr[1] : '\0';
	char quote = '\0';

	if (str_starts_with(text, STR("<!--"))) {
		size_t end = str_find(str_skip(text, 4), STR("-->"));

		return end == SIZE_MAX ? text.len : end + 7;
	}
	if (!ascii_is_letter(c) && c != '/' && c != '!' && c != '?')
		return 0;
	for (size_t i = 1; i < text.len; i++) {
		c = text.ptr[i];
		if (quote)
			quote = c == quote ? '\0' : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '>')
			return i + 1;
	}
	return 0;
}

struct value
template_text_strip_html(
	struct template_run *run, const struct value *args, size_t count)
{
	CLEANUP(buf_release) struct buf out = template_run_buf(run);
	struct str text;

	(void)count;
	if (!template_run_to_text(run, args[0], &text))
		return value_empty();
	while (text.len && !run->err) {
		size_t plain = str_find_char(text, '<');
		size_t len;

		if (plain == SIZE_MAX)
			break;
		buf_append(&out, str_head(text, plain));
		text = str_skip(text, plain);
		len = tag_len(text);
		if (len == 0) {
			buf_append_char(&out, '<');
			len = 1;
			/* It was looked for to the end. */
			template_run_steps(run, text.len / 16);
		}
		text = str_skip(text, len);
	}
	buf_append(&out, text);
	return template_run_text(run, &out);
}
