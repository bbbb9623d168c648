#include "api/api.h"
#include "api/explain.h"
#include "api/scenario_routes.h"
#include "flow/flow.h"

/* What a scenario was. */

enum { LISTED_MAX = 1000 };

void
scenario_list_versions(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct json_out out = json_out_make(&body);
	const struct scenario *scenario = scenario_find(call);
	struct version_query query = {.below = UINT64_MAX, .limit = LISTED_MAX};
	struct version_list list;

	if (!scenario)
		return;
	query.workspace = scenario->workspace;
	query.scenario = call->parameters[0];
	scenario_unref(scenario);
	if (store_scenario_versions(
		    call->api->store, &query, call->arena, &list)) {
		explain_refuse_store(call);
		return;
	}
	json_out_object(&out, NULL);
	json_out_array(&out, "items");
	for (size_t i = list.count; i-- > 0;) {
		json_out_object(&out, NULL);
		json_out_integer(
			&out, "revision", (int64_t)list.rows[i].revision);
		json_out_time(&out, "createdAt", list.rows[i].created);
		json_out_end(&out);
	}
	json_out_end(&out);
	json_out_integer(&out, "count", (int64_t)list.count);
	json_out_end(&out);
	api_respond_json(call, 200, &body);
}

void
scenario_get_version(struct api_call *call)
{
	const struct scenario *scenario = scenario_find(call), *then = NULL;
	uint64_t revision;

	if (!scenario)
		return;
	if (str_to_u64(call->parameters[1], &revision) == ERR_OK)
		then = scenarios_get_revision(call->api->flow->scenarios,
			scenario->workspace, scenario->id, revision);
	scenario_unref(scenario);
	if (then)
		scenario_respond(call, 200, then);
	else
		api_refuse(call, 404, NULL,
			"there is no such version, or it is not kept any more");
	scenario_unref(then);
}
