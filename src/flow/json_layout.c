#include "flow/json_layout.h"

struct layout {
	struct buf *out;
	struct str unit; /* of an indent */
	size_t depth;
};

static void
new_line(struct layout *layout)
{
	buf_append_char(layout->out, '\n');
	for (size_t i = 0; i < layout->depth; i++)
		buf_append(layout->out, layout->unit);
}

/** The string at the start of `text`, with its quotes. */
static struct str
string_at(struct str text)
{
	size_t at = 1;

	while (at < text.len && text.ptr[at] != '"')
		at += text.ptr[at] == '\\' ? 2 : 1;
	return str_head(text, at + 1);
}

/** What compact JSON looks like with the next character or string. */
static size_t
lay_out_one(struct layout *layout, struct str text)
{
	char c = text.ptr[0];
	bool is_closed_at_once =
		text.len > 1 && (text.ptr[1] == '}' || text.ptr[1] == ']');

	if (c == '"') {
		struct str string = string_at(text);

		buf_append(layout->out, string);
		return string.len;
	}
	if ((c == '{' || c == '[') && is_closed_at_once) {
		buf_append(layout->out, str_head(text, 2));
		return 2;
	}
	if (c == '}' || c == ']') {
		layout->depth--;
		new_line(layout);
	}
	buf_append_char(layout->out, c);
	if (c == '{' || c == '[') {
		layout->depth++;
		new_line(layout);
	}
	if (c == ',')
		new_line(layout);
	if (c == ':')
		buf_append_char(layout->out, ' ');
	return 1;
}

static struct str
indent(struct str space)
{
	if (str_equal(space, STR("tab")))
		return STR("\t");
	if (str_equal(space, STR("2")))
		return STR("  ");
	return str_equal(space, STR("4")) ? STR("    ") : STR("");
}

enum err
json_layout_append(struct buf *out, struct value value, struct str space)
{
	CLEANUP(buf_release) struct buf compact = buf_make(out->max);
	struct layout layout = {.out = out, .unit = indent(space)};
	struct str text;

	value_append_json(&compact, value, VALUE_JSON_PLAIN);
	if (buf_is_overflown(&compact))
		return ERR_LIMIT;
	text = buf_str(&compact);
	if (layout.unit.len == 0)
		return buf_append(out, text);
	while (text.len && !buf_is_overflown(out))
		text = str_skip(text, lay_out_one(&layout, text));
	return buf_is_overflown(out) ? ERR_LIMIT : ERR_OK;
}
