#include "flow/multipart.h"

#include "base/encode.h"
#include "base/random.h"
#include "flow/header_parameter.h"

enum err
multipart_boundary(
	struct str content_type, struct arena *arena, struct str *ret)
{
	if (!str_equal(header_main(content_type, arena),
		    STR("multipart/form-data")) ||
		header_parameter(content_type, STR("boundary"), arena, ret) ||
		ret->len == 0 || ret->len > MULTIPART_BOUNDARY_MAX ||
		str_has_control(*ret))
		return ERR_INVALID;
	return ERR_OK;
}

/* ---- reading ---- */

struct reading {
	struct str rest;
	struct str delimiter; /* CRLF--boundary */
	struct arena *arena;
	size_t number; /* of the part in hand, from 1 */
	struct buf *why;
};

static enum err
refuse(struct reading *reading, enum err err, const char *what)
{
	buf_printf(reading->why, "part %zu: %s", reading->number, what);
	return err;
}

/** The three escapes that browsers make in names. */
static struct str
read_name(struct str text, struct arena *arena)
{
	static const struct {
		struct str escape;
		char c;
	} escapes[] = {{STR_INIT("%22"), '"'}, {STR_INIT("%0D"), '\r'},
		{STR_INIT("%0A"), '\n'}};
	char *out = arena_alloc_raw(arena, text.len + 1);
	size_t len = 0;

	while (text.len) {
		size_t step = 1;

		out[len] = text.ptr[0];
		for (size_t i = 0; i < COUNT_OF(escapes); i++) {
			if (!str_starts_with(text, escapes[i].escape))
				continue;
			out[len] = escapes[i].c;
			step = escapes[i].escape.len;
		}
		len++;
		text = str_skip(text, step);
	}
	return str_make(out, len);
}

static void
take_header(
	struct reading *reading, struct str line, struct multipart_part *part)
{
	struct str name = str_trim(str_split(&line, ':'));
	struct str value;

	if (line.ptr == NULL)
		return;
	if (str_equal_nocase(name, STR("Content-Type")))
		part->type = str_trim(line);
	if (!str_equal_nocase(name, STR("Content-Disposition")))
		return;
	if (!header_parameter(line, STR("name"), reading->arena, &value))
		part->name = read_name(value, reading->arena);
	if (!header_parameter(line, STR("filename"), reading->arena, &value)) {
		part->filename = read_name(value, reading->arena);
		part->is_file = true;
	}
}

/** The header lines up to the empty one. */
static enum err
read_head(struct reading *reading, struct multipart_part *part)
{
	struct str head = reading->rest;
	size_t end;

	if (str_starts_with(head, STR("\r\n"))) {
		reading->rest = str_skip(head, 2);
		return ERR_OK;
	}
	end = str_find(str_head(head, MULTIPART_HEAD_MAX), STR("\r\n\r\n"));
	if (end == SIZE_MAX)
		return head.len > MULTIPART_HEAD_MAX
			       ? refuse(reading, ERR_LIMIT,
					 "its headers are too long")
			       : refuse(reading, ERR_INVALID,
					 "its headers do not end");
	reading->rest = str_skip(head, end + 4);
	head = str_head(head, end);
	while (head.ptr != NULL) {
		struct str line = str_split(&head, '\n');

		take_header(reading, str_trim(line), part);
	}
	return ERR_OK;
}

/** Behind a delimiter: whether the form ends here, or a part begins. */
static enum err
read_delimiter_end(struct reading *reading, bool *ret_is_last)
{
	struct str rest = reading->rest;

	*ret_is_last = str_starts_with(rest, STR("--"));
	if (*ret_is_last)
		return ERR_OK;
	while (rest.len && (rest.ptr[0] == ' ' || rest.ptr[0] == '\t'))
		rest = str_skip(rest, 1);
	if (!str_starts_with(rest, STR("\r\n")))
		return refuse(reading, ERR_INVALID,
			"expected the end of the line behind the boundary");
	reading->rest = str_skip(rest, 2);
	return ERR_OK;
}

