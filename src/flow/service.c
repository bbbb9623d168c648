#include "flow/service.h"

#include <math.h>

#include "base/encode.h"
#include "flow/service_errors.h"

enum { BODY_MAX = 32 << 20 };

/* ---- the connection ---- */

enum failure_kind
service_need_connection(const struct module_call *call, struct failure *failure)
{
	const char *type = call->kind->connection;

	if (call->connection && str_equal(call->connection->type, str_of(type)))
		return FAILURE_NONE;
	if (!call->connection)
		return failure_set(failure, call->arena, FAILURE_CONFIGURATION,
			"%s needs a connection of type %s", call->kind->name,
			type);
	return failure_set(failure, call->arena, FAILURE_CONFIGURATION,
		"%s needs a connection of type %s, \"%.*s\" is of type %.*s",
		call->kind->name, type, STR_ARG(call->connection->name),
		STR_ARG(call->connection->type));
}

struct str
service_secret(const struct module_call *call, const char *name)
{
	return connection_text(call->connection, name);
}

struct str
service_bearer(struct arena *arena, struct str token)
{
	if (token.len == 0)
		return STR("");
	return arena_printf(arena, "Bearer %.*s", STR_ARG(token));
}

struct str
service_basic(struct arena *arena, struct str username, struct str password)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct str pair = arena_printf(
		arena, "%.*s:%.*s", STR_ARG(username), STR_ARG(password));

	if (pair.len == 1)
		return STR("");
	buf_append(&text, STR("Basic "));
	encode_base64(&text, pair);
	return arena_copy(arena, buf_str(&text));
}

/* ---- sending ---- */

static struct str
url_of(const struct module_call *call, const struct service_request *request)
{
	struct str base = request->base;

	if (base.len == 0)
		base = service_secret(call, "baseUrl");
	while (base.len && base.ptr[base.len - 1] == '/')
		base.len--;
	return arena_printf(
		call->arena, "%.*s%.*s", STR_ARG(base), STR_ARG(request->path));
}

static struct value
trace_of(const struct module_call *call, const struct service_request *request,
	struct str url, const struct service_answer *answer)
{
	struct value_builder sent = value_builder_make(call->arena);
	struct value_builder got = value_builder_make(call->arena);
	struct value_builder both = value_builder_make(call->arena);

	service_put(&sent, "method", value_text(str_of(request->method)));
	service_put(&sent, "url",
		value_text(request->is_url_secret ? STR("***") : url));
	service_put(&sent, "body", request->body);
	value_builder_set(
		&both, STR("request"), value_builder_collection(&sent));
	if (answer->response.status) {
		service_put(
			&got, "status", value_number(answer->response.status));
		service_put(&got, "body", answer->body);
		value_builder_set(
			&both, STR("response"), value_builder_collection(&got));
	}
	return value_builder_collection(&both);
}

/** JSON if it is, else text. */
static struct value
read_body(struct str body, struct arena *arena)
{
	struct json_doc doc;
	struct value value;

	if (str_trim(body).len == 0)
		return value_empty();
	if (json_read(body, arena, &doc, NULL) == ERR_OK &&
		value_from_json(json_root(&doc), VALUE_JSON_PLAIN, arena,
			&value) == ERR_OK)
		return value;
	return value_from_text(body, arena);
}

static void
hide_url(struct failure *failure, struct str url, struct arena *arena)
{
	size_t at = str_find(failure->message, url);

	if (at == SIZE_MAX)
		return;
	failure->message = arena_printf(arena, "%.*s***%.*s",
		STR_ARG(str_head(failure->message, at)),
		STR_ARG(str_skip(failure->message, at + url.len)));
}

static enum failure_kind
add_headers(const struct module_call *call,
	const struct service_request *request, struct http_header *headers,
	size_t *count, struct failure *failure)
{
	struct http_header own[] = {
		{STR("Authorization"), request->authorization},
		{STR("Accept"), STR("application/json")},
		{STR("Content-Type"),
			!value_is_empty(request->body)
				? STR("application/json; charset=utf-8")
				: STR("application/x-www-form-urlencoded")},
	};
	bool has_body = !value_is_empty(request->body) || request->form.len;

	*count = 0;
	for (size_t i = 0; i < COUNT_OF(own) - !has_body; i++) {
		if (own[i].value.len)
			headers[(*count)++] = own[i];
	}
	for (size_t i = 0; i < request->header_count; i++)
		headers[(*count)++] = request->headers[i];
	for (size_t i = 0; i < *count; i++) {
		if (http_header_is_sendable(headers[i].name, headers[i].value))
			continue;
		return failure_set(failure, call->arena, FAILURE_CONFIGURATION,
			"the header %.*s has characters that cannot be sent: "
			"look at the connection",
			STR_ARG(headers[i].name));
	}
	return FAILURE_NONE;
}

static struct str
said_by(const struct module_call *call, const struct service_request *request,
	const struct service_answer *answer)
{
	struct str paths = str_of(request->said ? request->said : "");

	while (paths.ptr != NULL) {
		struct str path = str_split(&paths, ' ');
		struct value said = value_path(answer->body, path);

		if (path.len && said.kind == VALUE_TEXT &&
			!value_is_blank(said))
			return service_value_text(call, said);
	}
	return answer->response.body;
}

