#include "api/replay_routes.h"

#include "api/api.h"
#include "api/collection.h"
#include "api/com_call.h"
#include "api/explain.h"
#include "api/replay_preview.h"
#include "base/clock.h"
#include "base/timestamp.h"
#include "pipeline/replay.h"

static void
write_time(struct json_out *out, const char *key, int64_t time)
{
	if (time)
		json_out_time(out, key, time);
	else
		json_out_null(out, key);
}

static void
write_job(struct api_call *call, struct json_out *out,
	const struct replay_job *job)
{
	bool is_paused = replay_is_paused(call->api->hub->replay, job);

	json_out_object(out, NULL);
	json_out_uuid(out, "id", job->id);
	json_out_text(out, "type", "grapnel/replay");
	json_out_uuid(out, "webhookId", job->webhook);
	json_out_text(out, "state",
		is_paused ? "PAUSED" : replay_state_name(job->state));
	if (is_paused)
		json_out_text(out, "reason", "The webhook is not sending.");
	else if (job->reason.len > 0)
		json_out_string(out, "reason", job->reason);
	else
		json_out_null(out, "reason");
	json_out_text(out, "which", replay_which_name(job->spec.which));
	write_time(out, "from", job->spec.from);
	write_time(out, "to", job->spec.to);
	json_out_string(out, "filter", job->spec.filter);
	if (job->spec.rate)
		json_out_integer(out, "rate", job->spec.rate);
	else
		json_out_null(out, "rate");
	json_out_integer(out, "total", (int64_t)job->total);
	json_out_integer(out, "done", (int64_t)job->sent);
	json_out_integer(out, "passed", (int64_t)job->passed);
	json_out_integer(out, "gone", (int64_t)job->gone);
	json_out_integer(out, "left", (int64_t)replay_job_left(job));
	json_out_string(out, "createdBy", job->key_id);
	json_out_time(out, "createdAt", job->created);
	json_out_time(out, "updatedAt", job->updated);
	write_time(out, "endedAt", job->ended);
	json_out_end(out);
}

static void
respond_job(struct api_call *call, int status, const struct replay_job *job)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);

	write_job(call, &out, job);
	api_respond_json(call, status, &body);
}

/* ---- what is asked for ---- */

static bool
read_which(struct api_call *call, struct json value, struct replay_spec *spec)
{
	if (json_kind(value) == JSON_STRING &&
		replay_which_parse(json_raw_string(value), &spec->which) ==
			ERR_OK)
		return true;
	api_refuse(call, 400, "which",
		"expected \"failed\", \"skipped\" or \"all\"");
	return false;
}

static bool
read_time(struct api_call *call, const char *name, struct json value,
	int64_t *ret)
{
	if (json_kind(value) == JSON_NULL)
		return true;
	if (json_kind(value) == JSON_STRING &&
		timestamp_parse_microseconds(json_raw_string(value), ret) ==
			ERR_OK &&
		*ret > 0)
		return true;
	api_refuse(call, 400, name,
		"expected a time like 2026-03-01T12:00:00Z, after 1970");
	return false;
}

static bool
read_from(struct api_call *call, struct json value, struct replay_spec *spec)
{
	return read_time(call, "from", value, &spec->from);
}

static bool
read_to(struct api_call *call, struct json value, struct replay_spec *spec)
{
	return read_time(call, "to", value, &spec->to);
}

static bool
read_filter(struct api_call *call, struct json value, struct replay_spec *spec)
{
	if (json_kind(value) == JSON_STRING || json_kind(value) == JSON_NULL) {
		spec->filter = json_string(value, call->arena);
		return true;
	}
	api_refuse(call, 400, "filter", "expected a string");
	return false;
}

static bool
read_rate(struct api_call *call, struct json value, struct replay_spec *spec)
{
	int64_t rate = 0;

	if (json_kind(value) == JSON_NULL)
		return true;
	if (json_to_integer(value, &rate) && rate >= 1 &&
		rate <= REPLAY_RATE_MAX) {
		spec->rate = (unsigned)rate;
		return true;
	}
	api_refuse(call, 400, "rate",
		"expected deliveries a minute, a whole number from 1 to %d",
		REPLAY_RATE_MAX);
	return false;
}

/* `preview` is read by itself. */
static const struct member {
	const char *name;
	bool (*read)(struct api_call *call, struct json value,
		struct replay_spec *spec);
} members[] = {
	{"which", read_which},
	{"from", read_from},
	{"to", read_to},
	{"filter", read_filter},
	{"rate", read_rate},
};

static const struct member *
find_member(struct json key)
{
	for (size_t i = 0; i < COUNT_OF(members); i++) {
		if (json_string_equal(key, str_of(members[i].name)))
			return &members[i];
	}
	return NULL;
}

static bool
refuse_member(struct api_call *call, struct json key)
{
	api_refuse(call, 400,
		arena_printf(call->arena, "%.*s",
			STR_ARG(str_head(json_raw_string(key), 128)))
			.ptr,
		"there is no such member; which, from, to, filter, rate and "
		"preview are expected");
	return false;
}

/** False when that was refused. */
static bool
read_spec(struct api_call *call, struct replay_spec *spec, bool *ret_preview)
{
	struct json_walk walk = json_walk(call->json);

	if (json_kind(call->json) != JSON_OBJECT) {
		api_refuse(call, 400, NULL, "expected an object, found %s",
			json_kind_name(json_kind(call->json)));
		return false;
	}
	while (json_walk_next(&walk)) {
		const struct member *member = find_member(walk.key);

		if (json_string_equal(walk.key, STR("preview"))) {
			*ret_preview = json_kind(walk.value) == JSON_TRUE;
			continue;
		}
		if (member == NULL)
			return refuse_member(call, walk.key);
		if (!member->read(call, walk.value, spec))
			return false;
	}
	if (json_is_missing(json_member(call->json, STR("which"))))
		return read_which(call, (struct json){NULL, 0}, spec);
	return true;
}

