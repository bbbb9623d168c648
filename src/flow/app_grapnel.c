#include "base/clock.h"
#include "base/encode.h"
#include "flow/app_http.h"
#include "flow/apps.h"
#include "flow/connection.h"
#include "flow/field.h"
#include "flow/http_answer.h"

/*
 * Grapnel itself, and what speaks its dialects: events and states published,
 * and any operation of the COM, GreenLake or own API, with the token of a
 * connection. What is published has an id that is the same at every try, so
 * that a step that is run again publishes nothing twice.
 */

#define CONNECTION "grapnel"
/* Where a connection without a tokenUrl of its own gets tokens. */
#define TOKEN_PATH "/as/token.oauth2"

static const struct module_field call_mapper[] = {
	{.name = "method", .type = "text"},
	{.name = "path", .type = "text", .is_required = true},
	{.name = "query", .type = "array"},
	{.name = "headers", .type = "array"}, {.name = "body"},
	{.name = "timeout", .type = "number", .minimum = 1, .maximum = 300},
	{.name = NULL}};
static const struct module_field event_mapper[] = {
	{.name = "type", .type = "text", .is_required = true},
	{.name = "source", .type = "text"}, {.name = "subject", .type = "text"},
	{.name = "id", .type = "text"}, {.name = "time", .type = "date"},
	{.name = "data"}, {.name = NULL}};
static const struct module_field state_mapper[] = {
	{.name = "type", .type = "text", .is_required = true},
	{.name = "id", .type = "text", .is_required = true},
	{.name = "state", .type = "collection", .is_required = true},
	{.name = NULL}};
static const struct module_field resource_mapper[] = {
	{.name = "type", .type = "text", .is_required = true},
	{.name = "id", .type = "text", .is_required = true}, {.name = NULL}};

/* ---- asking ---- */

static struct str
member(const struct module_call *call, const char *name)
{
	return field_text(call->connection->members, name, call->arena);
}

static struct str
base_url(const struct module_call *call)
{
	struct str base = member(call, "baseUrl");

	if (str_ends_with(base, STR("/")))
		base.len--;
	return base;
}

static enum failure_kind
make_auth(const struct module_call *call, struct http_auth *ret,
	struct failure *failure)
{
	enum failure_kind kind =
		http_auth_make(call, HTTP_AUTH_ANY, ret, failure);

	if (kind || ret->header.name.len || ret->has_grant ||
		member(call, "clientId").len == 0)
		return kind;
	ret->has_grant = true;
	ret->grant = (struct oauth_grant){
		.token_url = arena_printf(call->arena, "%.*s" TOKEN_PATH,
			STR_ARG(base_url(call))),
		.client_id = member(call, "clientId"),
		.client_secret = member(call, "clientSecret"),
		.scope = member(call, "scope")};
	return FAILURE_NONE;
}

/** The detail is the answer; the message what it says is wrong. */
static enum failure_kind
refuse(const struct module_call *call, const struct http_call_answer *answer,
	struct value data, struct failure *failure)
{
	static const char *const members[] = {"message", "detail", "error"};
	struct str said = answer->response.body;
	enum failure_kind kind;

	for (size_t i = 0; i < COUNT_OF(members); i++) {
		struct value text = value_member(data, str_of(members[i]));

		if (text.kind != VALUE_TEXT || text.as.text.len == 0)
			continue;
		said = text.as.text;
		break;
	}
	kind = outgoing_refusal(&answer->response, said, call->arena, failure);
	failure->detail = data;
	return kind;
}

static enum failure_kind
ask(const struct module_call *call, struct http_call *http,
	struct module_result *result, struct failure *failure)
{
	struct value_builder bundle = value_builder_make(call->arena);
	struct http_call_answer answer;
	struct value data, trace = value_empty();
	enum failure_kind kind;

	if (base_url(call).len == 0)
		return failure_set(failure, call->arena, FAILURE_CONFIGURATION,
			"the connection %.*s has no baseUrl",
			STR_ARG(call->connection->name));
	http->timeout = app_http_timeout(call->input);
	kind = make_auth(call, &http->auth, failure);
	if (!kind)
		kind = http_call_send(call, http, &answer, &trace, failure);
	result->trace = trace;
	if (!kind)
		kind = http_answer_data(
			&answer.response, true, call->arena, &data, failure);
	if (!kind && answer.response.status >= 300)
		kind = refuse(call, &answer, data, failure);
	if (kind)
		return kind;
	value_builder_set(&bundle, STR("statusCode"),
		value_number(answer.response.status));
	value_builder_set(&bundle, STR("data"), data);
	value_builder_set(&bundle, STR("headers"),
		http_answer_header_collection(
			answer.response.head, call->arena));
	module_result_one(call, result, value_builder_collection(&bundle));
	result->trace = trace;
	return FAILURE_NONE;
}

static void
add_idempotency_key(const struct module_call *call, struct http_call *http)
{
	struct value_builder list = value_builder_make(call->arena);
	struct value_builder pair = value_builder_make(call->arena);

	for (size_t i = 0; i < http->headers.as.array.count; i++)
		value_builder_add(&list, http->headers.as.array.items[i]);
	value_builder_set(
		&pair, STR("name"), value_text(STR("Idempotency-Key")));
	value_builder_set(
		&pair, STR("value"), value_text(call->idempotency_key));
	value_builder_add(&list, value_builder_collection(&pair));
	http->headers = value_builder_array(&list);
}

