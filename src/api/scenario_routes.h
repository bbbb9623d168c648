#pragma once
#include "api/route.h"
#include "base/json_out.h"
#include "rule/template.h"

/*
 * /v1/scenarios (scenario_routes.c) and /v1/executions (execution_routes.c).
 * docs/api.md tells them.
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

/** The member `problems`: {severity, place, column, text} each. */
void scenario_write_problems(
	struct json_out *out, const struct template_problem *problems);

/**
 * Begins a run with this first bundle (typed JSON) and answers 202 with the
 * execution's id once it is stored, or why not. `revision` 0: the present.
 */
void scenario_begin(struct api_call *call, const struct scenario *scenario,
	struct str trigger, const char *cause, uint64_t revision);
