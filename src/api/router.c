#include "api/router.h"

#include "api/hook_routes.h"
#include "api/keys.h"
#include "api/media_type.h"
#include "api/router_tree.h"
#include "base/clock.h"
#include "base/desk.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "flow/hook_body.h"
#include "pipeline/audit.h"
#include "pipeline/hub.h"

struct api_router {
	struct api *api;
	struct arena arena;
	struct route_node root;
};

/* What hangs in a call's slot. */
struct routed_call {
	struct api_call call;
	struct desk_job job;
	struct json_doc document;
};

/* Which shape errors have where no row was found; the last one always fits. */
static const struct {
	const char *prefix;
	struct route route;
} fallbacks[] = {
	{"/compute-ops-mgmt/", {.dialect = API_COM}},
	{"/as/", {.dialect = API_OAUTH}},
	{"/events/", {.dialect = API_GREENLAKE}},
	{"", {.dialect = API_NATIVE}},
};

static const struct route *
fallback_route(struct str path)
{
	size_t i = 0;

	while (!str_starts_with(path, str_of(fallbacks[i].prefix)))
		i++;
	return &fallbacks[i].route;
}

struct api_router *
api_router_new_of(
	struct api *api, const struct route_table *tables, size_t count)
{
	struct api_router *router = MEM_NEW(struct api_router);

	router->api = api;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < tables[i].count; j++)
			route_node_add(&router->root, &router->arena,
				&tables[i].routes[j]);
	return router;
}

void
api_router_free(struct api_router *router)
{
	if (router == NULL)
		return;
	arena_release(&router->arena);
	mem_free(router);
}

static struct routed_call *
make_call(struct api_router *router, struct http_call *http)
{
	struct arena *arena = http_call_arena(http);
	struct routed_call *routed = ARENA_NEW(arena, struct routed_call);

	routed->call.http = http;
	routed->call.api = router->api;
	routed->call.arena = arena;
	routed->call.route = fallback_route(http_call_path(http));
	*http_call_slot(http) = routed;
	return routed;
}

static void
refuse_status(struct api_call *call, int status)
{
	api_respond_problem(call, &(struct api_problem){.status = status});
}

/* ---- before the body is read; each answers and says false ---- */

/** No route: because it cannot be decoded, or because there is none. */
static void
refuse_path(struct api_call *call)
{
	struct str decoded;

	if (encode_percent_read(
		    http_call_path(call->http), false, call->arena, &decoded))
		api_refuse(call, 400, NULL,
			"the path has a broken %%-escape, expected two hex "
			"digits other than 00");
	else
		refuse_status(call, 404);
}

static bool
find_route(const struct api_router *router, struct api_call *call)
{
	struct str method = http_call_method(call->http);
	const struct route_node *node = route_node_find(&router->root,
		http_call_path(call->http), call->arena, call->parameters);

	if (node == NULL) {
		refuse_path(call);
		return false;
	}
	call->route = route_node_method(node, method);
	if (call->route)
		return true;
	call->route = node->routes[0]; /* for the dialect */
	http_call_add_header(
		call->http, "Allow", route_node_allow(node, call->arena));
	if (str_equal(method, STR("OPTIONS")))
		http_call_respond(call->http, 204, NULL, STR(""));
	else
		refuse_status(call, 405);
	return false;
}

static struct str
bearer_of(const struct http_call *http)
{
	struct str value = http_call_header(http, "Authorization");
	struct str scheme = str_split(&value, ' ');

	if (!str_equal_nocase(scheme, STR("Bearer")))
		return (struct str){0};
	return str_trim(value);
}

static bool
refuse_credentials(struct api_call *call, bool are_given)
{
	atomic_fetch_add(&call->api->unauthorized, 1);
	http_call_add_header(call->http, "WWW-Authenticate",
		are_given ? STR("Bearer error=\"invalid_token\"")
			  : STR("Bearer"));
	api_refuse(call, 401, NULL, "%s",
		are_given ? "The bearer token is not valid"
			  : "Authorization: Bearer with an API key or access "
			    "token is expected");
	return false;
}

