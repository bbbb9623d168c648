#include "flow/app_http.h"

#include "base/clock.h"
#include "flow/apps.h"
#include "flow/field.h"
#include "flow/http_answer.h"

/* HTTP calls as of version 3 of the app. */

enum { TIMEOUT_USUAL = 40, TIMEOUT_MAX = 300 };

static const struct module_field parameters[] = {
	{.name = "handleErrors", .type = "boolean"}, {.name = "proxyKeychain"},
	{.name = NULL}};

static const char *const body_types[] = {
	"", "raw", "x_www_form_urlencoded", "multipart_form_data", NULL};

#define ADDRESS \
	{.name = "url", .type = "text", .is_required = true}, \
		{.name = "serializeUrl", .type = "boolean"}, \
		{.name = "headers", .type = "array"}, \
		{.name = "qs", .type = "array"}, \
		{.name = "timeout", \
			.type = "number", \
			.minimum = 1, \
			.maximum = TIMEOUT_MAX}, \
	{ \
		.name = "shareCookies", .type = "boolean" \
	}
/* Who is believed, and whether we show a certificate of ours. */
#define TRUST \
	{.name = "ca", .type = "text"}, \
	{ \
		.name = "useMtls", .type = "boolean" \
	}
#define REDIRECTS \
	{.name = "followRedirect", .type = "boolean"}, \
	{ \
		.name = "followAllRedirects", .type = "boolean" \
	}
#define REQUEST \
	ADDRESS, REDIRECTS, TRUST, {.name = "method", .type = "text"}, \
		{.name = "bodyType", .type = "text", .choices = body_types}, \
		{.name = "contentType", .type = "text"}, {.name = "data"}, \
		{.name = "formDataFields", .type = "array"}, \
		{.name = "parseResponse", .type = "boolean"}, \
		{.name = "useQuerystring", .type = "boolean"}, \
	{ \
		.name = "gzip", .type = "boolean" \
	}

static const struct module_field mapper[] = {REQUEST,
	{.name = "authUser", .type = "text"},
	{.name = "authPass", .type = "text"}, {.name = NULL}};
static const struct module_field proved_mapper[] = {REQUEST, {.name = NULL}};
static const struct module_field file_mapper[] = {ADDRESS, REDIRECTS, TRUST,
	{.name = "method", .type = "text"}, {.name = "gzip", .type = "boolean"},
	{.name = NULL}};

/* ---- what both generations share ---- */

int64_t
app_http_timeout(struct value input)
{
	double seconds = field_number(input, "timeout", TIMEOUT_USUAL);

	if (!(seconds >= 1 && seconds <= TIMEOUT_MAX))
		seconds = TIMEOUT_USUAL;
	return (int64_t)(seconds * (double)SECONDS);
}

enum failure_kind
app_http_method(const struct module_call *call, struct str name,
	struct str *ret, struct failure *failure)
{
	static const char *const methods[] = {
		"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		if (!str_equal_nocase(name, str_of(methods[i])))
			continue;
		*ret = str_of(methods[i]);
		return FAILURE_NONE;
	}
	return failure_set(failure, call->arena, FAILURE_DATA,
		"method: \"%.*s\" is none of get, head, post, put, patch, "
		"delete, options",
		STR_ARG(str_head(name, 50)));
}

enum failure_kind
app_http_judge(const struct module_call *call,
	const struct http_call_answer *answer, bool fails, bool has_token,
	struct failure *failure)
{
	const struct outgoing_response *response = &answer->response;
	struct failure ignored;
	enum failure_kind kind = outgoing_failure_of(response);
	bool is_plain = kind == FAILURE_DATA ||
			(kind == FAILURE_ACCESS_TOKEN && !has_token);

	if (!fails || kind == FAILURE_NONE)
		return FAILURE_NONE;
	kind = outgoing_refusal(response, response->body, call->arena, failure);
	(void)http_answer_data(
		response, true, call->arena, &failure->detail, &ignored);
	if (is_plain)
		kind = failure->kind = FAILURE_RUNTIME;
	return kind;
}

/** What a server sets, in the words of its header. */
static struct value
cookie_headers(const struct module_call *call, struct value headers)
{
	struct value_builder list = value_builder_make(call->arena);

	for (size_t i = 0; i < headers.as.array.count; i++) {
		struct value header = headers.as.array.items[i];

		if (str_equal(field_text(header, "name", call->arena),
			    STR("set-cookie")))
			value_builder_add(
				&list, value_member(header, STR("value")));
	}
	return value_builder_array(&list);
}

void
app_http_put_cookies(const struct module_call *call,
	const struct http_call_answer *answer, struct value_builder *bundle)
{
	struct value lines = cookie_headers(call,
		http_answer_header_list(answer->response.head, call->arena));

	if (lines.as.array.count)
		value_builder_set(bundle, STR("cookieHeaders"), lines);
	if (answer->cookies.as.array.count)
		value_builder_set(bundle, STR("cookies"), answer->cookies);
}

