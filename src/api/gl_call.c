#include "api/gl_call.h"

#include "api/api.h"
#include "base/clock.h"
#include "base/json_out.h"

struct str
gl_workspace_id(uint32_t workspace, struct arena *arena)
{
	return arena_printf(arena, "%032x", workspace);
}

struct str
gl_principal(struct str key_id, struct arena *arena)
{
	return arena_printf(arena, "user:%.*s", STR_ARG(key_id));
}

const struct webhook *
gl_find_webhook(struct api_call *call)
{
	const struct webhook *webhook = NULL;
	struct uuid id;

	if (uuid_parse(call->parameters[0], &id) == ERR_OK)
		webhook = webhooks_find(
			call->api->webhooks, call->who.workspace, id);
	if (webhook && !str_equal(webhook->dialect, STR("greenlake"))) {
		webhook_unref(webhook);
		webhook = NULL;
	}
	if (webhook == NULL)
		api_refuse(call, 404, NULL, "Webhook not found");
	return webhook;
}

/* ---- what the registry says ---- */

static const struct refusal {
	int status;
	const char *code; /* NULL: the status's own */
	const char *message;
	int64_t retry_after;
} refusals[] = {
	[ERR_INVALID] = {422, NULL, "Invalid request body", 0},
	[ERR_NOT_FOUND] = {404, NULL, "Webhook not found", 0},
	[ERR_CONFLICT] = {409, NULL, "The webhook was changed meanwhile", 0},
	[ERR_DENIED] = {422, NULL, "Invalid request body", 0},
	[ERR_LIMIT] = {403, "HPE_GL_UNIFIED_EVENTS_REGISTRATION_FORBIDDEN",
		"The workspace has as many webhooks as it may have", 0},
	[ERR_BUSY] = {429, NULL, "Too many requests", 1 * SECONDS},
	[ERR_TIMEOUT] = {500, NULL, "The change was not confirmed in time",
		1 * SECONDS},
	[ERR_IO] = {500, NULL, "The change could not be stored", 5 * SECONDS},
};

void
gl_refuse_change(struct api_call *call, enum err err,
	const struct webhook_problem *problem)
{
	static const struct refusal unknown = {500, NULL, "", 0};
	const struct refusal *row = &unknown;
	struct api_problem answer = {0};

	if ((size_t)err < COUNT_OF(refusals) && refusals[err].status != 0)
		row = &refusals[err];
	answer.status = row->status;
	answer.code = row->code;
	answer.message = buf_str(&problem->why);
	if (str_is_empty(answer.message))
		answer.message = str_of(row->message);
	answer.retry_after = problem->retry_after > 0 ? problem->retry_after
						      : row->retry_after;
	if (problem->field && answer.status == 422) {
		answer.source = "field";
		answer.subject = str_of(problem->field);
	}
	api_respond_problem(call, &answer);
}

void
gl_refuse_store(struct api_call *call)
{
	api_refuse(call, 500, NULL, "The store cannot be read");
}

/* ---- pages ---- */

/** Absent is `fallback`; below `min` or no number is answered. */
static bool
read_count(struct api_call *call, const char *name, uint64_t min,
	uint64_t fallback, uint64_t *ret)
{
	struct str text;
	enum err err = http_call_parameter(call->http, name, &text);

	*ret = fallback;
	if (err == ERR_NOT_FOUND)
		return true;
	if (!err && str_to_u64(text, ret) == ERR_OK && *ret >= min)
		return true;
	gl_refuse_parameter(call, name,
		"Invalid query params: expected a whole number from %llu",
		(unsigned long long)min);
	return false;
}

bool
gl_page_read(struct api_call *call, uint64_t max, struct gl_page *ret)
{
	if (!read_count(call, "limit", 1, max, &ret->limit) ||
		!read_count(call, "offset", 0, 0, &ret->offset))
		return false;
	if (ret->limit > max)
		ret->limit = max;
	return true;
}

void
gl_page_respond_cut(struct api_call *call, const struct gl_page *page,
	const struct str *items, size_t count, size_t total)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);

	json_out_object(&out, NULL);
	json_out_array(&out, "items");
	for (size_t i = 0; i < count; i++)
		json_out_raw(&out, NULL, items[i]);
	json_out_end(&out);
	json_out_integer(&out, "count", (int64_t)count);
	json_out_integer(&out, "offset", (int64_t)page->offset);
	json_out_integer(&out, "total", (int64_t)total);
	json_out_end(&out);
	api_respond_json(call, 200, &body);
}

void
gl_page_respond(struct api_call *call, const struct gl_page *page,
	const struct str *items, size_t count)
{
	size_t first = page->offset < count ? (size_t)page->offset : count;
	size_t left = count - first;

	gl_page_respond_cut(call, page, items + first,
		left < page->limit ? left : (size_t)page->limit, count);
}