static bool
read_preview(struct api_call *call, bool *ret)
{
	struct str text;

	if (!explain_text(call, "preview", &text))
		return false;
	if (str_equal(text, STR("true")))
		*ret = true;
	else if (!str_is_empty(text) && !str_equal(text, STR("false"))) {
		explain_refuse(call, "preview", "expected true or false");
		return false;
	}
	return true;
}

/* ---- starting ---- */

static void
refuse(struct api_call *call, enum err err, const struct buf *why)
{
	struct api_problem problem = {
		.status = err == ERR_CONFLICT	 ? 409
			  : err == ERR_LIMIT	 ? 429
			  : err == ERR_NOT_FOUND ? 404
						 : 503,
		.message = buf_str(why),
		.retry_after = err == ERR_LIMIT ? 60 * SECONDS
			       : err == ERR_IO	? 1 * SECONDS
						: 0,
	};

	api_respond_problem(call, &problem);
}

static void
start(struct api_call *call, const struct replay_request *request)
{
	CLEANUP(buf_release) struct buf why = buf_make(1024);
	struct replay_job job;
	char id[UUID_TEXT_SIZE];
	enum err err = replay_create(
		call->api->hub->replay, request, call->arena, &job, &why);

	if (err) {
		refuse(call, err, &why);
		return;
	}
	http_call_add_header(call->http, "Location",
		arena_printf(call->arena, "/v1/replays/%s",
			uuid_format(job.id, id)));
	respond_job(call, 202, &job);
}

static void
create(struct api_call *call)
{
	CLEANUP(buf_release) struct buf why = buf_make(1024);
	struct replay_request request = {.key_id = call->who.key_id};
	const struct webhook *webhook = com_find_webhook(call);
	const struct filter *filter;
	bool is_preview = false;
	const char *field;

	if (webhook == NULL)
		return;
	request.webhook = webhook;
	if (!read_preview(call, &is_preview) ||
		!read_spec(call, &request.spec, &is_preview)) {
		webhook_unref(webhook);
		return;
	}
	if (replay_check(&request.spec, call->arena, &filter, &field, &why)) {
		api_refuse(call, 400, field, "%s", buf_text(&why));
	} else if (is_preview) {
		/* The call is answered later, and may be gone then. */
		replay_preview(call, webhook, &request.spec, filter);
		return;
	} else {
		start(call, &request);
	}
	webhook_unref(webhook);
}

/* ---- looking and ending ---- */

static bool
read_id(struct api_call *call, struct uuid *ret)
{
	if (uuid_parse(call->parameters[0], ret) == ERR_OK)
		return true;
	explain_refuse_unknown(call, "replay");
	return false;
}

static void
get(struct api_call *call)
{
	struct replay_job job;
	struct uuid id;
	enum err err;

	if (!read_id(call, &id))
		return;
	err = replay_find(call->api->hub->replay, call->who.workspace, id,
		call->arena, &job);
	if (err == ERR_NOT_FOUND)
		explain_refuse_unknown(call, "replay");
	else if (err)
		explain_refuse_store(call);
	else
		respond_job(call, 200, &job);
}

static void
cancel(struct api_call *call)
{
	CLEANUP(buf_release) struct buf why = buf_make(256);
	struct replay_job job;
	struct uuid id;
	enum err err;

	if (!read_id(call, &id))
		return;
	err = replay_cancel(call->api->hub->replay, call->who.workspace, id,
		call->arena, &job);
	if (err == ERR_OK) {
		respond_job(call, 200, &job);
		return;
	}
	buf_append(&why, err == ERR_NOT_FOUND ? STR("there is no such replay")
			 : err == ERR_CONFLICT
				 ? STR("the replay has ended already")
				 : STR("it could not be stored"));
	refuse(call, err, &why);
}

static void
list(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = {0};
	CLEANUP(buf_release) struct buf text = {0};
	struct collection_query query;
	struct replay_job *jobs;
	struct str *items;
	size_t count;

	if (!collection_read(call, &query))
		return;
	if (replay_list(call->api->hub->replay, call->who.workspace,
		    call->arena, &jobs, &count)) {
		explain_refuse_store(call);
		return;
	}
	items = arena_alloc_array(call->arena, count, sizeof(*items));
	for (size_t i = 0; i < count; i++) {
		struct json_out out = json_out_make(&text);

		buf_clear(&text);
		write_job(call, &out, &jobs[i]);
		items[i] = arena_copy(call->arena, buf_str(&text));
	}
	collection_write(&query, items, count, call->arena, &body);
	api_respond_json(call, 200, &body);
}

#define REPLAYS "/v1/replays"

const struct route api_replay_routes[] = {
	{"POST", "/v1/webhooks/{id}/replay", API_NATIVE, ACCESS_ADMIN,
		BODY_JSON, true, false, create},
	{"GET", REPLAYS, API_NATIVE, ACCESS_VIEWER, BODY_NONE, true, false,
		list},
	{"GET", REPLAYS "/{id}", API_NATIVE, ACCESS_VIEWER, BODY_NONE, true,
		false, get},
	{"POST", REPLAYS "/{id}/cancel", API_NATIVE, ACCESS_ADMIN, BODY_NONE,
		true, false, cancel},
	{"DELETE", REPLAYS "/{id}", API_NATIVE, ACCESS_ADMIN, BODY_NONE, true,
		false, cancel},
};
const size_t api_replay_route_count = COUNT_OF(api_replay_routes);