static enum err
read_part(struct reading *reading, struct multipart_part *part)
{
	enum err err;
	size_t end;

	*part = (struct multipart_part){0};
	err = read_head(reading, part);
	if (err)
		return err;
	/* An empty part's end of line is the delimiter's. */
	if (str_starts_with(reading->rest, str_skip(reading->delimiter, 2)))
		end = 0;
	else
		end = str_find(reading->rest, reading->delimiter);
	if (end == SIZE_MAX)
		return refuse(reading, ERR_INVALID,
			"it does not end with the boundary");
	part->data = str_head(reading->rest, end);
	reading->rest = str_skip(reading->rest,
		end + reading->delimiter.len -
			(end == 0 && reading->rest.ptr[0] == '-' ? 2 : 0));
	return ERR_OK;
}

/** To behind the first delimiter; what stands before it does not count. */
static enum err
skip_preamble(struct reading *reading)
{
	struct str first = str_skip(reading->delimiter, 2);
	size_t at;

	if (str_starts_with(reading->rest, first)) {
		reading->rest = str_skip(reading->rest, first.len);
		return ERR_OK;
	}
	at = str_find(reading->rest, reading->delimiter);
	if (at == SIZE_MAX) {
		buf_append(reading->why,
			STR("the boundary that Content-Type names is not in "
			    "the body"));
		return ERR_INVALID;
	}
	reading->rest = str_skip(reading->rest, at + reading->delimiter.len);
	return ERR_OK;
}

enum err
multipart_read(struct str body, struct str boundary, struct arena *arena,
	struct multipart *ret, struct buf *why)
{
	struct reading reading = {.rest = body,
		.delimiter =
			arena_printf(arena, "\r\n--%.*s", STR_ARG(boundary)),
		.arena = arena,
		.number = 1,
		.why = why};
	struct multipart_part *parts =
		arena_alloc_array(arena, MULTIPART_PARTS_MAX, sizeof(*parts));
	enum err err = skip_preamble(&reading);
	bool is_last = false;

	if (!err)
		err = read_delimiter_end(&reading, &is_last);
	for (; !err && !is_last; reading.number++) {
		if (reading.number > MULTIPART_PARTS_MAX)
			return refuse(&reading, ERR_LIMIT, "too many parts");
		err = read_part(&reading, &parts[reading.number - 1]);
		if (!err)
			err = read_delimiter_end(&reading, &is_last);
	}
	if (!err)
		*ret = (struct multipart){
			.parts = parts, .count = reading.number - 1};
	return err;
}

/* ---- writing ---- */

struct str
multipart_new_boundary(struct arena *arena)
{
	CLEANUP(buf_release) struct buf text = {0};
	char bytes[16];

	random_bytes(bytes, sizeof(bytes));
	buf_append(&text, STR("grapnel-"));
	encode_hex(&text, str_make(bytes, sizeof(bytes)));
	return arena_copy(arena, buf_str(&text));
}

static void
append_name(struct buf *out, struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		switch (name.ptr[i]) {
		case '"': buf_append(out, STR("%22")); break;
		case '\r': buf_append(out, STR("%0D")); break;
		case '\n': buf_append(out, STR("%0A")); break;
		default: buf_append_char(out, name.ptr[i]); break;
		}
	}
}

void
multipart_append(
	struct buf *out, struct str boundary, const struct multipart_part *part)
{
	buf_printf(out, "--%.*s\r\nContent-Disposition: form-data; name=\"",
		STR_ARG(boundary));
	append_name(out, part->name);
	if (part->is_file) {
		buf_append(out, STR("\"; filename=\""));
		append_name(out, part->filename);
	}
	buf_append(out, STR("\"\r\n"));
	if (part->type.len && !str_has_control(part->type))
		buf_printf(out, "Content-Type: %.*s\r\n", STR_ARG(part->type));
	buf_append(out, STR("\r\n"));
	buf_append(out, part->data);
	buf_append(out, STR("\r\n"));
}

void
multipart_end(struct buf *out, struct str boundary)
{
	buf_printf(out, "--%.*s--\r\n", STR_ARG(boundary));
}
