#include "flow/http_answer.h"

#include "flow/header_parameter.h"
#include "flow/http_url.h"
#include "flow/xml.h"

/* ---- headers ---- */

/** The next header line; the status line was taken before. */
static bool
next_header(struct str *rest, struct arena *arena, struct str *name,
	struct value *value)
{
	while (rest->ptr != NULL) {
		struct str line = str_split(rest, '\n');
		struct str before = str_split(&line, ':');

		if (line.ptr == NULL || before.len == 0)
			continue;
		*name = arena_copy_lower(arena, str_trim(before));
		*value = value_from_text(str_trim(line), arena);
		return true;
	}
	return false;
}

struct value
http_answer_header_list(struct str head, struct arena *arena)
{
	struct value_builder list = value_builder_make(arena);
	struct value value;
	struct str name;

	str_split(&head, '\n');
	while (next_header(&head, arena, &name, &value)) {
		struct value_builder pair = value_builder_make(arena);

		value_builder_set(&pair, STR("name"), value_text(name));
		value_builder_set(&pair, STR("value"), value);
		value_builder_add(&list, value_builder_collection(&pair));
	}
	return value_builder_array(&list);
}

struct value
http_answer_header_collection(struct str head, struct arena *arena)
{
	struct value_builder builder = value_builder_make(arena);
	struct value value;
	struct str name;

	str_split(&head, '\n');
	while (next_header(&head, arena, &name, &value)) {
		struct value before =
			value_member(value_builder_collection(&builder), name);

		if (before.kind == VALUE_TEXT)
			value = value_text(arena_printf(arena, "%.*s, %.*s",
				STR_ARG(before.as.text),
				STR_ARG(value.as.text)));
		value_builder_set(&builder, name, value);
	}
	return value_builder_collection(&builder);
}

/* ---- bodies ---- */

static enum failure_kind
read_json(struct str body, struct arena *arena, struct value *ret,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct json_doc doc;

	if (json_read(body, arena, &doc, &why))
		return failure_set(failure, arena, FAILURE_DATA,
			"the answer is not valid JSON: %s", buf_text(&why));
	if (value_from_json(json_root(&doc), VALUE_JSON_PLAIN, arena, ret))
		return failure_set(failure, arena, FAILURE_DATA,
			"the answer is nested over %d levels deep",
			VALUE_HEIGHT_MAX);
	return FAILURE_NONE;
}

static enum failure_kind
read_xml(struct str body, struct arena *arena, struct value *ret,
	struct failure *failure)
{
	static const struct xml_options options = {.reads_numbers = false};
	CLEANUP(buf_release) struct buf why = {0};

	if (xml_read(body, &options, arena, ret, &why))
		return failure_set(failure, arena, FAILURE_DATA,
			"the answer is not valid XML: %s", buf_text(&why));
	return FAILURE_NONE;
}

static const struct format {
	const char *type;
	const char *suffix; /* of types such as application/problem+json */
	enum failure_kind (*read)(struct str body, struct arena *arena,
		struct value *ret, struct failure *failure);
} formats[] = {
	{"application/json", "+json", read_json},
	{"text/json", "+json", read_json},
	{"application/xml", "+xml", read_xml},
	{"text/xml", "+xml", read_xml},
};

static const struct format *
find_format(struct str type)
{
	for (size_t i = 0; i < COUNT_OF(formats); i++) {
		if (str_equal(type, str_of(formats[i].type)) ||
			str_ends_with(type, str_of(formats[i].suffix)))
			return &formats[i];
	}
	return NULL;
}

static bool
is_text(struct str body)
{
	for (size_t i = 0; i < body.len; i++) {
		unsigned char c = (unsigned char)body.ptr[i];

		if (c < 0x20 && c != '\t' && c != '\r' && c != '\n')
			return false;
	}
	return str_is_utf8(body);
}

static struct value
plain(struct str body, struct str type, struct str charset, struct arena *arena)
{
	struct str text;

	if ((str_equal_nocase(charset, STR("iso-8859-1")) ||
		    str_equal_nocase(charset, STR("latin1"))) &&
		!value_to_text(value_buffer(body, VALUE_LATIN1), arena, &text))
		return value_text(text);
	if (is_text(body))
		return value_text(body);
	if (str_starts_with(type, STR("text/")))
		return value_from_text(body, arena);
	return value_buffer(body, VALUE_BINARY);
}

enum failure_kind
http_answer_data(const struct outgoing_response *response, bool is_parsed,
	struct arena *arena, struct value *ret, struct failure *failure)
{
	struct str header = STR(""), charset = STR(""), type;
	const struct format *format;

	*ret = value_empty();
	if (response->body.len == 0)
		return FAILURE_NONE;
	http_head_find(response->head, STR("Content-Type"), &header);
	(void)!header_parameter(header, STR("charset"), arena, &charset);
	type = header_main(header, arena);
	format = is_parsed ? find_format(type) : NULL;
	if (format)
		return format->read(response->body, arena, ret, failure);
	*ret = plain(response->body, type, charset, arena);
	return FAILURE_NONE;
}

struct str
http_answer_file_name(const struct outgoing_response *response, struct str url,
	struct arena *arena)
{
	struct str header, name;

	if (http_head_find(
		    response->head, STR("Content-Disposition"), &header) &&
		!header_parameter(header, STR("filename"), arena, &name))
		return name;
	return http_url_file_name(url, arena);
}
