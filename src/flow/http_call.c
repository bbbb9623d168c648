#include "flow/http_call.h"

#include "base/clock.h"
#include "base/encode.h"
#include "flow/connection.h"
#include "flow/field.h"
#include "flow/http_answer.h"
#include "flow/http_url.h"
#include "flow/mask.h"

enum { SHOWN_BODY_MAX = 8 << 10 };

struct sending {
	const struct module_call *call;
	const struct http_call *http;
	struct http_auth auth; /* with the token fetched */
	const char *method;
	struct str url;
	bool has_body;
	bool is_foreign; /* another origin than the one that was asked */
	struct http_header headers[HTTP_CALL_HEADERS_MAX + 2];
	size_t header_count;
	int64_t deadline; /* monotonic */
};

static int64_t
time_left(const struct sending *sending)
{
	int64_t left = sending->deadline - clock_monotonic();

	return left > 0 ? left : 1;
}

/* ---- the address ---- */

/** Which of the parts with this name it is, and whether there are others. */
static size_t
place_among(struct value query, size_t at, struct arena *arena, bool *is_one)
{
	struct str name = field_text(query.as.array.items[at], "name", arena);
	size_t before = 0, all = 0;

	for (size_t i = 0; i < query.as.array.count; i++) {
		if (!str_equal(
			    field_text(query.as.array.items[i], "name", arena),
			    name))
			continue;
		before += i < at;
		all++;
	}
	*is_one = all == 1;
	return before;
}

static struct str
add_query(const struct sending *sending, struct str url)
{
	const struct http_call *http = sending->http;
	struct arena *arena = sending->call->arena;

	for (size_t i = 0; i < http->query.as.array.count; i++) {
		struct value part = http->query.as.array.items[i];
		struct str name = field_text(part, "name", arena);
		bool is_one = true;
		size_t place = 0;

		if (http->numbers_repeated)
			place = place_among(http->query, i, arena, &is_one);
		if (!is_one)
			name = arena_printf(
				arena, "%.*s[%zu]", STR_ARG(name), place);
		url = http_url_add(
			url, name, field_text(part, "value", arena), arena);
	}
	return url;
}

static struct str
first_url(const struct sending *sending)
{
	const struct module_call *call = sending->call;
	struct str url = http_url_clean(sending->http->url, call->arena);
	struct str base = STR("");

	if (call->connection && str_starts_with(url, STR("/")))
		base = field_text(
			call->connection->members, "baseUrl", call->arena);
	if (str_ends_with(base, STR("/")))
		base.len--;
	if (base.len)
		url = arena_printf(
			call->arena, "%.*s%.*s", STR_ARG(base), STR_ARG(url));
	return add_query(sending, url);
}

/* ---- headers ---- */

static bool
is_same_header(const struct http_header *header, struct str name)
{
	return str_equal_nocase(header->name, name);
}

static bool
has_header(const struct sending *sending, struct str name)
{
	for (size_t i = 0; i < sending->header_count; i++) {
		if (is_same_header(&sending->headers[i], name))
			return true;
	}
	return false;
}

static enum failure_kind
add_header(struct sending *sending, size_t number, struct failure *failure)
{
	const struct module_call *call = sending->call;
	struct value item = sending->http->headers.as.array.items[number];
	struct http_header header = {field_text(item, "name", call->arena),
		field_text(item, "value", call->arena)};

	if (header.name.len == 0)
		header.name = field_text(item, "key", call->arena);
	if (header.name.len == 0 && header.value.len == 0)
		return FAILURE_NONE; /* an empty line of a form */
	if (!http_header_is_sendable(header.name, header.value))
		return failure_set(failure, call->arena, FAILURE_DATA,
			"headers[%zu]: \"%.*s\" with this value cannot be a "
			"header",
			number, STR_ARG(str_head(header.name, 100)));
	if (is_same_header(&sending->auth.header, header.name))
		return FAILURE_NONE;
	sending->headers[sending->header_count++] = header;
	return FAILURE_NONE;
}

