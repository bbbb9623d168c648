#include "flow/html_text.h"

#include "base/ascii.h"
#include "rule/filter_text.h"

struct state {
	const struct html_text_options *options;
	struct buf *out;
	struct str link; /* address of the open <a> */
	unsigned pre;	 /* open <pre> elements */
	bool is_heading;
	bool is_empty;	/* nothing was said yet */
	unsigned lines; /* ends of lines that are due before the next word */
	bool has_blank; /* a blank is due */
};

/* ---- saying ---- */

static void
say(struct state *state, struct str text)
{
	if (!state->is_empty && state->lines) {
		for (unsigned i = 0; i < state->lines; i++)
			buf_append(state->out, state->options->newline);
	} else if (!state->is_empty && state->has_blank) {
		buf_append_char(state->out, ' ');
	}
	state->lines = 0;
	state->has_blank = state->is_empty = false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (state->is_heading && state->options->has_big_headings &&
			c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		buf_append_char(state->out, c);
	}
}

static void
ask_lines(struct state *state, unsigned count)
{
	if (state->lines < count)
		state->lines = count;
}

/* ---- entities ---- */

static const struct entity {
	const char *name;
	const char *text;
} entities[] = {
	{"amp", "&"},
	{"lt", "<"},
	{"gt", ">"},
	{"quot", "\""},
	{"apos", "'"},
	{"nbsp", "\xC2\xA0"},
	{"copy", "\xC2\xA9"},
	{"reg", "\xC2\xAE"},
	{"deg", "\xC2\xB0"},
	{"euro", "\xE2\x82\xAC"},
	{"hellip", "\xE2\x80\xA6"},
	{"mdash", "\xE2\x80\x94"},
	{"ndash", "\xE2\x80\x93"},
	{"lsquo", "\xE2\x80\x98"},
	{"rsquo", "\xE2\x80\x99"},
	{"ldquo", "\xE2\x80\x9C"},
	{"rdquo", "\xE2\x80\x9D"},
	{"bull", "\xE2\x80\xA2"},
	{"middot", "\xC2\xB7"},
	{"trade", "\xE2\x84\xA2"},
};

enum { ENTITY_MAX = 10 };

/** &#65; and &#x41;; false when it is none that can be. */
static bool
number_entity(struct str name, char text[4], size_t *ret_len)
{
	bool is_hex = name.len > 1 && ascii_lower(name.ptr[1]) == 'x';
	struct str digits = str_skip(name, is_hex ? 2 : 1);
	uint32_t c = 0;

	for (size_t i = 0; i < digits.len; i++) {
		int value = ascii_hex_value(digits.ptr[i]);

		if (value < 0 || (!is_hex && value > 9))
			return false;
		c = c * (is_hex ? 16 : 10) + (uint32_t)value;
		if (c > 0x10FFFF)
			return false;
	}
	if (c == 0 || (c >= 0xD800 && c <= 0xDFFF))
		return false;
	*ret_len = filter_text_encode(c, text);
	return true;
}

/** The entity at the start of the text: how long it is; 0: none. */
static size_t
say_entity(struct state *state, struct str text)
{
	size_t end = str_find_char(str_head(text, ENTITY_MAX + 2), ';');
	struct str name;
	char bytes[4];
	size_t len;

	if (end == SIZE_MAX || end < 2)
		return 0;
	name = str_make(text.ptr + 1, end - 1);
	if (name.ptr[0] == '#') {
		if (!number_entity(name, bytes, &len))
			return 0;
		say(state, str_make(bytes, len));
		return end + 1;
	}
	for (size_t i = 0; i < COUNT_OF(entities); i++) {
		if (!str_equal(name, str_of(entities[i].name)))
			continue;
		say(state, str_of(entities[i].text));
		return end + 1;
	}
	return 0;
}

/* ---- text between tags ---- */

static void
say_pre(struct state *state, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '\n')
			state->lines++;
		else if (text.ptr[i] != '\r')
			say(state, str_make(text.ptr + i, 1));
	}
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f';
}

static void
say_text(struct state *state, struct str text)
{
	while (text.len) {
		size_t at = 0;

		if (text.ptr[0] == '&') {
			at = say_entity(state, text);
			if (at == 0) {
				say(state, STR("&"));
				at = 1;
			}
			text = str_skip(text, at);
			continue;
		}
		while (at < text.len && text.ptr[at] != '&' &&
			(state->pre || !is_blank(text.ptr[at])))
			at++;
		if (state->pre)
			say_pre(state, str_head(text, at));
		else if (at)
			say(state, str_head(text, at));
		else
			state->has_blank = true;
		text = str_skip(text, at ? at : 1);
	}
}

/* ---- tags ---- */

struct tag {
	struct str name; /* lower case */
	struct str rest; /* attributes */
	bool is_end;
};

