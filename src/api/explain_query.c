#include "api/api.h"
#include "api/explain.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "rule/catalog.h"

void
explain_refuse(struct api_call *call, const char *name, const char *why)
{
	struct api_problem problem = {
		.status = 400,
		.message = arena_printf(call->arena, "%s: %s", name, why),
		.source = "query.parameter",
		.subject = str_of(name),
	};

	api_respond_problem(call, &problem);
}

void
explain_refuse_unknown(struct api_call *call, const char *what)
{
	api_refuse(call, 404, NULL, "there is no such %s", what);
}

void
explain_refuse_store(struct api_call *call)
{
	struct api_problem problem = {
		.status = 503,
		.message = STR("the store cannot be read"),
		.retry_after = 1 * SECONDS,
	};

	api_respond_problem(call, &problem);
}

bool
explain_text(struct api_call *call, const char *name, struct str *ret)
{
	enum err err = http_call_parameter(call->http, name, ret);

	if (err == ERR_NOT_FOUND) {
		*ret = STR("");
		return true;
	}
	if (err == ERR_OK && ret->len <= EXPLAIN_TEXT_MAX && str_is_utf8(*ret))
		return true;
	explain_refuse(
		call, name, "expected one value of at most 256 bytes of UTF-8");
	return false;
}

bool
explain_type(struct api_call *call, struct str *ret)
{
	if (!explain_text(call, "type", ret))
		return false;
	if (!str_is_empty(*ret))
		*ret = catalog_canonical(*ret, call->arena);
	return true;
}

bool
explain_time(struct api_call *call, const char *name, int64_t *ret)
{
	struct str text;

	*ret = 0;
	if (!explain_text(call, name, &text))
		return false;
	if (str_is_empty(text))
		return true;
	if (timestamp_parse_microseconds(text, ret) == ERR_OK && *ret > 0)
		return true;
	explain_refuse(call, name,
		"expected a time like 2026-03-01T12:00:00Z, after 1970");
	return false;
}

bool
explain_limit(struct api_call *call, size_t *ret)
{
	struct str text;
	uint64_t limit = EXPLAIN_LIMIT_DEFAULT;

	if (!explain_text(call, "limit", &text))
		return false;
	if (!str_is_empty(text) && (str_to_u64(text, &limit) || limit == 0 ||
					   limit > EXPLAIN_LIMIT_MAX)) {
		explain_refuse(
			call, "limit", "expected a whole number from 1 to 500");
		return false;
	}
	*ret = (size_t)limit;
	return true;
}

/* ---- cursors ---- */

bool
explain_cursor(struct api_call *call, char kind, uint64_t *ret)
{
	CLEANUP(buf_release) struct buf bytes = buf_make(EXPLAIN_TEXT_MAX);
	struct str text;

	*ret = 0;
	if (!explain_text(call, "cursor", &text))
		return false;
	if (str_is_empty(text))
		return true;
	if (encode_base64_read(text, &bytes) == ERR_OK &&
		buf_str(&bytes).len > 1 && buf_str(&bytes).ptr[0] == kind &&
		str_to_u64(str_skip(buf_str(&bytes), 1), ret) == ERR_OK &&
		*ret > 0 && *ret < INT64_MAX)
		return true;
	explain_refuse(call, "cursor",
		"expected what an answer to this request had as \"next\"");
	return false;
}

void
explain_write_next(struct json_out *out, char kind, uint64_t before)
{
	CLEANUP(buf_release) struct buf bytes = buf_make(64);
	CLEANUP(buf_release) struct buf text = buf_make(128);

	if (before == 0) {
		json_out_null(out, "next");
		return;
	}
	buf_printf(&bytes, "%c%llu", kind, (unsigned long long)before);
	encode_base64_url(&text, buf_str(&bytes));
	json_out_string(out, "next", buf_str(&text));
}

/* ---- webhooks and events ---- */

struct explain_webhooks
explain_webhooks(struct api_call *call)
{
	struct explain_webhooks webhooks;
	const struct webhook **list = webhooks_list(call->api->webhooks,
		call->who.workspace, call->arena, &webhooks.count);

	webhooks.list = mem_alloc_array(
		webhooks.count ? webhooks.count : 1, sizeof(*webhooks.list));
	for (size_t i = 0; i < webhooks.count; i++)
		webhooks.list[i] = list[i];
	return webhooks;
}

void
explain_webhooks_release(struct explain_webhooks *webhooks)
{
	for (size_t i = 0; i < webhooks->count; i++)
		webhook_unref(webhooks->list[i]);
	mem_free(webhooks->list);
	*webhooks = (struct explain_webhooks){0};
}

const struct webhook *
explain_webhook_by_number(
	const struct explain_webhooks *webhooks, uint64_t number)
{
	for (size_t i = 0; i < webhooks->count; i++) {
		if (webhooks->list[i]->number == number)
			return webhooks->list[i];
	}
	return NULL;
}

const struct webhook *
explain_webhook_by_id(struct api_call *call,
	const struct explain_webhooks *webhooks, struct str id)
{
	struct uuid uuid;

	if (uuid_parse(id, &uuid)) {
		explain_refuse(call, "webhook", "expected a webhook's id");
		return NULL;
	}
	for (size_t i = 0; i < webhooks->count; i++) {
		if (uuid_equal(webhooks->list[i]->id, uuid))
			return webhooks->list[i];
	}
	explain_refuse_unknown(call, "webhook");
	return NULL;
}

bool
explain_find_event(struct api_call *call, struct str id, struct event_row *ret)
{
	enum err err = store_event_by_id(
		call->api->store, call->who.workspace, id, call->arena, ret);

	if (err == ERR_NOT_FOUND)
		explain_refuse_unknown(call, "event");
	else if (err)
		explain_refuse_store(call);
	return err == ERR_OK;
}
