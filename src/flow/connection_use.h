#pragma once
#include "flow/blueprint.h"

struct store;

/*
 * Which connection a module of a blueprint names: an id in its parameters,
 * under one of the names that exports have for it. Pure but for the check.
 */

/**
 * The ids that the parameters name, one after the other: *at is 0 at first;
 * false when there are no more.
 */
bool connection_use_next(struct value parameters, size_t *at,
	struct arena *arena, struct str *ret);

/**
 * A warning for every module that needs a connection and names none that the
 * workspace has, laid before `problems`: who imports a blueprint is told what
 * to make. Blocks on the disk.
 */
const struct template_problem *connection_use_check(
	const struct blueprint *blueprint, struct store *store,
	uint32_t workspace, struct arena *arena,
	const struct template_problem *problems);