enum failure_kind
service_send(const struct module_call *call,
	const struct service_request *request, struct module_result *result,
	struct service_answer *ret, struct failure *failure)
{
	CLEANUP(buf_release) struct buf body = buf_make(BODY_MAX);
	struct http_header headers[SERVICE_HEADERS_MAX + 3];
	struct outgoing_request sent = {.method = request->method,
		.url = url_of(call, request),
		.headers = headers,
		.body = request->form,
		.has_body = request->form.len > 0,
		.timeout = call->timeout};
	enum failure_kind kind = add_headers(
		call, request, headers, &sent.header_count, failure);

	*ret = (struct service_answer){.body = value_empty()};
	if (kind)
		return kind;
	if (!value_is_empty(request->body)) {
		value_append_json(&body, request->body, VALUE_JSON_PLAIN);
		sent.body = buf_str(&body);
		sent.has_body = true;
	}
	if (buf_is_overflown(&body))
		return failure_set(failure, call->arena, FAILURE_MAX_FILE_SIZE,
			"the request is over %d MiB", BODY_MAX >> 20);
	kind = outgoing_send(
		call->outgoing, &sent, call->arena, &ret->response, failure);
	if (!kind)
		ret->body = read_body(ret->response.body, call->arena);
	result->trace = trace_of(call, request, sent.url, ret);
	if (!kind && ret->response.status >= 400) {
		(void)outgoing_refusal(&ret->response,
			said_by(call, request, ret), call->arena, failure);
		failure->detail = ret->body;
		kind = service_errors_judge(call->connection, ret, failure);
	}
	if (kind && request->is_url_secret)
		hide_url(failure, sent.url, call->arena);
	return kind;
}

/* ---- fields ---- */

struct str
service_value_text(const struct module_call *call, struct value value)
{
	struct str text;

	if (value_to_text(value, call->arena, &text))
		return STR("");
	return text;
}

struct str
service_text(const struct module_call *call, const char *name)
{
	return service_value_text(
		call, value_member(call->input, str_of(name)));
}

enum failure_kind
service_need_text(const struct module_call *call, const char *name,
	struct str *ret, struct failure *failure)
{
	struct value value = value_member(call->input, str_of(name));

	*ret = str_trim(service_value_text(call, value));
	if (ret->len)
		return FAILURE_NONE;
	return failure_set(failure, call->arena, FAILURE_DATA,
		"%s: expected a text, found %s", name,
		value_is_blank(value) ? "nothing" : value_kind_name(value));
}

enum failure_kind
service_integer(const struct module_call *call, const char *name,
	int64_t fallback, int64_t *ret, struct failure *failure)
{
	struct value value = value_member(call->input, str_of(name));
	double number;

	*ret = fallback;
	if (value_is_blank(value))
		return FAILURE_NONE;
	if (!value_to_number(value, &number) || number != floor(number) ||
		number < 0 || number > 1e9)
		return failure_set(failure, call->arena, FAILURE_DATA,
			"%s: expected a whole number, at least 0", name);
	*ret = (int64_t)number;
	return FAILURE_NONE;
}

enum failure_kind
service_json(const struct module_call *call, const char *name,
	struct value *ret, struct failure *failure)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct value value = value_member(call->input, str_of(name));
	struct json_doc doc;
	enum err err;

	*ret = value_empty();
	if (value_is_blank(value))
		return FAILURE_NONE;
	*ret = value;
	if (value.kind != VALUE_TEXT)
		return FAILURE_NONE;
	err = json_read(value.as.text, call->arena, &doc, &why);
	if (!err)
		err = value_from_json(
			json_root(&doc), VALUE_JSON_PLAIN, call->arena, ret);
	if (!err)
		return FAILURE_NONE;
	return failure_set(failure, call->arena, FAILURE_DATA,
		"%s is no JSON: %s", name,
		why.len ? buf_text(&why) : "it is nested too deep");
}

void
service_put(struct value_builder *builder, const char *name, struct value value)
{
	if (!value_is_blank(value))
		value_builder_set(builder, str_of(name), value);
}

void
service_put_fields(struct value_builder *builder,
	const struct module_call *call, const char *const *names)
{
	for (; *names; names++)
		service_put(builder, *names,
			value_member(call->input, str_of(*names)));
}

struct str
service_escape(struct arena *arena, struct str text)
{
	CLEANUP(buf_release) struct buf out = {0};

	encode_percent(&out, text);
	return arena_copy(arena, buf_str(&out));
}

void
service_query(struct buf *path, const char *name, struct str value)
{
	bool is_first = str_find_char(buf_str(path), '?') == SIZE_MAX;

	buf_printf(path, "%c%s=", is_first ? '?' : '&', name);
	encode_percent(path, value);
}

void
service_results(struct module_result *result, struct value_builder *found)
{
	struct value all = value_builder_array(found);

	result->bundles = all.as.array.items;
	result->count = all.as.array.count;
	result->is_many = true;
}
