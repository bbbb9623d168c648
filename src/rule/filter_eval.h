#pragma once
#include "rule/filter_ast.h"

/*
 * The plain evaluator: walks the tree in three-valued logic, exactly as
 * docs/filter.md words it. It is the oracle that faster ways of matching are
 * held against, so it is kept simple.
 */

/** What a node comes to for an event. */
struct filter_value filter_eval(const struct filter *filter,
	const struct filter_event *event, struct arena *scratch);
