#include "base/ascii.h"
#include "flow/xml.h"

struct writing {
	struct buf *out;
	struct buf *why;
	struct arena arena; /* of texts in hand */
};

/** XML 1.0 §2.3, with all beyond ASCII taken for letters. */
static bool
is_name(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		bool starts = ascii_is_letter(c) || c == '_' || (c & 0x80);

		if (!starts && (i == 0 || (!ascii_is_digit(c) && c != '-' &&
						  c != '.' && c != ':')))
			return false;
	}
	return name.len > 0;
}

static enum err
check_name(struct writing *writing, struct str name)
{
	if (is_name(name))
		return ERR_OK;
	buf_printf(writing->why, "\"%.*s\" cannot be a name in XML",
		STR_ARG(str_head(name, 100)));
	return ERR_INVALID;
}

static void
append_text(struct buf *out, struct str text, bool is_attribute)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		switch (c) {
		case '&': buf_append(out, STR("&amp;")); break;
		case '<': buf_append(out, STR("&lt;")); break;
		case '>': buf_append(out, STR("&gt;")); break;
		case '\r': buf_append(out, STR("&#13;")); break;
		case '"':
			buf_append(
				out, is_attribute ? STR("&quot;") : STR("\""));
			break;
		case '\n':
		case '\t':
			if (is_attribute)
				buf_printf(out, "&#%d;", c);
			else
				buf_append_char(out, c);
			break;
		default:
			/* XML 1.0 has no other control characters. */
			if ((unsigned char)c >= 0x20)
				buf_append_char(out, c);
			break;
		}
	}
}

static enum err
write_text(struct writing *writing, struct value value, bool is_attribute)
{
	struct str text;

	arena_reset(&writing->arena);
	if (value_to_text(value, &writing->arena, &text)) {
		buf_printf(writing->why, "a %s has no text",
			value_kind_name(value));
		return ERR_INVALID;
	}
	append_text(writing->out, text, is_attribute);
	return ERR_OK;
}

static enum err
write_attributes(struct writing *writing, struct value attributes)
{
	enum err err = ERR_OK;

	if (attributes.kind != VALUE_COLLECTION)
		return ERR_OK;
	for (size_t i = 0; i < attributes.as.collection.count && !err; i++) {
		const struct value_member *member =
			&attributes.as.collection.members[i];

		err = check_name(writing, member->key);
		if (err)
			break;
		buf_printf(writing->out, " %.*s=\"", STR_ARG(member->key));
		err = write_text(writing, member->value, true);
		buf_append_char(writing->out, '"');
	}
	return err;
}

static enum err write_elements(
	struct writing *writing, struct str name, struct value value);

static enum err
write_content(struct writing *writing, struct value value)
{
	enum err err;

	if (value.kind != VALUE_COLLECTION)
		return write_text(writing, value, false);
	err = write_text(writing, value_member(value, STR("_value")), false);
	for (size_t i = 0; i < value.as.collection.count && !err; i++) {
		const struct value_member *member =
			&value.as.collection.members[i];

		if (!xml_is_own(member->key))
			err = write_elements(
				writing, member->key, member->value);
	}
	return err;
}

static enum err
write_element(struct writing *writing, struct str name, struct value value)
{
	enum err err = check_name(writing, name);

	if (err)
		return err;
	buf_printf(writing->out, "<%.*s", STR_ARG(name));
	if (value.kind == VALUE_COLLECTION)
		err = write_attributes(
			writing, value_member(value, STR("_attributes")));
	buf_append_char(writing->out, '>');
	if (!err)
		err = write_content(writing, value);
	buf_printf(writing->out, "</%.*s>", STR_ARG(name));
	return err;
}

/** An array is an element for each of its items. */
static enum err
write_elements(struct writing *writing, struct str name, struct value value)
{
	enum err err = ERR_OK;

	if (value.kind != VALUE_ARRAY)
		return write_element(writing, name, value);
	for (size_t i = 0; i < value.as.array.count && !err; i++) {
		if (value.as.array.items[i].kind == VALUE_ARRAY) {
			buf_append(writing->why,
				STR("an array in an array has no name"));
			return ERR_INVALID;
		}
		err = write_element(writing, name, value.as.array.items[i]);
	}
	return err;
}

static bool
is_root(struct value value)
{
	return value.kind == VALUE_COLLECTION &&
	       value.as.collection.count == 1 &&
	       value.as.collection.members[0].value.kind != VALUE_ARRAY &&
	       !xml_is_own(value.as.collection.members[0].key);
}

/* The recursion is bounded by the height that values can have. */
enum err
xml_write(struct value value, struct buf *out, struct buf *why)
{
	struct writing writing = {.out = out, .why = why};
	enum err err;

	buf_append(out, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"));
	if (is_root(value))
		err = write_element(&writing,
			value.as.collection.members[0].key,
			value.as.collection.members[0].value);
	else
		err = write_element(&writing, STR("root"), value);
	arena_release(&writing.arena);
	if (!err && buf_is_overflown(out)) {
		buf_append(why, STR("the document is too long"));
		err = ERR_LIMIT;
	}
	return err;
}
