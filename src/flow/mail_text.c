/* The text of an HTML mail. */
#include "base/ascii.h"
#include "flow/mail_message.h"

/* Behind these tags a new line begins. */
static const char *const breaks[] = {"br", "/p", "/div", "/tr", "/li", "/h1",
	"/h2", "/h3", "/h4", "/table", "hr", "/title"};
/* What is between these is nothing to read. */
static const char *const silent[] = {"style", "script", "head"};

static const struct entity {
	const char *name, *text;
} entities[] = {
	{"&amp;", "&"},
	{"&lt;", "<"},
	{"&gt;", ">"},
	{"&quot;", "\""},
	{"&#39;", "'"},
	{"&apos;", "'"},
	{"&nbsp;", " "},
};

/** The name of the tag that begins at '<', with its slash. */
static struct str
tag_name(struct str tag)
{
	size_t end = 1;

	while (end < tag.len && (ascii_is_letter(tag.ptr[end]) ||
					ascii_is_digit(tag.ptr[end]) ||
					(end == 1 && tag.ptr[end] == '/')))
		end++;
	return str_make(tag.ptr + 1, end - 1);
}

static bool
is_among(const char *const *names, size_t count, struct str name)
{
	for (size_t i = 0; i < count; i++) {
		if (str_equal_nocase(name, str_of(names[i])))
			return true;
	}
	return false;
}

/** Index behind the closing tag of `name`. */
static size_t
skip_to_end(struct str html, struct str name)
{
	for (size_t i = 0; i < html.len; i++) {
		struct str rest = str_skip(html, i);

		if (rest.len > name.len + 2 && rest.ptr[0] == '<' &&
			rest.ptr[1] == '/' &&
			str_equal_nocase(
				str_make(rest.ptr + 2, name.len), name))
			return i + name.len + 2;
	}
	return html.len;
}

/** Takes a tag off the front. */
static struct str
take_tag(struct str html, struct buf *out)
{
	struct str name = tag_name(html);
	size_t end = str_find_char(html, '>');

	if (name.len == 0 && (html.len < 2 || html.ptr[1] != '!')) {
		buf_append_char(out, '<');
		return str_skip(html, 1);
	}
	if (is_among(silent, COUNT_OF(silent), name)) {
		html = str_skip(html, skip_to_end(html, name));
		end = str_find_char(html, '>');
	} else if (is_among(breaks, COUNT_OF(breaks), name)) {
		buf_append_char(out, '\n');
	} else if (str_equal_nocase(name, STR("/td")) ||
		   str_equal_nocase(name, STR("/th"))) {
		buf_append_char(out, ' ');
	}
	return str_skip(html, end == SIZE_MAX ? html.len : end + 1);
}

static struct str
take_entity(struct str html, struct buf *out)
{
	for (size_t i = 0; i < COUNT_OF(entities); i++) {
		struct str name = str_of(entities[i].name);

		if (!str_starts_with(html, name))
			continue;
		buf_append(out, str_of(entities[i].text));
		return str_skip(html, name.len);
	}
	buf_append_char(out, '&');
	return str_skip(html, 1);
}

/** Blanks of the source are one, and none at a line's beginning. */
static struct str
take_blank(struct str html, struct buf *out)
{
	if (out->len && out->ptr[out->len - 1] != ' ' &&
		out->ptr[out->len - 1] != '\n')
		buf_append_char(out, ' ');
	return str_skip(html, 1);
}

void
mail_html_to_text(struct str html, struct buf *out)
{
	while (html.len) {
		char c = html.ptr[0];

		if (c == '<') {
			html = take_tag(html, out);
		} else if (c == '&') {
			html = take_entity(html, out);
		} else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
			html = take_blank(html, out);
		} else {
			buf_append_char(out, c);
			html = str_skip(html, 1);
		}
	}
}
