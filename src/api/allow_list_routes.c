#include "api/allow_list_routes.h"

#include "api/api.h"
#include "base/clock.h"
#include "base/json_out.h"
#include "pipeline/hub.h"

#define ALL "/v1/allow-lists"
#define ONE ALL "/{name}"

static struct allow_lists *
lists_of(const struct api_call *call)
{
	return call->api->hub->allow_lists;
}

static void
respond_list(struct api_call *call, int status, const struct allow_list *list)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct json_out out = json_out_make(&body);

	allow_list_write(list, &out);
	http_call_add_header(call->http, "ETag",
		arena_printf(call->arena, "\"%llu\"",
			(unsigned long long)list->revision));
	api_respond_json(call, status, &body);
}

static void
list_all(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct json_out out = json_out_make(&body);
	struct allow_list *all;
	size_t count;

	all = allow_lists_all(
		lists_of(call), call->who.workspace, call->arena, &count);
	json_out_object(&out, NULL);
	json_out_array(&out, "items");
	for (size_t i = 0; i < count; i++)
		allow_list_write(&all[i], &out);
	json_out_end(&out);
	json_out_integer(&out, "count", (int64_t)count);
	json_out_integer(&out, "total", (int64_t)count);
	json_out_end(&out);
	api_respond_json(call, 200, &body);
}

/** False when that was answered: there is none. */
static bool
find(struct api_call *call, struct allow_list *ret)
{
	if (allow_lists_get(lists_of(call), call->who.workspace,
		    call->parameters[0], call->arena, ret))
		return true;
	api_refuse(call, 404, NULL, "there is no such allow-list");
	return false;
}

static void
get_one(struct api_call *call)
{
	struct allow_list list;

	if (find(call, &list))
		respond_list(call, 200, &list);
}

/** False when what is wrong was answered. */
static bool
read_body(struct api_call *call, struct allow_list *list)
{
	struct webhook_issues issues = {.arena = call->arena};
	struct api_issue told[WEBHOOK_ISSUES_MAX];
	struct api_problem problem = {.status = 400, .issues = told};

	allow_list_read(call->json, list, &issues);
	for (size_t i = 0; i < issues.count; i++)
		told[i] = (struct api_issue){
			"field", issues.rows[i].field, issues.rows[i].sentence};
	problem.issue_count = issues.count;
	problem.source = "field";
	problem.message = issues.rows[0].sentence;
	if (issues.count > 0)
		api_respond_problem(call, &problem);
	return issues.count == 0;
}

static void
refuse_change(struct api_call *call, enum err err)
{
	static const struct {
		enum err err;
		int status;
		const char *sentence;
	} rows[] = {
		{ERR_CONFLICT, 409,
			"there is an allow-list of this name, or it has "
			"changed meanwhile"},
		{ERR_NOT_FOUND, 404, "there is no such allow-list"},
		{ERR_LIMIT, 409,
			"this workspace has as many allow-lists as it may "
			"have: delete one first"},
		{ERR_DENIED, 403,
			"allow-lists are switched off here (--allow-lists)"},
	};
	struct api_problem unstored = {.status = 503,
		.message = STR("the change could not be stored"),
		.retry_after = 1 * SECONDS};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (rows[i].err != err)
			continue;
		api_refuse(call, rows[i].status, NULL, "%s", rows[i].sentence);
		return;
	}
	api_respond_problem(call, &unstored);
}

static void
set(struct api_call *call, int status, struct allow_list *list)
{
	enum err err;

	if (!read_body(call, list))
		return;
	err = allow_lists_set(lists_of(call), call->who.workspace, list);
	if (err) {
		refuse_change(call, err);
		return;
	}
	if (status == 201)
		http_call_add_header(call->http, "Location",
			arena_printf(
				call->arena, ALL "/%.*s", STR_ARG(list->name)));
	respond_list(call, status, list);
}

static void
create_one(struct api_call *call)
{
	struct allow_list list = {.revision = 0};

	set(call, 201, &list);
}

static void
patch_one(struct api_call *call)
{
	struct allow_list list;

	if (find(call, &list))
		set(call, 200, &list);
}

static void
delete_one(struct api_call *call)
{
	enum err err = allow_lists_remove(
		lists_of(call), call->who.workspace, call->parameters[0]);

	if (err)
		refuse_change(call, err);
	else
		http_call_respond(call->http, 204, NULL, STR(""));
}

const struct route api_allow_list_routes[] = {
	{"GET", ALL, API_NATIVE, ACCESS_VIEWER, BODY_NONE, false, false,
		list_all},
	{"POST", ALL, API_NATIVE, ACCESS_ADMIN, BODY_JSON, true, false,
		create_one},
	{"GET", ONE, API_NATIVE, ACCESS_VIEWER, BODY_NONE, false, false,
		get_one},
	{"PATCH", ONE, API_NATIVE, ACCESS_ADMIN, BODY_MERGE_PATCH, true, false,
		patch_one},
	{"DELETE", ONE, API_NATIVE, ACCESS_ADMIN, BODY_NONE, true, false,
		delete_one},
};
const size_t api_allow_list_route_count = COUNT_OF(api_allow_list_routes);