static enum failure_kind
make_headers(struct sending *sending, struct failure *failure)
{
	const struct http_call *http = sending->http;
	size_t count = http->headers.as.array.count;
	enum failure_kind kind = FAILURE_NONE;

	if (count > HTTP_CALL_HEADERS_MAX)
		return failure_set(failure, sending->call->arena, FAILURE_DATA,
			"headers: over %d of them", HTTP_CALL_HEADERS_MAX);
	sending->header_count = 0;
	for (size_t i = 0; i < count && !kind; i++)
		kind = add_header(sending, i, failure);
	if (!kind && http->has_body && http->body.type.len &&
		!has_header(sending, STR("Content-Type")))
		sending->headers[sending->header_count++] =
			(struct http_header){
				STR("Content-Type"), http->body.type};
	if (!kind && sending->auth.header.name.len)
		sending->headers[sending->header_count++] =
			sending->auth.header;
	if (!kind && sending->auth.header.name.len &&
		!http_header_is_sendable(
			sending->auth.header.name, sending->auth.header.value))
		return failure_set(failure, sending->call->arena,
			FAILURE_CONFIGURATION,
			"the connection's credentials cannot be a header");
	return kind;
}

/** What is for the origin that was asked does not go to another one. */
static void
drop_secrets(struct sending *sending)
{
	size_t count = 0;

	for (size_t i = 0; i < sending->header_count; i++) {
		const struct http_header *header = &sending->headers[i];

		if (!mask_is_secret_name(header->name) &&
			!is_same_header(&sending->auth.header, header->name))
			sending->headers[count++] = *header;
	}
	sending->header_count = count;
	sending->is_foreign = true;
}

/* ---- sending ---- */

/** The message of a failure names the address: not what proves us in it. */
static void
hide_query(const struct sending *sending, struct failure *failure)
{
	CLEANUP(buf_release) struct buf secret = {0}, out = {0};
	struct str text = failure->message;

	encode_percent(&secret, sending->auth.query_value);
	if (secret.len == 0)
		return;
	for (;;) {
		size_t at = str_find(text, buf_str(&secret));

		buf_append(&out, str_head(text, at));
		if (at == SIZE_MAX)
			break;
		buf_append(&out, STR("***"));
		text = str_skip(text, at + secret.len);
	}
	failure->message = arena_copy(sending->call->arena, buf_str(&out));
}

static enum failure_kind
send_once(struct sending *sending, struct outgoing_response *response,
	struct failure *failure)
{
	struct arena *arena = sending->call->arena;
	struct outgoing_request request = {.method = sending->method,
		.url = sending->url,
		.headers = sending->headers,
		.header_count = sending->header_count,
		.body = sending->has_body ? sending->http->body.bytes : STR(""),
		.has_body = sending->has_body,
		.timeout = time_left(sending)};
	enum failure_kind kind;

	if (sending->auth.query_name.len && !sending->is_foreign)
		request.url =
			http_url_add(sending->url, sending->auth.query_name,
				sending->auth.query_value, arena);
	kind = outgoing_send(
		sending->call->outgoing, &request, arena, response, failure);
	if (kind)
		hide_query(sending, failure);
	return kind;
}

/** With a token that is kept and refused, once more with a fresh one. */
static enum failure_kind
send_proved(struct sending *sending, struct outgoing_response *response,
	struct failure *failure)
{
	const struct module_call *call = sending->call;
	bool is_kept = false;

	for (;;) {
		enum failure_kind kind = http_auth_fetch(call, &sending->auth,
			time_left(sending), &is_kept, failure);

		if (!kind)
			kind = make_headers(sending, failure);
		if (!kind)
			kind = send_once(sending, response, failure);
		if (kind || response->status != 401 || !is_kept)
			return kind;
		oauth_tokens_forget(call->outgoing, &sending->auth.grant);
	}
}

/* ---- redirects ---- */

static bool
is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 ||
	       status == 307 || status == 308;
}

static bool
may_follow(const struct sending *sending)
{
	return sending->http->follows_all ||
	       (sending->http->follows &&
		       (strcmp(sending->method, "GET") == 0 ||
			       strcmp(sending->method, "HEAD") == 0));
}

