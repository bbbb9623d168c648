#include "flow/http_call.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/inflate.h"
#include "flow/connection.h"
#include "flow/cookies.h"
#include "flow/field.h"
#include "flow/http_answer.h"
#include "flow/http_call_url.h"
#include "flow/http_url.h"
#include "flow/http_way_of.h"
#include "flow/mask.h"
#include "flow/run.h"

enum {
	SHOWN_BODY_MAX = 8 << 10,
	INFLATED_MAX = 5 << 20,
	OWN_HEADERS = 5, /* type, proof, encoding, key, cookies */
};

struct sending {
	const struct module_call *call;
	const struct http_call *http;
	struct http_auth auth; /* with the token fetched */
	const char *method;
	struct str url;
	bool has_body;
	bool is_foreign; /* another origin than the one that was asked */
	struct http_header headers[HTTP_CALL_HEADERS_MAX + OWN_HEADERS];
	size_t header_count;
	struct http_way way;
	bool has_way;
	struct cookies *cookies;      /* NULL: not shared */
	struct value_builder brought; /* cookies that were set */
	int64_t deadline;	      /* monotonic */
};

static int64_t
time_left(const struct sending *sending)
{
	int64_t left = sending->deadline - clock_monotonic();

	return left > 0 ? left : 1;
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

/** What tells a service that takes one that this step was tried before. */
static void
add_key(struct sending *sending)
{
	const struct module_call *call = sending->call;
	struct http_header header = {STR(""), call->idempotency_key};

	if (call->connection)
		header.name = field_text(call->connection->members,
			"idempotencyHeader", call->arena);
	if (header.name.len && !has_header(sending, header.name) &&
		http_header_is_sendable(header.name, header.value))
		sending->headers[sending->header_count++] = header;
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
	if (!kind && http->is_compressed &&
		!has_header(sending, STR("Accept-Encoding")))
		sending->headers[sending->header_count++] =
			(struct http_header){
				STR("Accept-Encoding"), STR("gzip, deflate")};
	if (!kind)
		add_key(sending);
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
	if (sending->has_way)
		sending->way = http_way_elsewhere(&sending->way);
}

/* ---- cookies ---- */

/** Behind the headers, where the next request may have another. */
static size_t
add_cookies(struct sending *sending)
{
	struct arena *arena = sending->call->arena;
	struct str text;

	if (!sending->cookies || has_header(sending, STR("Cookie")))
		return 0;
	text = cookies_for(sending->cookies, sending->url, clock_now(), arena);
	if (text.len == 0 || !http_header_is_sendable(STR("Cookie"), text))
		return 0;
	sending->headers[sending->header_count] =
		(struct http_header){STR("Cookie"), text};
	return 1;
}

static void
take_cookies(struct sending *sending, struct str head)
{
	struct arena *arena = sending->call->arena;

	if (!sending->cookies)
		return;
	str_split(&head, '\n');
	while (head.ptr != NULL) {
		struct str line = str_split(&head, '\n');
		struct str name = str_split(&line, ':');
		struct cookie cookie;

		if (!str_equal_nocase(name, STR("Set-Cookie")) ||
			cookie_read(str_trim(line), sending->url, clock_now(),
				arena, &cookie))
			continue;
		cookies_set(sending->cookies, &cookie);
		value_builder_add(
			&sending->brought, cookie_to_value(&cookie, arena));
	}
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
		.header_count = sending->header_count + add_cookies(sending),
		.way = sending->has_way ? &sending->way : NULL,
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
	else
		take_cookies(sending, response->head);
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

/* ---- the whole ---- */

/** Of what was asked for compressed; the head stays as it came. */
static enum failure_kind
inflate_body(const struct sending *sending, struct outgoing_response *response,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf body = buf_make(INFLATED_MAX);
	struct arena *arena = sending->call->arena;
	struct str encoding;
	enum err err;

	if (!sending->http->is_compressed ||
		!http_head_find(
			response->head, STR("Content-Encoding"), &encoding) ||
		!inflate_knows(encoding))
		return FAILURE_NONE;
	err = inflate_append(&body, response->body);
	if (err == ERR_LIMIT)
		return failure_set(failure, arena, FAILURE_MAX_FILE_SIZE,
			"the answer is over %d bytes without its compression",
			INFLATED_MAX);
	if (err)
		return failure_set(failure, arena, FAILURE_DATA,
			"the answer is not the %.*s that it says it is",
			STR_ARG(encoding));
	response->body = arena_copy(arena, buf_str(&body));
	return FAILURE_NONE;
}

/** Until an answer leads nowhere else. */
static enum failure_kind
send_all(struct sending *sending, struct outgoing_response *response,
	struct failure *failure)
{
	enum failure_kind kind = send_proved(sending, response, failure);

	for (int i = 0; !kind && turn(sending, response); i++) {
		if (i == HTTP_CALL_REDIRECTS_MAX)
			return failure_set(failure, sending->call->arena,
				FAILURE_DATA, "it redirects over %d times",
				HTTP_CALL_REDIRECTS_MAX);
		*response = (struct outgoing_response){0};
		kind = send_once(sending, response, failure);
	}
	return kind ? kind : inflate_body(sending, response, failure);
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
		.brought = value_builder_make(call->arena),
		.deadline = clock_monotonic() + http->timeout};
	enum failure_kind kind;

	*ret = (struct http_call_answer){.cookies = value_empty()};
	if (!call->outgoing)
		return failure_set(failure, call->arena, FAILURE_CONFIGURATION,
			"nothing may be sent from here");
	kind = http_way_of(call, http, &sending.way, &sending.has_way, failure);
	if (kind)
		return kind;
	if (sending.has_way)
		sending.auth.grant.way = &sending.way;
	if (http->shares_cookies && call->run)
		sending.cookies = run_cookies(call->run);
	sending.method = arena_copy(call->arena, http->method).ptr;
	sending.url = http_call_url(call, http);
	kind = send_all(&sending, &ret->response, failure);
	*trace = make_trace(&sending, &ret->response);
	ret->url = sending.url;
	ret->cookies = value_builder_array(&sending.brought);
	return kind;
}