/** How long the tag or comment at the start is; 0: none. */
static size_t
read_tag(struct str text, struct arena *arena, struct tag *ret)
{
	size_t at = 1, name;
	char quote = '\0';

	*ret = (struct tag){0};
	if (str_starts_with(text, STR("<!--"))) {
		size_t end = str_find(str_skip(text, 4), STR("-->"));

		return end == SIZE_MAX ? text.len : end + 7;
	}
	ret->is_end = text.len > 1 && text.ptr[1] == '/';
	at += ret->is_end;
	name = at;
	if (at >= text.len ||
		(!ascii_is_letter(text.ptr[at]) && text.ptr[at] != '!' &&
			text.ptr[at] != '?'))
		return 0;
	while (at < text.len &&
		(ascii_is_letter(text.ptr[at]) || ascii_is_digit(text.ptr[at])))
		at++;
	ret->name =
		arena_copy_lower(arena, str_make(text.ptr + name, at - name));
	name = at;
	for (; at < text.len; at++) {
		char c = text.ptr[at];

		if (quote)
			quote = c == quote ? '\0' : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '>')
			break;
	}
	/* A tag that never ends is the rest of the text. */
	ret->rest = str_make(text.ptr + name, at - name);
	return at < text.len ? at + 1 : text.len;
}

static struct str
find_address(struct str attributes)
{
	size_t at = str_find(attributes, STR("href="));
	char quote;

	if (at == SIZE_MAX)
		return STR("");
	attributes = str_skip(attributes, at + 5);
	if (attributes.len == 0)
		return STR("");
	quote = attributes.ptr[0];
	if (quote != '"' && quote != '\'')
		return str_head(attributes, str_find_char(attributes, ' '));
	attributes = str_skip(attributes, 1);
	return str_head(attributes, str_find_char(attributes, quote));
}

static void
on_link(struct state *state, const struct tag *tag)
{
	if (!tag->is_end) {
		state->link = find_address(tag->rest);
		return;
	}
	if (state->link.len && state->link.ptr[0] != '#') {
		state->has_blank = true;
		say(state, STR("["));
		say(state, state->link);
		say(state, STR("]"));
	}
	state->link = STR("");
}

static void
on_heading(struct state *state, const struct tag *tag)
{
	ask_lines(state, 2);
	state->is_heading = !tag->is_end;
}

static void
on_paragraph(struct state *state, const struct tag *tag)
{
	(void)tag;
	ask_lines(state, 2);
}

static void
on_line(struct state *state, const struct tag *tag)
{
	(void)tag;
	ask_lines(state, 1);
}

static void
on_break(struct state *state, const struct tag *tag)
{
	(void)tag;
	state->lines++;
}

static void
on_item(struct state *state, const struct tag *tag)
{
	ask_lines(state, 1);
	if (!tag->is_end)
		say(state, STR("* "));
}

static void
on_cell(struct state *state, const struct tag *tag)
{
	(void)tag;
	state->has_blank = true;
}

static void
on_pre(struct state *state, const struct tag *tag)
{
	ask_lines(state, 2);
	if (!tag->is_end)
		state->pre++;
	else if (state->pre)
		state->pre--;
}

static const struct rule {
	const char *name;
	void (*on)(struct state *state, const struct tag *tag);
} rules[] = {
	{"a", on_link},
	{"h1", on_heading},
	{"h2", on_heading},
	{"h3", on_heading},
	{"h4", on_heading},
	{"h5", on_heading},
	{"h6", on_heading},
	{"p", on_paragraph},
	{"ul", on_paragraph},
	{"ol", on_paragraph},
	{"table", on_paragraph},
	{"blockquote", on_paragraph},
	{"hr", on_paragraph},
	{"div", on_line},
	{"section", on_line},
	{"article", on_line},
	{"header", on_line},
	{"footer", on_line},
	{"tr", on_line},
	{"li", on_item},
	{"br", on_break},
	{"td", on_cell},
	{"th", on_cell},
	{"pre", on_pre},
};

static const char *const unseen[] = {
	"script", "style", "head", "template", "title", "noscript"};

static bool
is_unseen(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(unseen); i++) {
		if (str_equal(name, str_of(unseen[i])))
			return true;
	}
	return false;
}

/** How far it is to behind `</name>`. */
static size_t
skip_element(struct str text, struct str name)
{
	for (size_t at = 0; at + name.len + 2 <= text.len; at++) {
		struct str here = str_skip(text, at);

		if (here.ptr[0] == '<' && here.ptr[1] == '/' &&
			str_equal_nocase(
				str_head(str_skip(here, 2), name.len), name))
			return at;
	}
	return text.len;
}

static size_t
take_tag(struct state *state, struct str text, struct arena *arena)
{
	struct tag tag;
	size_t len = read_tag(text, arena, &tag);

	if (len == 0) {
		say(state, STR("<"));
		return 1;
	}
	if (!tag.is_end && is_unseen(tag.name))
		return len + skip_element(str_skip(text, len), tag.name);
	for (size_t i = 0; i < COUNT_OF(rules); i++) {
		if (str_equal(tag.name, str_of(rules[i].name)))
			rules[i].on(state, &tag);
	}
	return len;
}

void
html_text(struct str html, const struct html_text_options *options,
	struct arena *arena, struct buf *out)
{
	struct state state = {.options = options, .out = out, .is_empty = true};

	while (html.len && !buf_is_overflown(out)) {
		size_t plain = str_find_char(html, '<');

		if (plain == SIZE_MAX)
			plain = html.len;
		say_text(&state, str_head(html, plain));
		html = str_skip(html, plain);
		if (html.len)
			html = str_skip(html, take_tag(&state, html, arena));
	}
}
