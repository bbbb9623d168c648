#include "com_double.h"

#include "api/native_webhooks.h"
#include "base/encode.h"
#include "base/mem.h"

#define BASE "/compute-ops-mgmt/v1beta1"

struct webhooks {
	struct com_hub *hub;
};

struct store {
	struct com_hub *hub;
};

struct http_call {
	struct arena *arena;
	struct str query;
	struct str headers;
	struct com_answer *answer;
	struct buf answer_headers;
};

/* ---- the hub ---- */

void
com_hub_init(struct com_hub *hub)
{
	*hub = (struct com_hub){0};
}

static void
webhook_free(struct webhook *webhook)
{
	arena_release(&webhook->arena);
	mem_free(webhook);
}

void
com_hub_release(struct com_hub *hub)
{
	CHECK_INT(hub->references, 0);
	for (size_t i = 0; i < hub->webhook_count; i++)
		webhook_free(hub->webhooks[i]);
	arena_release(&hub->arena);
}

struct webhook *
com_hub_add(struct com_hub *hub, const char *name)
{
	struct webhook *webhook = MEM_NEW(struct webhook);

	CHECK(hub->webhook_count < COM_WEBHOOKS_MAX);
	webhook->number = hub->webhook_count + 1;
	webhook->id = uuid_random();
	webhook->workspace = WORKSPACE_DEFAULT;
	webhook->dialect = STR("com");
	webhook->name = arena_copy(&webhook->arena, str_of(name));
	webhook->destination = STR("https://example.com/webhookDestination");
	webhook->filter_text = STR("type eq 'compute-ops/server'");
	webhook->health.status = WEBHOOK_ACTIVE;
	webhook->status_reason = STR("Webhook handshake accepted.");
	webhook->generation = 1;
	webhook->created =
		INT64_C(1713280978205785) + (int64_t)hub->webhook_count;
	webhook->updated = INT64_C(1713280978245366);
	hub->webhooks[hub->webhook_count++] = webhook;
	return webhook;
}

static struct com_hub *hub_of_references;

void
webhook_ref(const struct webhook *webhook)
{
	(void)webhook;
	hub_of_references->references++;
}

void
webhook_unref(const struct webhook *webhook)
{
	if (webhook)
		hub_of_references->references--;
}

const struct webhook *
webhooks_find(struct webhooks *webhooks, uint32_t workspace, struct uuid id)
{
	struct com_hub *hub = webhooks->hub;

	for (size_t i = 0; i < hub->webhook_count; i++) {
		struct webhook *webhook = hub->webhooks[i];

		if (webhook->workspace == workspace &&
			uuid_equal(webhook->id, id)) {
			webhook_ref(webhook);
			return webhook;
		}
	}
	return NULL;
}

const struct webhook **
webhooks_list(struct webhooks *webhooks, uint32_t workspace,
	struct arena *arena, size_t *ret_count)
{
	struct com_hub *hub = webhooks->hub;
	const struct webhook **list = arena_alloc_array(
		arena, hub->webhook_count, sizeof(struct webhook *));

	*ret_count = 0;
	for (size_t i = 0; i < hub->webhook_count; i++) {
		if (hub->webhooks[i]->workspace != workspace)
			continue;
		webhook_ref(hub->webhooks[i]);
		list[(*ret_count)++] = hub->webhooks[i];
	}
	return list;
}

static enum err
refuse(struct com_hub *hub, struct webhook_problem *problem)
{
	enum err err = hub->refusal;

	hub->refusal = ERR_OK;
	if (err == ERR_OK)
		return ERR_OK;
	problem->field = hub->refusal_field;
	problem->retry_after = hub->refusal_retry_after;
	buf_append(&problem->why, str_of(hub->refusal_why));
	return err;
}

static void
set_header(struct webhook *webhook, const struct webhook_header *header)
{
	struct webhook_header *headers = arena_alloc_array(
		&webhook->arena, webhook->header_count + 1, sizeof(*headers));
	size_t count = 0;

	for (size_t i = 0; i < webhook->header_count; i++)
		if (!str_equal_nocase(webhook->headers[i].name, header->name))
			headers[count++] = webhook->headers[i];
	if (header->value.ptr) {
		headers[count].name = arena_copy(&webhook->arena, header->name);
		headers[count++].value =
			arena_copy(&webhook->arena, header->value);
	}
	webhook->headers = headers;
	webhook->header_count = count;
}

static void
apply(struct webhook *webhook, const struct webhook_draft *draft)
{
	struct arena *arena = &webhook->arena;

	if (draft->has_name)
		webhook->name = arena_copy(arena, draft->name);
	if (draft->has_destination)
		webhook->destination = arena_copy(arena, draft->destination);
	if (draft->has_filter)
		webhook->filter_text = arena_copy(arena, draft->filter);
	for (size_t i = 0; draft->has_headers && i < draft->header_count; i++)
		set_header(webhook, &draft->headers[i]);
	if (!draft->has_state)
		return;
	webhook->health.state = draft->state;
	webhook->health.status =
		draft->state == WEBHOOK_ENABLED ? WEBHOOK_PENDING : WEBHOOK_OFF;
	webhook->status_reason = draft->state == WEBHOOK_ENABLED
					 ? STR("User enabled the webhook.")
					 : STR("User disabled the webhook.");
}

