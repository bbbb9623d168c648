#include "api/native_errand.h"

#include "api/api.h"
#include "api/explain.h"
#include "api/media_type.h"
#include "base/clock.h"
#include "pipeline/payload_load.h"
#include "pipeline/redeliver.h"

/* In the call's arena. */
struct job {
	struct deliver_errand errand;
	struct api_call *call;
	struct uuid id;
	struct payload *payload;
};

static bool
refuse(struct api_call *call, int status, const char *field, const char *why)
{
	api_refuse(call, status, field, "%s", why);
	return false;
}

/** False when it was refused. */
static bool
read_destination(struct api_call *call, struct str *ret)
{
	struct json_doc *doc = ARENA_NEW(call->arena, struct json_doc);
	struct json value;

	if (!media_type_is(http_call_header(call->http, "Content-Type"),
		    STR("application/json")))
		return refuse(
			call, 415, NULL, "The body must be application/json");
	if (json_read(http_call_body(call->http), call->arena, doc, NULL) ||
		json_kind(json_root(doc)) != JSON_OBJECT)
		return refuse(
			call, 400, NULL, "expected an object with destination");
	value = json_member(json_root(doc), STR("destination"));
	if (json_kind(value) != JSON_STRING || json_count(json_root(doc)) != 1)
		return refuse(call, 400, "destination",
			"expected a URL, and no other member");
	*ret = json_string(value, call->arena);
	return true;
}

/** A worker's thread. */
static void
done(struct deliver_errand *errand, const struct attempt_row *attempt,
	bool is_kept)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);
	struct job *job = CONTAINER_OF(errand, struct job, errand);
	struct explain_body sent =
		explain_body(job->call, attempt, job->payload);

	json_out_object(&out, NULL);
	json_out_uuid(&out, "deliveryId", job->id);
	json_out_boolean(&out, "kept", is_kept);
	json_out_key(&out, STR("attempt"));
	explain_write_attempt(&out, attempt, &sent);
	json_out_end(&out);
	payload_unref(job->payload);
	api_respond_json(job->call, 200, &body);
}

/** The errand is on its way when it is ERR_OK. */
static enum err
start(struct job *job, struct buf *why)
{
	struct api_call *call = job->call;
	struct delivery_row row;
	enum err err = ERR_NOT_FOUND;

	if (uuid_parse(call->parameters[0], &job->id)) {
		buf_append(why, STR("there is no such delivery"));
		return ERR_NOT_FOUND;
	}
	/* For showing what was sent; a worker may not read the store. */
	if (store_delivery(call->api->store, uuid_sequence(job->id),
		    call->arena, &row) == ERR_OK)
		job->payload = payload_load(call->api->store, row.event, true);
	err = redeliver_elsewhere(call->api->hub, call->who.workspace, job->id,
		&job->errand, call->arena, why);
	if (err)
		payload_unref(job->payload);
	return err;
}

/* What each error is to the caller. */
static int
status_of(enum err err)
{
	return err == ERR_INVALID     ? 400
	       : err == ERR_NOT_FOUND ? 404
	       : err == ERR_CONFLICT  ? 409
	       : err == ERR_LIMIT     ? 429
				      : 503;
}

void
native_retry_elsewhere(struct api_call *call)
{
	CLEANUP(buf_release) struct buf why = buf_make(1024);
	struct job *job = ARENA_NEW(call->arena, struct job);
	struct api_problem problem = {0};
	enum err err;

	if (!read_destination(call, &job->errand.destination))
		return;
	job->call = call;
	job->errand.done = done;
	err = start(job, &why);
	if (err == ERR_OK)
		return; /* answered by done(), which may be over already */
	problem.status = status_of(err);
	problem.message = buf_str(&why);
	problem.source = err == ERR_INVALID ? "field" : NULL;
	problem.subject = STR("destination");
	problem.retry_after =
		err == ERR_LIMIT || err == ERR_IO ? 1 * SECONDS : 0;
	api_respond_problem(call, &problem);
}
