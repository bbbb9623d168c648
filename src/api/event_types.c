#include "api/event_types.h"

#include "api/api.h"
#include "api/collection.h"
#include "api/event_type_body.h"
#include "base/clock.h"
#include "base/encode.h"
#include "pipeline/hub.h"

static struct event_types *
registry(struct api_call *call)
{
	return call->api->hub->event_types;
}

/* ---- writing ---- */

static struct str
uri_of(struct str name, struct arena *arena)
{
	CLEANUP(buf_release) struct buf uri = buf_make(0);

	buf_append(&uri, STR(EVENT_TYPES_URI "/"));
	encode_percent(&uri, name);
	return arena_copy(arena, buf_str(&uri));
}

static void
write_text(struct json_out *out, const char *key, struct str text)
{
	if (text.len > 0)
		json_out_string(out, key, text);
}

static void
write_deprecation(struct json_out *out, const struct event_type_facts *facts)
{
	json_out_boolean(out, "deprecated", facts->is_deprecated);
	write_text(out, "deprecatedFrom", facts->deprecated_from);
	write_text(out, "sunset", facts->sunset);
	write_text(out, "migration", facts->migration);
}

static void
write_bodies(struct json_out *out, const struct event_type_facts *facts)
{
	if (facts->schema.len > 0)
		json_out_raw(out, "schema", facts->schema);
	if (facts->sample.len > 0)
		json_out_raw(out, "sample", facts->sample);
}

/** Lists leave out the schema and the sample. */
static void
write_type(struct json_out *out, const struct event_type *type, bool is_whole,
	struct arena *arena)
{
	const struct event_type_facts *facts = &type->facts;
	const struct event_type_version *version = event_type_version(type);

	json_out_object(out, NULL);
	json_out_string(out, "name", facts->name);
	json_out_text(out, "type", "grapnel/event-type");
	json_out_string(out, "friendlyName", facts->friendly_name);
	write_text(out, "description", facts->description);
	json_out_string(out, "serviceManager", facts->service_manager);
	json_out_string(out, "apiGroup", facts->api_group);
	json_out_text(out, "kind", facts->is_resource ? "resource" : "event");
	json_out_boolean(out, "builtIn", type->workspace == 0);
	if (version)
		json_out_integer(out, "version", version->number);
	json_out_text(out, "validation",
		event_type_validation_name(
			version ? facts->validation : VALIDATION_OFF));
	write_text(out, "dataschema", facts->dataschema);
	write_deprecation(out, facts);
	if (is_whole)
		write_bodies(out, facts);
	json_out_integer(out, "generation", (int64_t)type->generation);
	json_out_string(out, "createdBy", type->created_by);
	json_out_time(out, "createdAt", type->created);
	json_out_string(out, "updatedBy", type->updated_by);
	json_out_time(out, "updatedAt", type->updated);
	json_out_string(out, "resourceUri", uri_of(facts->name, arena));
	json_out_end(out);
}

/** Takes over the reference. */
static void
respond_type(struct api_call *call, int status, const struct event_type *type)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);

	write_type(&out, type, true, call->arena);
	http_call_add_header(call->http, "ETag",
		arena_printf(call->arena, "\"%llu\"",
			(unsigned long long)type->generation));
	event_type_unref(type);
	api_respond_json(call, status, &body);
}

/* ---- reading ---- */

static void
list(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = {0};
	CLEANUP(buf_release) struct buf text = {0};
	struct collection_query query;
	const struct event_type **types;
	struct str *items;
	size_t count;

	if (!collection_read(call, &query))
		return;
	types = event_types_list(
		registry(call), call->who.workspace, call->arena, &count);
	items = arena_alloc_array(call->arena, count, sizeof(*items));
	for (size_t i = 0; i < count; i++) {
		struct json_out out = json_out_make(&text);

		buf_clear(&text);
		write_type(&out, types[i], false, call->arena);
		items[i] = arena_copy(call->arena, buf_str(&text));
		event_type_unref(types[i]);
	}
	collection_write(&query, items, count, call->arena, &body);
	api_respond_json(call, 200, &body);
}

/** The type that the path names, as a reference; NULL: answered. */
static const struct event_type *
find(struct api_call *call)
{
	const struct event_type *type = event_types_find(
		registry(call), call->who.workspace, call->parameters[0]);

	if (type == NULL)
		api_refuse(call, 404, NULL, "there is no such event type");
	return type;
}

static void
get(struct api_call *call)
{
	const struct event_type *type = find(call);

	if (type)
		respond_type(call, 200, type);
}

static void
list_versions(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);
	const struct event_type *type = find(call);

	if (type == NULL)
		return;
	json_out_object(&out, NULL);
	json_out_integer(&out, "count", (int64_t)type->version_count);
	json_out_array(&out, "items");
	for (size_t i = type->version_count; i > 0; i--) {
		const struct event_type_version *version =
			&type->versions[i - 1];

		json_out_object(&out, NULL);
		json_out_integer(&out, "version", version->number);
		json_out_time(&out, "createdAt", version->created);
		json_out_boolean(
			&out, "current", version == event_type_version(type));
		json_out_end(&out);
	}
	json_out_end(&out);
	json_out_end(&out);
	event_type_unref(type);
	api_respond_json(call, 200, &body);
}

