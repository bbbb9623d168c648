#include "api/gl_list.h"

#include "api/gl_problem.h"
#include "base/json_out.h"

static bool
read_number(struct api_call *call, const char *name, uint64_t *ret)
{
	struct str text;
	enum err err = http_call_parameter(call->http, name, &text);

	if (err == ERR_NOT_FOUND)
		return true;
	if (err == ERR_OK && str_to_u64(text, ret) == ERR_OK)
		return true;
	gl_refuse_parameter(call, name,
		"Invalid query params: expected one whole number from 0 up");
	return false;
}

bool
gl_list_read(struct api_call *call, uint64_t most, struct gl_page *ret)
{
	*ret = (struct gl_page){.limit = most};
	if (!read_number(call, "limit", &ret->limit) ||
		!read_number(call, "offset", &ret->offset))
		return false;
	if (ret->limit > most)
		ret->limit = most;
	return true;
}

void
gl_list_respond(struct api_call *call, const struct gl_page *page,
	const struct str *items, size_t count)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);
	size_t first = page->offset < count ? (size_t)page->offset : count;
	size_t shown = count - first;

	if (shown > page->limit)
		shown = (size_t)page->limit;
	json_out_object(&out, NULL);
	json_out_array(&out, "items");
	for (size_t i = 0; i < shown; i++)
		json_out_raw(&out, NULL, items[first + i]);
	json_out_end(&out);
	json_out_integer(&out, "count", (int64_t)shown);
	json_out_integer(&out, "offset", (int64_t)page->offset);
	json_out_integer(&out, "total", (int64_t)count);
	json_out_end(&out);
	api_respond_json(call, 200, &body);
}