/* ---- requests ---- */

struct body_kind {
	const char *name;
	enum failure_kind (*make)(const struct module_call *call,
		struct http_body *ret, struct failure *failure);
};

static enum failure_kind
make_raw(const struct module_call *call, struct http_body *ret,
	struct failure *failure)
{
	ret->type = field_text(call->input, "contentType", call->arena);
	if (str_equal(ret->type, STR("custom")))
		ret->type = STR("");
	return http_body_raw(call, value_member(call->input, STR("data")),
		&ret->bytes, failure);
}

/** Exports name the list by one of these. */
static struct value
form_fields(const struct module_call *call)
{
	struct value fields =
		field_list(call->input, "formDataFields", call->arena);

	return fields.as.array.count
		       ? fields
		       : field_list(call->input, "formFields", call->arena);
}

static enum failure_kind
make_form(const struct module_call *call, struct http_body *ret,
	struct failure *failure)
{
	return http_body_form(call, form_fields(call), ret, failure);
}

static enum failure_kind
make_multipart(const struct module_call *call, struct http_body *ret,
	struct failure *failure)
{
	return http_body_multipart(call, form_fields(call), ret, failure);
}

static const struct body_kind body_kinds[] = {
	{"raw", make_raw},
	{"x_www_form_urlencoded", make_form},
	{"multipart_form_data", make_multipart},
};

/** Methods that are sent with a body even when it is empty. */
static bool
wants_body(struct str method)
{
	return str_starts_with(method, STR("P"));
}

static enum failure_kind
make_body(const struct module_call *call, struct http_call *http,
	struct failure *failure)
{
	struct str type = field_text(call->input, "bodyType", call->arena);

	http->has_body = wants_body(http->method);
	for (size_t i = 0; i < COUNT_OF(body_kinds); i++) {
		if (!str_equal(type, str_of(body_kinds[i].name)))
			continue;
		http->has_body = true;
		return body_kinds[i].make(call, &http->body, failure);
	}
	if (type.len == 0)
		return FAILURE_NONE;
	return failure_set(failure, call->arena, FAILURE_DATA,
		"bodyType: \"%.*s\" is none of raw, x_www_form_urlencoded, "
		"multipart_form_data",
		STR_ARG(str_head(type, 50)));
}

static enum failure_kind
make_auth(const struct module_call *call, enum http_auth_kind kind,
	struct http_call *http, struct failure *failure)
{
	struct str user = field_text(call->input, "authUser", call->arena);

	http->needs_certificate |= kind == HTTP_AUTH_CERTIFICATE;
	if (kind == HTTP_AUTH_CERTIFICATE)
		kind = HTTP_AUTH_ANY;
	if (user.len == 0)
		return http_auth_make(call, kind, &http->auth, failure);
	http->auth = http_auth_basic(user,
		field_text(call->input, "authPass", call->arena), call->arena);
	return FAILURE_NONE;
}

static struct http_call
make_call(const struct module_call *call)
{
	struct value input = call->input;

	return (struct http_call){.method = STR("GET"),
		.url = field_text(input, "url", call->arena),
		.headers = field_list(input, "headers", call->arena),
		.query = field_list(input, "qs", call->arena),
		.numbers_repeated = !field_flag(input, "useQuerystring", false),
		.timeout = app_http_timeout(input),
		.follows = field_flag(input, "followRedirect", true),
		.follows_all = field_flag(input, "followAllRedirects", false),
		.ca = field_text(input, "ca", call->arena),
		.needs_certificate = field_flag(input, "useMtls", false),
		.shares_cookies = field_flag(input, "shareCookies", false),
		.is_compressed = field_flag(input, "gzip", false)};
}

static enum failure_kind
ask(const struct module_call *call, enum http_auth_kind auth,
	struct http_call *http, struct http_call_answer *answer,
	struct module_result *result, struct failure *failure)
{
	enum failure_kind kind = make_auth(call, auth, http, failure);

	if (!kind)
		kind = http_call_send(
			call, http, answer, &result->trace, failure);
	if (!kind)
		kind = app_http_judge(call, answer,
			field_flag(call->parameters, "handleErrors", false),
			http->auth.has_grant, failure);
	return kind;
}

/** The bundle; the result's trace stays. */
static void
give(const struct module_call *call, struct value_builder *bundle,
	struct module_result *result)
{
	struct value trace = result->trace;

	module_result_one(call, result, value_builder_collection(bundle));
	result->trace = trace;
}

static void
put_answer(const struct module_call *call,
	const struct http_call_answer *answer, struct value_builder *bundle)
{
	value_builder_set(bundle, STR("statusCode"),
		value_number(answer->response.status));
	value_builder_set(bundle, STR("headers"),
		http_answer_header_list(answer->response.head, call->arena));
	value_builder_set(bundle, STR("fileSize"),
		value_number((double)answer->response.body.len));
	app_http_put_cookies(call, answer, bundle);
}

