#include "flow/app_http.h"
#include "flow/apps.h"
#include "flow/field.h"
#include "flow/http_answer.h"

/* HTTP calls as of version 4 of the app: one module for all. */

static const char *const proofs[] = {
	"noAuth", "apiKey", "basicAuth", "oAuth", NULL};
static const char *const tls_types[] = {"", "tls", "mTls", NULL};
static const struct module_field parameters[] = {
	{.name = "authenticationType", .type = "text", .choices = proofs},
	{.name = "tlsType", .type = "text", .choices = tls_types},
	{.name = "proxyKeychain"}, {.name = NULL}};
static const struct module_field mapper[] = {
	{.name = "url", .type = "text", .is_required = true},
	{.name = "method", .type = "text"},
	{.name = "headers", .type = "array"},
	{.name = "queryParameters", .type = "array"},
	{.name = "contentType", .type = "text"},
	{.name = "inputMethod", .type = "text"},
	{.name = "jsonStringBodyContent", .type = "text"},
	{.name = "dataStructureBodyContent"},
	{.name = "urlEncodedBodyContent", .type = "array"},
	{.name = "multipartBodyContent", .type = "array"},
	{.name = "rawBodyContent"},
	{.name = "contentTypeValue", .type = "text"},
	{.name = "parseResponse", .type = "boolean"},
	{.name = "stopOnHttpError", .type = "boolean"},
	{.name = "allowRedirects", .type = "boolean"},
	{.name = "shareCookies", .type = "boolean"},
	{.name = "requestCompressedContent", .type = "boolean"},
	{.name = "timeout", .type = "number", .minimum = 1, .maximum = 300},
	{.name = NULL}};

/* ---- bodies ---- */

static enum failure_kind
make_json(const struct module_call *call, struct http_body *ret,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct str method = field_text(call->input, "inputMethod", call->arena);
	struct json_doc doc;

	ret->type = STR("application/json");
	if (str_equal(method, STR("dataStructure")))
		return http_body_raw(call,
			value_member(
				call->input, STR("dataStructureBodyContent")),
			&ret->bytes, failure);
	ret->bytes =
		field_text(call->input, "jsonStringBodyContent", call->arena);
	if (ret->bytes.len && json_read(ret->bytes, call->arena, &doc, &why))
		return failure_set(failure, call->arena, FAILURE_DATA,
			"jsonStringBodyContent: this is not valid JSON: %s",
			buf_text(&why));
	return FAILURE_NONE;
}

static enum failure_kind
make_form(const struct module_call *call, struct http_body *ret,
	struct failure *failure)
{
	return http_body_form(call,
		field_list(call->input, "urlEncodedBodyContent", call->arena),
		ret, failure);
}

static enum failure_kind
make_multipart(const struct module_call *call, struct http_body *ret,
	struct failure *failure)
{
	return http_body_multipart(call,
		field_list(call->input, "multipartBodyContent", call->arena),
		ret, failure);
}

static enum failure_kind
make_custom(const struct module_call *call, struct http_body *ret,
	struct failure *failure)
{
	ret->type = field_text(call->input, "contentTypeValue", call->arena);
	return http_body_raw(call,
		value_member(call->input, STR("rawBodyContent")), &ret->bytes,
		failure);
}

static const struct body_kind {
	const char *name;
	enum failure_kind (*make)(const struct module_call *call,
		struct http_body *ret, struct failure *failure);
} body_kinds[] = {
	{"json", make_json},
	{"urlEncoded", make_form},
	{"multipart", make_multipart},
	{"custom", make_custom},
};

static enum failure_kind
make_body(const struct module_call *call, struct http_call *http,
	struct failure *failure)
{
	struct str type = field_text(call->input, "contentType", call->arena);

	if (!str_starts_with(http->method, STR("P")) &&
		!str_equal(http->method, STR("DELETE")))
		return FAILURE_NONE;
	http->has_body = type.len > 0 || http->method.ptr[0] == 'P';
	for (size_t i = 0; i < COUNT_OF(body_kinds); i++) {
		if (str_equal(type, str_of(body_kinds[i].name)))
			return body_kinds[i].make(call, &http->body, failure);
	}
	if (type.len == 0)
		return FAILURE_NONE;
	return failure_set(failure, call->arena, FAILURE_DATA,
		"contentType: \"%.*s\" is none of json, multipart, "
		"urlEncoded, custom",
		STR_ARG(str_head(type, 50)));
}

/* ---- the call ---- */

static enum failure_kind
make_auth(const struct module_call *call, struct http_call *http,
	struct failure *failure)
{
	static const enum http_auth_kind kinds[] = {HTTP_AUTH_ANY,
		HTTP_AUTH_API_KEY, HTTP_AUTH_BASIC, HTTP_AUTH_OAUTH};
	struct str name =
		field_text(call->parameters, "authenticationType", call->arena);

	for (size_t i = 1; proofs[i]; i++) {
		if (str_equal(name, str_of(proofs[i])))
			return http_auth_make(
				call, kinds[i], &http->auth, failure);
	}
	return http_auth_make(call, HTTP_AUTH_ANY, &http->auth, failure);
}

static enum failure_kind
make_call(const struct module_call *call, struct http_call *http,
	struct failure *failure)
{
	struct str method = field_text(call->input, "method", call->arena);
	bool follows = field_flag(call->input, "allowRedirects", true);
	enum failure_kind kind = FAILURE_NONE;

	*http = (struct http_call){.method = STR("GET"),
		.needs_certificate = str_equal(
			field_text(call->parameters, "tlsType", call->arena),
			STR("mTls")),
		.shares_cookies =
			field_flag(call->input, "shareCookies", false),
		.is_compressed = field_flag(
			call->input, "requestCompressedContent", false),
		.url = field_text(call->input, "url", call->arena),
		.headers = field_list(call->input, "headers", call->arena),
		.query =
			field_list(call->input, "queryParameters", call->arena),
		.timeout = app_http_timeout(call->input),
		.follows = follows,
		.follows_all = follows};
	if (method.len)
		kind = app_http_method(call, method, &http->method, failure);
	if (!kind)
		kind = make_body(call, http, failure);
	if (!kind)
		kind = make_auth(call, http, failure);
	return kind;
}

static enum failure_kind
run_request(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	struct value_builder bundle = value_builder_make(call->arena);
	struct http_call_answer answer;
	struct http_call http;
	struct value data, trace = value_empty();
	enum failure_kind kind = make_call(call, &http, failure);

	if (!kind)
		kind = http_call_send(call, &http, &answer, &trace, failure);
	result->trace = trace;
	if (!kind)
		kind = app_http_judge(call, &answer,
			field_flag(call->input, "stopOnHttpError", false),
			http.auth.has_grant, failure);
	if (!kind)
		kind = http_answer_data(&answer.response,
			field_flag(call->input, "parseResponse", false),
			call->arena, &data, failure);
	if (kind)
		return kind;
	value_builder_set(&bundle, STR("data"), data);
	value_builder_set(&bundle, STR("statusCode"),
		value_number(answer.response.status));
	value_builder_set(&bundle, STR("headers"),
		http_answer_header_collection(
			answer.response.head, call->arena));
	app_http_put_cookies(call, &answer, &bundle);
	module_result_one(call, result, value_builder_collection(&bundle));
	result->trace = trace;
	return FAILURE_NONE;
}

const struct module_kind app_http_4[] = {
	{.name = "http:MakeRequest",
		.nature = MODULE_EFFECT,
		.parameters = parameters,
		.mapper = mapper,
		.run = run_request},
	{.name = NULL},
};
