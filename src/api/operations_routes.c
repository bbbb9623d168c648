#include "api/keys.h"
#include "api/metrics.h"
#include "api/probe.h"
#include "api/router.h"
#include "base/clock.h"
#include "base/json_out.h"
#include "base/timestamp.h"

/* What those need who run the hub: health, metrics, API keys. */

static const int64_t probe_timeout = 5 * SECONDS;
enum { METRICS_MAX = 1 << 20 };

static void
respond_status(struct api_call *call, const char *status)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct json_out out = json_out_make(&body);

	json_out_object(&out, NULL);
	json_out_text(&out, "status", status);
	json_out_end(&out);
	http_call_add_header(call->http, "Cache-Control", STR("no-store"));
	api_respond_json(call, 200, &body);
}

static void
handle_livez(struct api_call *call)
{
	respond_status(call, "ok");
}

static void
handle_readyz(struct api_call *call)
{
	enum err err = probe_commit(call->api->writer, probe_timeout);
	const char *reason = "the store did not take a test row";

	if (!err) {
		respond_status(call, "ready");
		return;
	}
	if (err == ERR_TIMEOUT)
		reason = "a commit took longer than 5 seconds";
	else if (err == ERR_LIMIT)
		reason = "the writer's queue or the disk is full";
	http_call_add_header(call->http, "Cache-Control", STR("no-store"));
	api_refuse(
		call, 503, NULL, "Not ready: %s (%s)", reason, err_name(err));
}

static void
handle_metrics(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = buf_make(METRICS_MAX);

	metrics_write(call->api, &body);
	http_call_respond(call->http, 200,
		"text/plain; version=0.0.4; charset=utf-8", buf_str(&body));
}

/* ---- keys ---- */

/** `text` is shown when the key is made, and never again. */
static void
write_key(struct json_out *out, const struct key_view *key, struct str text)
{
	json_out_object(out, NULL);
	json_out_string(out, "id", key->id);
	json_out_text(out, "role", key_role_name(key->role));
	json_out_string(out, "name", key->name);
	json_out_time(out, "createdAt", key->created);
	if (key->expires)
		json_out_time(out, "expiresAt", key->expires);
	else
		json_out_null(out, "expiresAt");
	if (!str_is_empty(text))
		json_out_string(out, "key", text);
	json_out_end(out);
}

static void
handle_list_keys(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct json_out out = json_out_make(&body);
	struct key_view *keys;
	size_t count;

	keys = keys_list(
		call->api->keys, call->who.workspace, call->arena, &count);
	json_out_object(&out, NULL);
	json_out_array(&out, "items");
	for (size_t i = 0; i < count; i++)
		write_key(&out, &keys[i], STR(""));
	json_out_end(&out);
	json_out_integer(&out, "count", (int64_t)count);
	json_out_integer(&out, "total", (int64_t)count);
	json_out_end(&out);
	api_respond_json(call, 200, &body);
}

/** Not there or null: never. Answers what is wrong and says false. */
static bool
read_expires(struct api_call *call, int64_t *ret)
{
	struct json expires = json_member(call->json, STR("expiresAt"));

	*ret = 0;
	if (json_is_missing(expires) || json_kind(expires) == JSON_NULL)
		return true;
	if (json_kind(expires) == JSON_STRING &&
		!timestamp_parse_microseconds(
			json_string(expires, call->arena), ret) &&
		*ret > clock_now())
		return true;
	api_refuse(call, 400, "expiresAt",
		"A time in the future like 2030-03-01T12:00:00Z is expected");
	return false;
}

static bool
is_member(struct str name)
{
	static const char *const members[] = {"name", "role", "expiresAt"};

	for (size_t i = 0; i < COUNT_OF(members); i++) {
		if (str_equal(name, str_of(members[i])))
			return true;
	}
	return false;
}

