#pragma once
#include "rule/template.h"

/*
 * A world for templates of tests: bundles and variables from JSON (typed, see
 * rule/value.h), a fixed now, a zone.
 */
struct template_world {
	struct arena arena;
	struct value bindings;
	struct value variables;
	struct template_scope scope;
};

/** now is 2019-03-19T14:30:00Z, the zone UTC. */
void template_world_init(struct template_world *world);
void template_world_release(struct template_world *world);

/** Fails the test when it is no JSON. */
struct value template_world_json(struct template_world *world, struct str text);

void template_world_bind(struct template_world *world, struct str json);

/**
 * What a template comes to, as typed JSON, or `error COLUMN: TEXT`; lives as
 * long as the world.
 */
struct str template_world_run(struct template_world *world, struct str text);

/** The warnings of compiling and evaluating it, a line each. */
struct str template_world_warnings(
	struct template_world *world, struct str text);
