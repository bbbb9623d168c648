#include "flow/multipart_read.h"

/* ---- parameters of a header (RFC 9110 §5.6.6) ---- */

/** Without the backslashes before quotes. */
static struct str
unescape(struct str text, struct arena *arena)
{
	char *out = arena_alloc_raw(arena, text.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '\\' && i + 1 < text.len &&
			text.ptr[i + 1] == '"')
			i++;
		out[len++] = text.ptr[i];
	}
	return str_make(out, len);
}

/**
 * Takes a quoted text off `*rest`, which is behind its first quote. Only a
 * quote can be escaped: browsers leave backslashes as they are, and they are
 * in file names of Windows.
 */
static bool
take_quoted(struct str *rest, struct arena *arena, struct str *ret)
{
	bool has_escape = false;

	for (size_t i = 0; i < rest->len; i++) {
		if (rest->ptr[i] == '\\' && i + 1 < rest->len &&
			rest->ptr[i + 1] == '"') {
			has_escape = true;
			i++;
		} else if (rest->ptr[i] == '"') {
			*ret = str_head(*rest, i);
			*rest = str_skip(*rest, i + 1);
			if (has_escape)
				*ret = unescape(*ret, arena);
			return true;
		}
	}
	return false;
}

static bool
take_value(struct str *rest, struct arena *arena, struct str *ret)
{
	if (rest->len > 0 && rest->ptr[0] == '"') {
		*rest = str_skip(*rest, 1);
		return take_quoted(rest, arena, ret);
	}
	*ret = str_head(*rest, str_find_char(*rest, ';'));
	*rest = str_skip(*rest, ret->len);
	*ret = str_trim(*ret);
	return true;
}

/** The parameter of that name behind the value's first `;`. */
static bool
find_parameter(
	struct str value, struct str name, struct arena *arena, struct str *ret)
{
	struct str rest = value;

	rest = str_skip(rest, str_find_char(rest, ';'));
	while (rest.len > 0) {
		struct str key, text;

		rest = str_trim(str_skip(rest, 1));
		key = str_head(rest, str_find_char(rest, '='));
		if (key.len == rest.len)
			return false;
		rest = str_skip(rest, key.len + 1);
		if (!take_value(&rest, arena, &text))
			return false;
		if (str_equal_nocase(str_trim(key), name)) {
			*ret = text;
			return true;
		}
		rest = str_skip(rest, str_find_char(rest, ';'));
	}
	return false;
}

enum err
multipart_boundary(
	struct str content_type, struct arena *arena, struct str *ret)
{
	struct str boundary;

	if (!find_parameter(content_type, STR("boundary"), arena, &boundary) ||
		boundary.len == 0 || boundary.len > MULTIPART_BOUNDARY_MAX ||
		str_has_control(boundary))
		return ERR_INVALID;
	*ret = boundary;
	return ERR_OK;
}

/* ---- parts ---- */

static enum err
refuse(struct buf *why, size_t part, enum err err, const char *what)
{
	buf_printf(why, "multipart: part %zu: %s", part + 1, what);
	return err;
}

/** A header line of a part; those not known are passed over. */
static bool
read_line(struct str line, struct arena *arena, struct multipart_part *part)
{
	struct str name = str_trim(str_split(&line, ':'));
	struct str value = str_trim(line);

	if (line.ptr == NULL)
		return false;
	if (str_equal_nocase(name, STR("Content-Type")))
		part->mime = value;
	if (!str_equal_nocase(name, STR("Content-Disposition")))
		return true;
	if (!str_equal_nocase(
		    str_trim(str_head(value, str_find_char(value, ';'))),
		    STR("form-data")))
		return false;
	part->is_file =
		find_parameter(value, STR("filename"), arena, &part->filename);
	return find_parameter(value, STR("name"), arena, &part->name);
}

/** Takes the header lines off `*rest`, up to the empty one. */
static enum err
read_head(struct str *rest, size_t number, struct arena *arena,
	struct multipart_part *part, struct buf *why)
{
	struct str head = str_head(*rest, MULTIPART_HEAD_MAX);
	size_t len = str_find(head, STR("\r\n\r\n"));
	struct str lines;

	if (len == SIZE_MAX)
		return refuse(why, number,
			rest->len > MULTIPART_HEAD_MAX ? ERR_LIMIT
						       : ERR_INVALID,
			"its head does not end");
	lines = str_head(head, len);
	*rest = str_skip(*rest, len + 4);
	while (lines.ptr != NULL) {
		struct str line = str_split(&lines, '\n');

		if (!read_line(str_trim(line), arena, part))
			return refuse(why, number, ERR_INVALID,
				"expected Content-Disposition: form-data; "
				"name=\"…\"");
	}
	if (part->name.ptr == NULL)
		return refuse(why, number, ERR_INVALID, "it has no name");
	return ERR_OK;
}

/**
 * What follows a boundary: "--" is the end, a new line (after blanks) another
 * part.
 */
static enum err
take_tail(struct str *rest, size_t number, bool *ret_is_end, struct buf *why)
{
	*ret_is_end = str_starts_with(*rest, STR("--"));
	if (*ret_is_end)
		return ERR_OK;
	while (rest->len > 0 && (rest->ptr[0] == ' ' || rest->ptr[0] == '\t'))
		*rest = str_skip(*rest, 1);
	if (!str_starts_with(*rest, STR("\r\n")))
		return refuse(why, number, ERR_INVALID,
			"expected the end of the line behind its boundary");
	*rest = str_skip(*rest, 2);
	return ERR_OK;
}

/** Every part's data ends before "\r\n--boundary". */
static enum err
read_parts(struct str rest, struct str delimiter, struct arena *arena,
	struct multipart_list *ret, struct buf *why)
{
	struct multipart_part *parts = NULL;
	size_t count = 0, cap = 0;

	for (;;) {
		bool is_end;
		size_t len;
		enum err err = take_tail(&rest, count, &is_end, why);

		if (err || is_end) {
			*ret = (struct multipart_list){parts, count};
			return err;
		}
		if (count == MULTIPART_PARTS_MAX)
			return refuse(why, count, ERR_LIMIT, "too many parts");
		if (count == cap) {
			struct multipart_part *former = parts;

			cap = cap ? cap * 2 : 8;
			parts = arena_alloc_array(arena, cap, sizeof(*parts));
			if (count)
				memcpy(parts, former, count * sizeof(*parts));
		}
		err = read_head(&rest, count, arena, &parts[count], why);
		if (err)
			return err;
		len = str_find(rest, delimiter);
		if (len == SIZE_MAX)
			return refuse(why, count, ERR_INVALID,
				"it does not end with the boundary");
		parts[count++].data = str_head(rest, len);
		rest = str_skip(rest, len + delimiter.len);
	}
}

enum err
multipart_read(struct str body, struct str boundary, struct arena *arena,
	struct multipart_list *ret, struct buf *why)
{
	struct str delimiter =
		arena_printf(arena, "\r\n--%.*s", STR_ARG(boundary));
	struct str first = str_skip(delimiter, 2);
	size_t at;

	*ret = (struct multipart_list){0};
	/* What stands before the first boundary does not count. */
	if (str_starts_with(body, first))
		return read_parts(
			str_skip(body, first.len), delimiter, arena, ret, why);
	at = str_find(body, delimiter);
	if (at == SIZE_MAX) {
		buf_append(why, STR("multipart: the boundary is nowhere in the "
				    "body"));
		return ERR_INVALID;
	}
	return read_parts(
		str_skip(body, at + delimiter.len), delimiter, arena, ret, why);
}