static enum failure_kind
run_call(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	struct value input = call->input;
	struct value body = value_member(input, STR("body"));
	struct str method = field_text(input, "method", call->arena);
	struct http_call http = {.method = STR("GET"),
		.url = str_trim(field_text(input, "path", call->arena)),
		.headers = field_list(input, "headers", call->arena),
		.query = field_list(input, "query", call->arena)};
	enum failure_kind kind = FAILURE_NONE;

	if (!str_starts_with(http.url, STR("/")))
		return failure_set(failure, call->arena, FAILURE_DATA,
			"path: expected a path that begins with /");
	if (method.len)
		kind = app_http_method(call, method, &http.method, failure);
	if (kind)
		return kind;
	http.has_body = !value_is_blank(body) || http.method.ptr[0] == 'P';
	if (!value_is_blank(body))
		http.body.type = STR("application/json");
	kind = http_body_raw(call, body, &http.body.bytes, failure);
	if (kind)
		return kind;
	if (http.method.ptr[0] == 'P')
		add_idempotency_key(call, &http);
	return ask(call, &http, result, failure);
}

/* ---- publishing ---- */

/** A member of the input, or what stands for one that is not given. */
static struct str
text_or(const struct module_call *call, const char *name, struct str fallback)
{
	struct str text = field_text(call->input, name, call->arena);

	return text.len ? text : fallback;
}

/** Ids of steps are unique within a scenario's life, and its id is random. */
static struct str
own_source(const struct module_call *call)
{
	struct value scenario = value_empty();

	if (call->scope->variables)
		scenario = call->scope->variables(
			call->scope->context, STR("scenario"));
	return arena_printf(call->arena, "/scenarios/%.*s",
		STR_ARG(field_text(scenario, "id", call->arena)));
}

static struct value
make_event(const struct module_call *call)
{
	struct value_builder event = value_builder_make(call->arena);
	struct str subject = text_or(call, "subject", STR(""));
	struct value time = value_member(call->input, STR("time"));
	struct value data = value_member(call->input, STR("data"));

	value_builder_set(&event, STR("specversion"), value_text(STR("1.0")));
	value_builder_set(&event, STR("id"),
		value_text(text_or(call, "id", call->idempotency_key)));
	value_builder_set(&event, STR("source"),
		value_text(text_or(call, "source", own_source(call))));
	value_builder_set(&event, STR("type"),
		value_text(text_or(call, "type", STR(""))));
	if (subject.len)
		value_builder_set(&event, STR("subject"), value_text(subject));
	if (time.kind == VALUE_DATE)
		value_builder_set(&event, STR("time"), time);
	value_builder_set(&event, STR("datacontenttype"),
		value_text(STR("application/json")));
	value_builder_set(&event, STR("data"), data);
	return value_builder_collection(&event);
}

static enum failure_kind
run_event(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	struct http_call http = {.method = STR("POST"),
		.url = STR("/v1/events"),
		.headers = value_array(NULL, 0),
		.query = value_array(NULL, 0),
		.body = {.type = STR("application/cloudevents+json")},
		.has_body = true};
	enum failure_kind kind = http_body_raw(
		call, make_event(call), &http.body.bytes, failure);

	return kind ? kind : ask(call, &http, result, failure);
}

static struct str
resource_path(const struct module_call *call)
{
	CLEANUP(buf_release) struct buf path = {0};

	buf_append(&path, STR("/v1/resources/"));
	encode_percent(&path, text_or(call, "type", STR("")));
	buf_append_char(&path, '/');
	encode_percent(&path, text_or(call, "id", STR("")));
	return arena_copy(call->arena, buf_str(&path));
}

static enum failure_kind
run_state(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	struct http_call http = {.method = STR("PUT"),
		.url = resource_path(call),
		.headers = value_array(NULL, 0),
		.query = value_array(NULL, 0),
		.body = {.type = STR("application/json")},
		.has_body = true};
	enum failure_kind kind =
		http_body_raw(call, value_member(call->input, STR("state")),
			&http.body.bytes, failure);

	return kind ? kind : ask(call, &http, result, failure);
}

static enum failure_kind
run_removal(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	struct http_call http = {.method = STR("DELETE"),
		.url = resource_path(call),
		.headers = value_array(NULL, 0),
		.query = value_array(NULL, 0)};

	return ask(call, &http, result, failure);
}

#define ROW(name_, mapper_, run_) \
	{ \
		.name = "grapnel:" name_, .nature = MODULE_EFFECT, \
		.connection = CONNECTION, .mapper = (mapper_), .run = (run_) \
	}

const struct module_kind app_grapnel[] = {
	ROW("Call", call_mapper, run_call),
	ROW("PublishEvent", event_mapper, run_event),
	ROW("PutResource", state_mapper, run_state),
	ROW("DeleteResource", resource_mapper, run_removal),
	{.name = NULL},
};
