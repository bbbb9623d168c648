#pragma once
#include "api/route.h"
#include "base/json_out.h"
#include "rule/template.h"

/*
 * /v1/scenarios (scenario_routes.c, scenario_run.c) and /v1/executions
 * (execution_routes.c). docs/api.md tells them.
 */
struct scenario;

extern const struct route api_scenario_routes[];
extern const size_t api_scenario_route_count;
extern const struct route api_execution_routes[];
extern const size_t api_execution_route_count;

/**
 * The scenario of the call's first parameter: a reference, or NULL, answered,
 * when there is none.
 */
const struct scenario *scenario_find(struct api_call *call);

/** Answers with it, its blueprint, and what is wrong with that. */
void scenario_respond(
	struct api_call *call, int status, const struct scenario *scenario);

/** The member `problems`: {severity, place, column, text} each. */
void scenario_write_problems(
	struct json_out *out, const struct template_problem *problems);

/* ---- scenario_versions.c ---- */

/** GET /v1/scenarios/{id}/versions, …/{revision} */
void scenario_list_versions(struct api_call *call);
void scenario_get_version(struct api_call *call);

/* ---- scenario_run.c ---- */

/** POST /v1/scenarios/{id}/run */
void scenario_run(struct api_call *call);

/**
 * Begins what is ordered (scenario, trigger, cause, revision, origin) and
 * answers 202 with the execution's id once it is stored, or why not.
 */
struct runner_order;
void scenario_begin(struct api_call *call, const struct runner_order *order);