static enum failure_kind
send_data(const struct module_call *call, enum http_auth_kind auth,
	struct module_result *result, struct failure *failure)
{
	struct value_builder bundle = value_builder_make(call->arena);
	struct str method = field_text(call->input, "method", call->arena);
	struct http_call http = make_call(call);
	struct http_call_answer answer;
	struct value data;
	enum failure_kind kind = FAILURE_NONE;

	if (method.len)
		kind = app_http_method(call, method, &http.method, failure);
	if (!kind)
		kind = make_body(call, &http, failure);
	if (!kind)
		kind = ask(call, auth, &http, &answer, result, failure);
	if (!kind)
		kind = http_answer_data(&answer.response,
			field_flag(call->input, "parseResponse", false),
			call->arena, &data, failure);
	if (kind)
		return kind;
	value_builder_set(&bundle, STR("data"), data);
	put_answer(call, &answer, &bundle);
	give(call, &bundle, result);
	return FAILURE_NONE;
}

static enum failure_kind
run_plain(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	return send_data(call, HTTP_AUTH_ANY, result, failure);
}

static enum failure_kind
run_basic(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	return send_data(call, HTTP_AUTH_BASIC, result, failure);
}

static enum failure_kind
run_api_key(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	return send_data(call, HTTP_AUTH_API_KEY, result, failure);
}

/** With the certificate of the connection. */
static enum failure_kind
run_certificate(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	return send_data(call, HTTP_AUTH_CERTIFICATE, result, failure);
}

static enum failure_kind
run_oauth(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	return send_data(call, HTTP_AUTH_OAUTH, result, failure);
}

/* ---- files, headers, targets ---- */

static enum failure_kind
run_file(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	struct value_builder bundle = value_builder_make(call->arena);
	struct http_call http = make_call(call);
	struct http_call_answer answer;
	enum failure_kind kind =
		ask(call, HTTP_AUTH_ANY, &http, &answer, result, failure);

	if (kind)
		return kind;
	value_builder_set(&bundle, STR("fileName"),
		value_from_text(http_answer_file_name(&answer.response,
					answer.url, call->arena),
			call->arena));
	value_builder_set(&bundle, STR("data"),
		value_buffer(answer.response.body, VALUE_BINARY));
	put_answer(call, &answer, &bundle);
	give(call, &bundle, result);
	return FAILURE_NONE;
}

static enum failure_kind
run_headers(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	struct value_builder bundle = value_builder_make(call->arena);
	struct http_call http = make_call(call);
	struct http_call_answer answer;
	enum failure_kind kind;

	http.method = STR("HEAD");
	kind = ask(call, HTTP_AUTH_ANY, &http, &answer, result, failure);
	if (kind)
		return kind;
	put_answer(call, &answer, &bundle);
	give(call, &bundle, result);
	return FAILURE_NONE;
}

static enum failure_kind
run_target(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	struct value_builder bundle = value_builder_make(call->arena);
	struct http_call http = make_call(call);
	struct http_call_answer answer;
	enum failure_kind kind;

	http.method = STR("HEAD");
	http.follows = true;
	kind = ask(call, HTTP_AUTH_ANY, &http, &answer, result, failure);
	if (kind)
		return kind;
	value_builder_set(
		&bundle, STR("url"), value_from_text(answer.url, call->arena));
	value_builder_set(&bundle, STR("statusCode"),
		value_number(answer.response.status));
	give(call, &bundle, result);
	return FAILURE_NONE;
}

const struct module_kind app_http[] = {
	{.name = "http:ActionSendData",
		.nature = MODULE_EFFECT,
		.parameters = parameters,
		.mapper = mapper,
		.run = run_plain},
	{.name = "http:ActionSendDataBasicAuth",
		.nature = MODULE_EFFECT,
		.parameters = parameters,
		.mapper = proved_mapper,
		.run = run_basic},
	{.name = "http:ActionSendDataAPIKeyAuth",
		.nature = MODULE_EFFECT,
		.parameters = parameters,
		.mapper = proved_mapper,
		.run = run_api_key},
	{.name = "http:ActionSendDataOAuth",
		.nature = MODULE_EFFECT,
		.parameters = parameters,
		.mapper = proved_mapper,
		.run = run_oauth},
	{.name = "http:ActionSendDataCertAuth",
		.nature = MODULE_EFFECT,
		.parameters = parameters,
		.mapper = proved_mapper,
		.run = run_certificate},
	{.name = "http:ActionGetFile",
		.nature = MODULE_EFFECT,
		.parameters = parameters,
		.mapper = file_mapper,
		.run = run_file},
	{.name = "http:ActionRetrieveHeaders",
		.nature = MODULE_EFFECT,
		.parameters = parameters,
		.mapper = file_mapper,
		.run = run_headers},
	{.name = "http:ActionResolveTargetUrl",
		.nature = MODULE_EFFECT,
		.parameters = parameters,
		.mapper = file_mapper,
		.run = run_target},
	{.name = NULL},
};
