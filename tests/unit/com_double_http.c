#include "api/gl_webhooks.h"
#include "api/native_webhooks.h"
#include "base/encode.h"
#include "com_double.h"

#define BASE "/compute-ops-mgmt/v1beta1"

struct http_call {
	struct arena *arena;
	struct str query;
	struct str headers;
	struct com_answer *answer;
	struct buf answer_headers;
};

/* ---- the server ---- */

/* The value of `name` in lines of "Name: value". */
static struct str
header_value(struct str lines, struct str name)
{
	while (lines.ptr != NULL) {
		struct str line = str_split(&lines, '\n');
		struct str key = str_split(&line, ':');

		if (str_equal_nocase(key, name))
			return str_trim(line);
	}
	return STR("");
}

struct str
http_call_header(const struct http_call *call, const char *name)
{
	return header_value(call->headers, str_of(name));
}

enum err
http_call_parameter(struct http_call *call, const char *name, struct str *ret)
{
	struct str query = call->query;
	enum err err = ERR_NOT_FOUND;

	while (query.ptr != NULL) {
		struct str value = str_split(&query, '&');
		struct str key = str_split(&value, '=');

		if (!str_equal(key, str_of(name)))
			continue;
		if (err == ERR_OK ||
			encode_percent_read(value, true, call->arena, ret))
			return ERR_INVALID;
		err = ERR_OK;
	}
	return err;
}

void
http_call_add_header(struct http_call *call, const char *name, struct str value)
{
	buf_printf(&call->answer_headers, "%s: %.*s\n", name, STR_ARG(value));
}

static void
answer(struct http_call *call, int status, struct str body)
{
	CHECK_INT(call->answer->status, 0); /* exactly once */
	call->answer->status = status;
	call->answer->body = arena_copy(call->arena, body);
}

void
http_call_respond(struct http_call *call, int status, const char *content_type,
	struct str body)
{
	(void)content_type;
	answer(call, status, body);
}

void
api_respond_json(struct api_call *call, int status, const struct buf *body)
{
	answer(call->http, status, buf_str(body));
}

void
api_respond_problem(struct api_call *call, const struct api_problem *problem)
{
	struct com_answer *ret = call->http->answer;
	CLEANUP(buf_release) struct buf issues = {0};

	answer(call->http, problem->status, STR(""));
	ret->code = problem->code;
	ret->message = arena_copy(call->http->arena, problem->message);
	ret->retry_after = problem->retry_after;
	for (size_t i = 0; i < problem->issue_count; i++)
		buf_printf(&issues, "%s %.*s: %.*s\n",
			problem->issues[i].source,
			STR_ARG(problem->issues[i].subject),
			STR_ARG(problem->issues[i].description));
	if (problem->issue_count == 0 && problem->source)
		buf_printf(&issues, "%s %.*s: %.*s\n", problem->source,
			STR_ARG(problem->subject), STR_ARG(problem->message));
	ret->issues = arena_copy(call->http->arena, buf_str(&issues));
}

void
api_refuse(struct api_call *call, int status, const char *field,
	const char *format, ...)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct api_problem problem = {
		.status = status,
		.source = field ? "field" : NULL,
		.subject = str_of(field),
	};
	va_list args;

	va_start(args, format);
	buf_vprintf(&why, format, args);
	va_end(args);
	problem.message = buf_str(&why);
	api_respond_problem(call, &problem);
}

/* ---- requests ---- */

static bool
path_fits(struct api_call *call, struct str pattern, struct str path)
{
	size_t count = 0;

	while (pattern.ptr != NULL && path.ptr != NULL) {
		struct str expected = str_split(&pattern, '/');
		struct str segment = str_split(&path, '/');

		if (str_starts_with(expected, STR("{")))
			call->parameters[count++] = segment;
		else if (!str_equal(expected, segment))
			return false;
	}
	return pattern.ptr == NULL && path.ptr == NULL;
}

/** NULL behind the last one. */
static const struct route *
route_at(size_t i)
{
	if (i < api_com_route_count)
		return &api_com_routes[i];
	i -= api_com_route_count;
	if (i < api_webhook_route_count)
		return &api_webhook_routes[i];
	i -= api_webhook_route_count;
	return i < api_gl_route_count ? &api_gl_routes[i] : NULL;
}