/** The schema itself, so that `dataschema` may point here. */
static void
respond_schema(struct api_call *call, const struct event_type *type,
	const struct event_type_version *version)
{
	if (version)
		http_call_respond(call->http, 200, "application/schema+json",
			version->schema);
	else
		api_refuse(
			call, 404, NULL, "the event type has no such schema");
	event_type_unref(type);
}

static void
get_schema(struct api_call *call)
{
	const struct event_type *type = find(call);

	if (type)
		respond_schema(call, type, event_type_version(type));
}

static void
get_version(struct api_call *call)
{
	const struct event_type *type = find(call);
	uint64_t number;

	if (type == NULL)
		return;
	if (str_to_u64(call->parameters[1], &number) || number > UINT32_MAX)
		number = 0;
	respond_schema(
		call, type, event_type_version_at(type, (uint32_t)number));
}

/* ---- changing ---- */

static bool
refuse_body(struct api_call *call, const struct event_type_body *body)
{
	struct api_problem problem = {
		.status = 400,
		.message = body->issues[0].description,
		.source = "field",
		.subject = body->issues[0].subject,
		.issues = body->issues,
		.issue_count = body->issue_count,
	};

	if (body->issue_count == 0)
		return false;
	problem.message = arena_printf(call->arena, "%.*s: %.*s",
		STR_ARG(body->issues[0].subject),
		STR_ARG(body->issues[0].description));
	api_respond_problem(call, &problem);
	return true;
}

static void
refuse_change(
	struct api_call *call, enum err err, struct event_type_change *change)
{
	static const struct {
		enum err err;
		int status;
		int64_t retry_after;
	} rows[] = {
		{ERR_INVALID, 422, 0},
		{ERR_NOT_FOUND, 404, 0},
		{ERR_CONFLICT, 409, 0},
		{ERR_DENIED, 403, 0},
		{ERR_LIMIT, 409, 0},
		{ERR_IO, 503, 5 * SECONDS},
	};
	struct api_problem problem = {.status = 500};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (rows[i].err == err) {
			problem.status = rows[i].status;
			problem.retry_after = rows[i].retry_after;
		}
	}
	problem.message = buf_str(&change->why);
	if (change->field) {
		problem.source = "field";
		problem.subject = str_of(change->field);
		problem.message = arena_printf(call->arena, "%s: %.*s",
			change->field, STR_ARG(problem.message));
	}
	api_respond_problem(call, &problem);
	buf_release(&change->why);
}

static struct event_type_change
change_of(struct api_call *call, const struct event_type_facts *facts)
{
	return (struct event_type_change){
		.workspace = call->who.workspace,
		.who = call->who.key_id,
		.facts = facts,
		.why = buf_make(4096),
	};
}

static void
create(struct api_call *call)
{
	struct event_type_body body = {0};
	struct event_type_change change = change_of(call, &body.facts);
	enum err err;

	event_type_body_read(call->json, NULL, call->arena, &body);
	if (refuse_body(call, &body))
		return;
	err = event_types_create(registry(call), &change);
	if (err) {
		refuse_change(call, err, &change);
		return;
	}
	buf_release(&change.why);
	http_call_add_header(call->http, "Location",
		uri_of(change.ret->facts.name, call->arena));
	respond_type(call, 201, change.ret);
}

static void
patch(struct api_call *call)
{
	struct event_type_body body = {0};
	struct event_type_change change = change_of(call, &body.facts);
	const struct event_type *present = find(call);
	enum err err;

	if (present == NULL)
		return;
	event_type_body_read(call->json, &present->facts, call->arena, &body);
	if (refuse_body(call, &body)) {
		event_type_unref(present);
		return;
	}
	change.expected_generation = present->generation;
	err = event_types_patch(registry(call), &change);
	event_type_unref(present);
	if (err) {
		refuse_change(call, err, &change);
		return;
	}
	buf_release(&change.why);
	respond_type(call, 200, change.ret);
}

static void
remove_type(struct api_call *call)
{
	const struct event_type_facts facts = {.name = call->parameters[0]};
	struct event_type_change change = change_of(call, &facts);
	enum err err = event_types_delete(registry(call), &change);

	if (err) {
		refuse_change(call, err, &change);
		return;
	}
	buf_release(&change.why);
	http_call_respond(call->http, 204, NULL, STR(""));
}

#define ONE EVENT_TYPES_URI "/{name}"

const struct route api_event_type_routes[] = {
	{"GET", EVENT_TYPES_URI, API_NATIVE, ACCESS_VIEWER, BODY_NONE, false,
		false, list},
	{"POST", EVENT_TYPES_URI, API_NATIVE, ACCESS_PUBLISHER, BODY_JSON, true,
		false, create},
	{"GET", ONE, API_NATIVE, ACCESS_VIEWER, BODY_NONE, false, false, get},
	{"PATCH", ONE, API_NATIVE, ACCESS_PUBLISHER, BODY_MERGE_PATCH, true,
		false, patch},
	{"DELETE", ONE, API_NATIVE, ACCESS_PUBLISHER, BODY_NONE, true, false,
		remove_type},
	{"GET", ONE "/schema", API_NATIVE, ACCESS_VIEWER, BODY_NONE, false,
		false, get_schema},
	{"GET", ONE "/versions", API_NATIVE, ACCESS_VIEWER, BODY_NONE, false,
		false, list_versions},
	{"GET", ONE "/versions/{number}/schema", API_NATIVE, ACCESS_VIEWER,
		BODY_NONE, false, false, get_version},
};
const size_t api_event_type_route_count = COUNT_OF(api_event_type_routes);