static bool
refuse_ended(struct api_call *call)
{
	char text[TIMESTAMP_TEXT_SIZE];

	atomic_fetch_add(&call->api->unauthorized, 1);
	http_call_add_header(call->http, "WWW-Authenticate",
		STR("Bearer error=\"invalid_token\", "
		    "error_description=\"The API key has expired\""));
	api_refuse(call, 401, NULL, "The API key %.*s expired at %s",
		STR_ARG(call->who.key_id),
		timestamp_format(call->who.key_expires, text));
	return false;
}

static bool
check_credentials(struct api_call *call)
{
	enum api_access access = call->route->access;
	struct str bearer;
	enum err err;

	if (access == ACCESS_METRICS && call->api->are_metrics_public)
		access = ACCESS_PUBLIC;
	if (access == ACCESS_PUBLIC)
		return true;
	bearer = bearer_of(call->http);
	if (str_is_empty(bearer))
		return refuse_credentials(call, false);
	err = keys_identify(call->api->keys, bearer, call->arena, &call->who);
	if (err == ERR_TIMEOUT)
		return refuse_ended(call);
	if (err)
		return refuse_credentials(call, true);
	if (keys_role_allows(call->who.role, access))
		return true;
	atomic_fetch_add(&call->api->forbidden, 1);
	api_refuse(call, 403, NULL, "The role %s does not allow this",
		key_role_name(call->who.role));
	return false;
}

/** Rows that answer with something else than JSON look for themselves. */
static bool
check_accept(struct api_call *call)
{
	struct str path = str_of(call->route->path);
	bool is_json = call->route->dialect == API_COM ||
		       call->route->dialect == API_GREENLAKE ||
		       str_starts_with(path, STR("/v1/"));

	if (!is_json ||
		media_type_accepts_json(http_call_header(call->http, "Accept")))
		return true;
	refuse_status(call, 406);
	return false;
}

static bool
has_body(const struct http_call *http)
{
	struct str len = http_call_header(http, "Content-Length");
	uint64_t count;

	if (!str_is_empty(http_call_header(http, "Transfer-Encoding")))
		return true;
	return !str_is_empty(len) && !str_to_u64(len, &count) && count > 0;
}

static bool
check_content_type(struct api_call *call)
{
	/* By enum api_body; the first is named when none fits. */
	static const char *const accepted[][2] = {
		[BODY_NONE] = {NULL, NULL},
		[BODY_JSON] = {"application/json", NULL},
		[BODY_STATE] = {"application/json", NULL},
		[BODY_MERGE_PATCH] = {"application/merge-patch+json",
			"application/json"},
		[BODY_FORM] = {"application/x-www-form-urlencoded", NULL},
		[BODY_ANY] = {NULL, NULL},
		[BODY_HOOK] = {NULL, NULL},
	};
	const char *const *types = accepted[call->route->body];
	struct str given = http_call_header(call->http, "Content-Type");

	if (types[0] == NULL || !has_body(call->http))
		return true;
	for (size_t i = 0; i < 2 && types[i]; i++)
		if (media_type_is(given, str_of(types[i])))
			return true;
	api_respond_problem(
		call, &(struct api_problem){.status = 415,
			      .source = "header",
			      .subject = STR("Content-Type"),
			      .message = arena_printf(call->arena,
				      "The body must be %s", types[0])});
	return false;
}

static size_t
body_max_of(const struct api_call *call)
{
	if (call->route->body == BODY_HOOK)
		return HOOK_BODY_MAX;
	return call->route->is_bulk ? call->api->bulk_body_max
				    : call->api->body_max;
}

/** Between the steps of reading the request: asks for its resource's state. */
static void
look_ahead(struct api_call *call)
{
	if (call->route->body != BODY_STATE || call->api->hub == NULL)
		return;
	if (call->ahead == NULL) {
		call->ahead = ARENA_NEW(call->arena, struct ingest_ahead);
		ingest_ahead_begin(call->ahead, call->who.workspace,
			call->parameters[0], call->parameters[1], call->arena);
	}
	ingest_ahead_on(call->api->hub->ingest, call->ahead);
}

