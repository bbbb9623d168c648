/* Reading many JSON values from one body. */
#include "api/publish.h"

bool
publish_has_content_type(struct api_call *call, const char *type)
{
	struct str header = http_call_header(call->http, "Content-Type");

	return str_equal_nocase(
		str_trim(str_split(&header, ';')), str_of(type));
}

static bool
is_lines(struct api_call *call)
{
	return publish_has_content_type(call, "application/x-ndjson") ||
	       publish_has_content_type(call, "application/ndjson") ||
	       publish_has_content_type(call, "application/jsonl") ||
	       publish_has_content_type(call, "application/json-lines");
}

void
publish_refuse_item(struct api_call *call, size_t number, struct str why)
{
	struct str first = STR("line 1 ");

	/* To json_read() a line is a text of one line. */
	if (!is_lines(call))
		api_refuse(call, 400, NULL, "item %zu: %.*s", number,
			STR_ARG(why));
	else if (str_starts_with(why, first))
		api_refuse(call, 400, NULL, "line %zu %.*s", number,
			STR_ARG(str_skip(why, first.len)));
	else
		api_refuse(call, 400, NULL, "line %zu: %.*s", number,
			STR_ARG(why));
}

static bool
refuse_count(struct api_call *call, size_t count, const char *what)
{
	if (count <= PUBLISH_ITEMS_MAX)
		return true;
	api_refuse(call, 413, NULL, "%zu %s in one request, at most %d", count,
		what, PUBLISH_ITEMS_MAX);
	return false;
}

static size_t
count_lines(struct str body)
{
	size_t count = 0;

	while (body.ptr != NULL)
		count += !str_is_empty(str_trim(str_split(&body, '\n')));
	return count;
}

static bool
read_lines(struct api_call *call, const char *what, struct publish_line **ret,
	size_t *ret_count)
{
	CLEANUP(buf_release) struct buf why = buf_make(512);
	struct str rest = http_call_body(call->http);
	size_t count = count_lines(rest);
	struct publish_line *lines;
	size_t number = 0, at = 0;

	if (!refuse_count(call, count, what))
		return false;
	lines = arena_alloc_array(call->arena, count, sizeof(*lines));
	while (rest.ptr != NULL) {
		struct str line = str_trim(str_split(&rest, '\n'));
		struct json_doc *doc;

		number++;
		if (str_is_empty(line))
			continue;
		doc = ARENA_NEW(call->arena, struct json_doc);
		if (json_read(line, call->arena, doc, &why)) {
			publish_refuse_item(call, number, buf_str(&why));
			return false;
		}
		lines[at++] = (struct publish_line){number, json_root(doc)};
	}
	*ret = lines;
	*ret_count = count;
	return true;
}

/** Lines that were sent as an array are the likeliest mistake. */
static void
refuse_text(struct api_call *call, struct str why)
{
	struct str body = str_trim(http_call_body(call->http));

	api_refuse(call, 400, NULL, "%.*s%s", STR_ARG(why),
		str_starts_with(body, STR("{"))
			? "; a value a line is application/x-ndjson"
			: "");
}

static bool
read_array(struct api_call *call, const char *what, struct publish_line **ret,
	size_t *ret_count)
{
	CLEANUP(buf_release) struct buf why = buf_make(512);
	struct json_doc *doc = ARENA_NEW(call->arena, struct json_doc);
	struct publish_line *lines;
	struct json_walk walk;
	size_t at = 0, count;

	if (json_read(http_call_body(call->http), call->arena, doc, &why)) {
		refuse_text(call, buf_str(&why));
		return false;
	}
	if (json_kind(json_root(doc)) != JSON_ARRAY) {
		api_refuse(call, 400, NULL, "expected an array of %s, found %s",
			what, json_kind_name(json_kind(json_root(doc))));
		return false;
	}
	count = json_count(json_root(doc));
	if (!refuse_count(call, count, what))
		return false;
	lines = arena_alloc_array(call->arena, count, sizeof(*lines));
	walk = json_walk(json_root(doc));
	while (json_walk_next(&walk)) {
		lines[at] = (struct publish_line){at + 1, walk.value};
		at++;
	}
	*ret = lines;
	*ret_count = count;
	return true;
}

bool
publish_read_list(struct api_call *call, const char *what,
	struct publish_line **ret, size_t *ret_count)
{
	if (is_lines(call))
		return read_lines(call, what, ret, ret_count);
	return read_array(call, what, ret, ret_count);
}