/** Turns to where the answer leads; false when it leads nowhere. */
static bool
turn(struct sending *sending, const struct outgoing_response *response)
{
	struct str location, url;

	if (!is_redirect(response->status) || !may_follow(sending) ||
		!http_head_find(response->head, STR("Location"), &location) ||
		http_url_follow(
			sending->url, location, sending->call->arena, &url))
		return false;
	if (!http_url_is_same_origin(sending->url, url))
		drop_secrets(sending);
	sending->url = url;
	/* As all clients do, and RFC 9110 §15.4 allows. */
	if (response->status < 307 && strcmp(sending->method, "HEAD") != 0) {
		sending->method = "GET";
		sending->has_body = false;
	}
	return true;
}

/* ---- what is shown ---- */

static struct value
shown_headers(const struct sending *sending)
{
	struct arena *arena = sending->call->arena;
	struct value_builder list = value_builder_make(arena);

	for (size_t i = 0; i < sending->header_count; i++) {
		const struct http_header *header = &sending->headers[i];
		struct value_builder pair = value_builder_make(arena);
		bool is_ours =
			is_same_header(&sending->auth.header, header->name);

		value_builder_set(&pair, STR("name"), value_text(header->name));
		value_builder_set(&pair, STR("value"),
			is_ours ? value_text(STR("***"))
				: value_from_text(header->value, arena));
		value_builder_add(&list, value_builder_collection(&pair));
	}
	return value_builder_array(&list);
}

static struct value
shown_body(struct str body, struct arena *arena)
{
	return value_from_text(str_head(body, SHOWN_BODY_MAX), arena);
}

static struct value
make_trace(
	const struct sending *sending, const struct outgoing_response *response)
{
	struct arena *arena = sending->call->arena;
	struct value_builder trace = value_builder_make(arena);
	struct value_builder request = value_builder_make(arena);
	struct value_builder answer = value_builder_make(arena);

	value_builder_set(
		&request, STR("method"), value_text(str_of(sending->method)));
	value_builder_set(
		&request, STR("url"), value_from_text(sending->url, arena));
	value_builder_set(&request, STR("headers"), shown_headers(sending));
	if (sending->has_body)
		value_builder_set(&request, STR("body"),
			shown_body(sending->http->body.bytes, arena));
	value_builder_set(
		&trace, STR("request"), value_builder_collection(&request));
	if (!response->status)
		return value_builder_collection(&trace);
	value_builder_set(
		&answer, STR("statusCode"), value_number(response->status));
	value_builder_set(&answer, STR("headers"),
		http_answer_header_list(response->head, arena));
	value_builder_set(
		&answer, STR("body"), shown_body(response->body, arena));
	value_builder_set(
		&trace, STR("response"), value_builder_collection(&answer));
	return value_builder_collection(&trace);
}

enum failure_kind
http_call_send(const struct module_call *call, const struct http_call *http,
	struct http_call_answer *ret, struct value *trace,
	struct failure *failure)
{
	struct sending sending = {.call = call,
		.http = http,
		.auth = http->auth,
		.has_body = http->has_body,
		.deadline = clock_monotonic() + http->timeout};
	enum failure_kind kind;

	*ret = (struct http_call_answer){0};
	if (!call->outgoing)
		return failure_set(failure, call->arena, FAILURE_CONFIGURATION,
			"nothing may be sent from here");
	sending.method = arena_copy(call->arena, http->method).ptr;
	sending.url = first_url(&sending);
	kind = send_proved(&sending, &ret->response, failure);
	for (int i = 0; !kind && turn(&sending, &ret->response); i++) {
		if (i == HTTP_CALL_REDIRECTS_MAX) {
			kind = failure_set(failure, call->arena, FAILURE_DATA,
				"it redirects over %d times",
				HTTP_CALL_REDIRECTS_MAX);
			break;
		}
		ret->response = (struct outgoing_response){0};
		kind = send_once(&sending, &ret->response, failure);
	}
	*trace = make_trace(&sending, &ret->response);
	ret->url = sending.url;
	return kind;
}