void
api_router_admit(void *context, struct http_call *http)
{
	struct api_router *router = context;
	struct routed_call *routed = make_call(router, http);
	struct api_call *call = &routed->call;

	if (!find_route(router, call) || !check_credentials(call))
		return;
	look_ahead(call);
	if (!check_accept(call))
		return;
	look_ahead(call);
	if (!check_content_type(call))
		return;
	look_ahead(call);
	http_call_set_body_max(http, body_max_of(call));
}

/* ---- with the body ---- */

static bool
read_json(struct routed_call *routed)
{
	CLEANUP(buf_release) struct buf why = buf_make(1024);
	struct api_call *call = &routed->call;
	enum err err;

	if (call->route->body != BODY_JSON && call->route->body != BODY_STATE &&
		call->route->body != BODY_MERGE_PATCH)
		return true;
	look_ahead(call);
	if (str_is_empty(str_trim(http_call_body(call->http)))) {
		api_refuse(call, 400, NULL, "A body of JSON is expected");
		return false;
	}
	err = json_read(http_call_body(call->http), call->arena,
		&routed->document, &why);
	if (err) {
		api_refuse(call, 400, NULL, "The body is no valid JSON: %s",
			buf_text(&why));
		return false;
	}
	call->json = json_root(&routed->document);
	return true;
}

/** Rows that publish do not block, and reading changes nothing. */
static bool
is_change(const struct api_call *call)
{
	return call->route->blocks && call->api->hub &&
	       !str_is_empty(call->who.key_id) &&
	       strcmp(call->route->method, "GET") != 0;
}

/** What the handler commits goes to the audit log as the caller's. */
static void
act(struct api_call *call)
{
	/* A handler may have answered, and the call be gone, while it still
	   acts: nothing of the call may be borrowed. */
	CLEANUP(arena_release) struct arena arena = {0};
	const struct audit_actor actor = {.ingest = call->api->hub->ingest,
		.workspace = call->who.workspace,
		.key_id = arena_copy(&arena, call->who.key_id),
		.key_name = arena_copy(&arena, call->who.key_name),
		.role = key_role_name(call->who.role),
		.address = arena_copy(&arena, http_call_peer(call->http))};

	audit_act_as(&actor);
	call->route->handle(call);
	audit_act_as(NULL);
}

static void
run_job(struct desk_job *job)
{
	struct routed_call *routed = CONTAINER_OF(job, struct routed_call, job);

	if (!read_json(routed))
		return;
	if (!is_change(&routed->call)) {
		routed->call.route->handle(&routed->call);
		return;
	}
	act(&routed->call);
}

void
api_router_handle(void *context, struct http_call *http)
{
	struct routed_call *routed = *http_call_slot(http);
	struct api_call *call = &routed->call;

	(void)context;
	if (!call->route->blocks) {
		run_job(&routed->job);
		return;
	}
	routed->job.run = run_job;
	if (desk_post(call->api->desk, &routed->job))
		api_respond_problem(call, &(struct api_problem){.status = 503,
						  .retry_after = SECONDS});
}

/** With the setting, since who operates the hub is who can help. */
static void
refuse_body(struct api_call *call)
{
	if (call->route->body == BODY_HOOK)
		hook_routes_refuse_body(call);
	else
		api_refuse(call, 413, NULL,
			"The body is longer than %zu bytes (setting %s)",
			body_max_of(call),
			call->route->is_bulk ? "bulk-body-max" : "body-max");
}

void
api_router_refuse(
	void *context, struct http_call *http, int status, struct str reason)
{
	struct api_router *router = context;
	struct routed_call *routed = *http_call_slot(http);

	if (routed == NULL)
		routed = make_call(router, http);
	if (status == 413) {
		refuse_body(&routed->call);
		return;
	}
	api_refuse(
		&routed->call, status, NULL, "%.*s", STR_ARG(str_trim(reason)));
}