enum err
webhooks_create(struct webhooks *webhooks, uint32_t workspace,
	const struct webhook_draft *draft, const struct webhook **ret,
	struct webhook_problem *problem)
{
	struct com_hub *hub = webhooks->hub;
	enum err err = refuse(hub, problem);
	struct webhook *webhook;

	if (err)
		return err;
	CHECK(draft->has_name && draft->has_destination && draft->has_state &&
		draft->has_filter && draft->has_headers);
	webhook = com_hub_add(hub, "");
	webhook->workspace = workspace;
	apply(webhook, draft);
	hub->changes++;
	webhook_ref(webhook);
	*ret = webhook;
	return ERR_OK;
}

static struct webhook *
find(struct com_hub *hub, uint32_t workspace, struct uuid id)
{
	for (size_t i = 0; i < hub->webhook_count; i++)
		if (hub->webhooks[i]->workspace == workspace &&
			uuid_equal(hub->webhooks[i]->id, id))
			return hub->webhooks[i];
	return NULL;
}

enum err
webhooks_patch(struct webhooks *webhooks, uint32_t workspace, struct uuid id,
	const struct webhook_draft *draft, uint64_t expected_generation,
	const struct webhook **ret, struct webhook_problem *problem)
{
	struct com_hub *hub = webhooks->hub;
	struct webhook *webhook = find(hub, workspace, id);
	enum err err = refuse(hub, problem);

	if (err)
		return err;
	if (webhook == NULL)
		return ERR_NOT_FOUND;
	if (hub->conflicts > 0) {
		hub->conflicts--;
		webhook->generation++;
	}
	if (expected_generation != 0 &&
		expected_generation != webhook->generation)
		return ERR_CONFLICT;
	apply(webhook, draft);
	webhook->generation++;
	hub->changes++;
	webhook_ref(webhook);
	*ret = webhook;
	return ERR_OK;
}

enum err
webhooks_delete(struct webhooks *webhooks, uint32_t workspace, struct uuid id,
	struct webhook_problem *problem)
{
	struct com_hub *hub = webhooks->hub;
	enum err err = refuse(hub, problem);

	if (err)
		return err;
	for (size_t i = 0; i < hub->webhook_count; i++) {
		if (hub->webhooks[i] != find(hub, workspace, id))
			continue;
		webhook_free(hub->webhooks[i]);
		hub->webhooks[i] = hub->webhooks[--hub->webhook_count];
		hub->changes++;
		return ERR_OK;
	}
	return ERR_NOT_FOUND;
}

enum err
webhooks_read_secret(struct webhooks *webhooks, uint32_t workspace,
	struct uuid id, struct arena *arena, struct str *ret,
	struct webhook_problem *problem)
{
	struct com_hub *hub = webhooks->hub;
	struct webhook *webhook = find(hub, workspace, id);
	enum err err = refuse(hub, problem);

	if (err)
		return err;
	if (webhook == NULL)
		return ERR_NOT_FOUND;
	if (webhook->is_secret_read)
		return ERR_DENIED;
	webhook->is_secret_read = true;
	*ret = arena_copy(arena, STR("whsec_dGVzdA=="));
	return ERR_OK;
}

/* ---- the store ---- */

enum err
store_attempts_shown(struct store *store, uint64_t webhook, size_t recent,
	size_t failed, struct arena *arena, struct attempt_list *ret)
{
	struct com_hub *hub = store->hub;

	hub->asked_recent = recent;
	hub->asked_failed = failed;
	if (hub->store_failure)
		return hub->store_failure;
	ret->rows = arena_alloc_array(
		arena, hub->attempt_count, sizeof(*ret->rows));
	ret->count = 0;
	for (size_t i = 0; i < hub->attempt_count; i++)
		if (hub->attempts[i].attempt.webhook == webhook)
			ret->rows[ret->count++] = hub->attempts[i];
	return ERR_OK;
}

enum err
store_attempt(struct store *store, uint64_t webhook, uint64_t delivery,
	uint32_t number, struct arena *arena, struct attempt_view *ret)
{
	struct com_hub *hub = store->hub;

	(void)arena;
	if (hub->store_failure)
		return hub->store_failure;
	for (size_t i = 0; i < hub->attempt_count; i++) {
		const struct attempt_row *row = &hub->attempts[i].attempt;

		if (row->webhook != webhook || row->delivery != delivery ||
			row->number != number)
			continue;
		*ret = hub->attempts[i];
		return ERR_OK;
	}
	return ERR_NOT_FOUND;
}

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

static const struct route *
route_at(size_t i)
{
	return i < api_com_route_count
		       ? &api_com_routes[i]
		       : &api_webhook_routes[i - api_com_route_count];
}

static void
dispatch(struct api_call *call, const struct com_request *request,
	struct str path)
{
	size_t count = api_com_route_count + api_webhook_route_count;

	for (size_t i = 0; i < count; i++) {
		const struct route *route = route_at(i);

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
	struct api api = {.webhooks = &webhooks, .store = &store};
	bool is_native = str_starts_with(str_of(request->path), STR("/v1/"));
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

	hub_of_references = hub;
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