/** Answers what is wrong and says false. */
static bool
read_draft(struct api_call *call, struct key_draft *draft)
{
	struct json name = json_member(call->json, STR("name"));
	struct json role = json_member(call->json, STR("role"));
	struct json_walk walk = json_walk(call->json);

	if (json_kind(call->json) != JSON_OBJECT) {
		api_refuse(call, 400, NULL, "An object is expected");
		return false;
	}
	while (json_walk_next(&walk)) {
		struct str key = json_string(walk.key, call->arena);

		if (is_member(key))
			continue;
		api_refuse(call, 400, arena_copy(call->arena, key).ptr,
			"There is no such member; name, role and expiresAt "
			"are expected");
		return false;
	}
	if (json_kind(name) != JSON_STRING) {
		api_refuse(call, 400, "name", "A string is expected");
		return false;
	}
	if (json_kind(role) != JSON_STRING ||
		key_role_parse(json_string(role, call->arena), &draft->role)) {
		api_refuse(call, 400, "role",
			"admin, publisher or viewer is expected");
		return false;
	}
	draft->name = json_string(name, call->arena);
	return read_expires(call, &draft->expires);
}

/** What a failed change is to the caller; the keys' errors only. */
static void
refuse_change(struct api_call *call, enum err err)
{
	if (err == ERR_NOT_FOUND)
		api_refuse(call, 404, NULL, "There is no such key");
	else if (err == ERR_CONFLICT)
		api_refuse(call, 409, NULL,
			"The last admin key cannot be revoked");
	else
		api_respond_problem(call,
			&(struct api_problem){.status = 503,
				.message = STR("The key could not be stored"),
				.retry_after = SECONDS});
}

static void
handle_create_key(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct json_out out = json_out_make(&body);
	struct key_draft draft = {.workspace = call->who.workspace};
	struct key_view key;
	struct str text;
	enum err err;

	if (!read_draft(call, &draft))
		return;
	if (keys_count(call->api->keys) >= KEYS_MAX) {
		api_refuse(call, 409, NULL,
			"There are %d keys already, the "
			"most there can be",
			KEYS_MAX);
		return;
	}
	err = keys_create(call->api->keys, &draft, call->arena, &key, &text);
	if (err == ERR_INVALID) {
		api_refuse(call, 400, "name",
			"1 to %d bytes without control characters are "
			"expected",
			KEY_NAME_MAX);
		return;
	}
	if (err) {
		refuse_change(call, ERR_IO);
		return;
	}
	write_key(&out, &key, text);
	http_call_add_header(call->http, "Cache-Control", STR("no-store"));
	http_call_add_header(call->http, "Location",
		arena_printf(call->arena, "/v1/keys/%.*s", STR_ARG(key.id)));
	api_respond_json(call, 201, &body);
}

static void
handle_revoke_key(struct api_call *call)
{
	enum err err = keys_revoke(
		call->api->keys, call->who.workspace, call->parameters[0]);

	if (err)
		refuse_change(call, err);
	else
		http_call_respond(call->http, 204, NULL, STR(""));
}

const struct route api_operations_routes[] = {
	{.method = "GET", .path = "/livez", .handle = handle_livez},
	{.method = "GET",
		.path = "/readyz",
		.blocks = true,
		.handle = handle_readyz},
	{.method = "GET",
		.path = "/metrics",
		.access = ACCESS_METRICS,
		.blocks = true,
		.handle = handle_metrics},
	{.method = "GET",
		.path = "/v1/keys",
		.access = ACCESS_ADMIN,
		.handle = handle_list_keys},
	{.method = "POST",
		.path = "/v1/keys",
		.access = ACCESS_ADMIN,
		.body = BODY_JSON,
		.blocks = true,
		.handle = handle_create_key},
	{.method = "DELETE",
		.path = "/v1/keys/{id}",
		.access = ACCESS_ADMIN,
		.blocks = true,
		.handle = handle_revoke_key},
};
const size_t api_operations_route_count =
	sizeof(api_operations_routes) / sizeof(*api_operations_routes);
