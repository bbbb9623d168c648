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

/*
 * The same, node by node, for whoever wants to know why (filter_explain.c).
 * All looks of a session share one event, one now() and one budget of work.
 */
struct filter_eval_session;

/** In `scratch`, which it goes on using; filter and event are borrowed. */
struct filter_eval_session *filter_eval_begin(const struct filter *filter,
	const struct filter_event *event, struct arena *scratch);

/** Null once the budget is spent. */
struct filter_value filter_eval_node(
	struct filter_eval_session *session, const struct filter_node *node);

/** Where a path leads; missing for `type`, `operation` and `changed/…`. */
struct json filter_eval_json(
	struct filter_eval_session *session, uint32_t path);

/** What the variable of this nesting level stands for from now on. */
void filter_eval_set_variable(
	struct filter_eval_session *session, uint8_t slot, struct json value);

/** Whether the budget of work is used up. */
bool filter_eval_is_spent(const struct filter_eval_session *session);