static void
dispatch(struct api_call *call, const struct com_request *request,
	struct str path)
{
	const struct route *route;

	for (size_t i = 0; (route = route_at(i)); i++) {
		if (strcmp(route->method, request->method) != 0 ||
			!path_fits(call, str_of(route->path), path))
			continue;
		call->route = route;
		if (route->body != BODY_NONE) {
			struct json_doc *doc =
				ARENA_NEW(call->arena, struct json_doc);

			CHECK_OK(json_read(
				str_of(request->body), call->arena, doc, NULL));
			call->json = json_root(doc);
		}
		route->handle(call);
		return;
	}
	check_failed(__FILE__, __LINE__, "no route for %s %s", request->method,
		request->path);
}

struct com_answer
com_send(struct com_hub *hub, const struct com_request *request)
{
	struct com_answer ret = {0};
	struct webhooks webhooks = {hub};
	struct store store = {hub};
	struct api api = {.webhooks = &webhooks,
		.store = &store,
		.greenlake = {50, 100, 4, 100}};
	bool is_native =
		str_starts_with(str_of(request->path), STR("/v1/")) ||
		str_starts_with(str_of(request->path), STR("/events/"));
	struct str query = arena_printf(
		&hub->arena, "%s%s", is_native ? "" : BASE, request->path);
	struct str path = str_split(&query, '?');
	struct http_call http = {
		.arena = &hub->arena,
		.query = query,
		.headers = str_of(request->headers),
		.answer = &ret,
	};
	struct api_call call = {
		.http = &http,
		.api = &api,
		.arena = &hub->arena,
		.who = {.workspace = WORKSPACE_DEFAULT, .role = ROLE_ADMIN},
	};

	com_hub_watch(hub);
	dispatch(&call, request, path);
	CHECK(ret.status != 0);
	CHECK_INT(hub->references, 0);
	ret.headers = arena_copy(&hub->arena, buf_str(&http.answer_headers));
	buf_release(&http.answer_headers);
	return ret;
}

struct com_answer
com_get(struct com_hub *hub, const char *path)
{
	return com_send(hub, &(struct com_request){"GET", path, NULL, NULL});
}

struct com_answer
com_post(struct com_hub *hub, const char *path, const char *body)
{
	return com_send(hub, &(struct com_request){"POST", path, NULL, body});
}

struct com_answer
com_patch(struct com_hub *hub, const struct webhook *webhook,
	const char *headers, const char *body)
{
	return com_send(
		hub, &(struct com_request){"PATCH", com_path(hub, webhook, ""),
			     headers, body});
}

const char *
com_path(struct com_hub *hub, const struct webhook *webhook, const char *rest)
{
	char id[UUID_TEXT_SIZE];

	return arena_printf(&hub->arena, "/webhooks/%s%s",
		uuid_format(webhook->id, id), rest)
		.ptr;
}

struct com_answer
com_follow(struct com_hub *hub, struct str uri)
{
	CHECK(str_starts_with(uri, STR(BASE "/")));
	return com_get(
		hub, arena_copy(&hub->arena, str_skip(uri, strlen(BASE))).ptr);
}

struct json
com_json(struct com_hub *hub, const struct com_answer *got)
{
	struct json_doc *doc = ARENA_NEW(&hub->arena, struct json_doc);
	CLEANUP(buf_release) struct buf why = {0};

	if (json_read(got->body, &hub->arena, doc, &why))
		check_failed(__FILE__, __LINE__, "%s: %.*s", buf_text(&why),
			STR_ARG(got->body));
	return json_root(doc);
}

struct com_answer
com_ask(struct com_hub *hub, const char *method, const char *path,
	const char *headers, const char *body)
{
	return com_send(
		hub, &(struct com_request){method, path, headers, body});
}

struct str
com_text_at(
	struct com_hub *hub, const struct com_answer *answer, const char *path)
{
	return json_string(
		json_path(com_json(hub, answer), str_of(path)), &hub->arena);
}
