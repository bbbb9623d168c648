#include "rule/filter_eval.h"

#include "rule/filter_function.h"

/* Elements of one array that any, all and in look at. */
enum { ELEMENTS_MAX = 64 * 1024 };

/** A path's value, kept until the variable it starts from moves on. */
struct found {
	uint32_t stamp;
	bool is_found;
	struct filter_value value;
	struct json json;
};

struct eval {
	const struct filter *filter;
	const struct filter_event *event;
	struct filter_run run;
	struct found *found; /* one a path */
	struct json variables[FILTER_DEPTH_MAX + 1];
	uint32_t stamps[FILTER_DEPTH_MAX + 1];
	uint32_t last_stamp;
};

static struct filter_value eval_node(
	struct eval *eval, const struct filter_node *node);

/* ---- paths ---- */

/** The nodes of a subtree, as a measure of the work of searching it. */
static size_t
json_size(struct json json)
{
	if (json_is_missing(json))
		return 0;
	return json.doc->nodes[json.index].next - json.index;
}

static struct json
follow(struct eval *eval, const struct filter_path *path, struct json json)
{
	for (size_t i = 0; i < path->count; i++)
		json = json_member(
			json, eval->filter->segments[path->first + i]);
	return json;
}

static bool
is_operation(const struct eval *eval, struct str operation)
{
	return str_equal(eval->event->operation, operation);
}

static struct json
data_root(const struct eval *eval)
{
	return is_operation(eval, STR("Deleted")) ? eval->event->old_state
						  : eval->event->new_state;
}

/** The state that bare paths speak of; an attribute where it has none. */
static struct json
bare_root(const struct eval *eval, const struct filter_path *path)
{
	struct json state = data_root(eval);
	struct str name;

	if (path->count == 0)
		return state;
	name = eval->filter->segments[path->first];
	if (!json_is_missing(json_member(state, name)))
		return state;
	return eval->event->attributes;
}

static struct json
path_root(const struct eval *eval, const struct filter_path *path)
{
	switch ((enum filter_root)path->root) {
	case FILTER_ROOT_NEW: return eval->event->new_state;
	case FILTER_ROOT_OLD: return eval->event->old_state;
	case FILTER_ROOT_BARE: return bare_root(eval, path);
	case FILTER_ROOT_DATA: return data_root(eval);
	case FILTER_ROOT_VARIABLE: return eval->variables[path->slot];
	case FILTER_ROOT_TYPE:
	case FILTER_ROOT_OPERATION:
	case FILTER_ROOT_CHANGED: break;
	}
	return (struct json){0};
}

static bool
is_changed(struct eval *eval, const struct filter_path *path)
{
	struct json old_value, new_value;

	if (!is_operation(eval, STR("Updated")))
		return false;
	old_value = follow(eval, path, eval->event->old_state);
	new_value = follow(eval, path, eval->event->new_state);
	return !json_equal(old_value, new_value);
}

/** An empty text of the envelope is a missing one. */
static struct filter_value
envelope(struct str text)
{
	return text.len ? filter_value_string(text) : filter_value_null();
}

static struct filter_value
decode(struct eval *eval, struct json json)
{
	struct str raw = json_raw_string(json);

	/* Strings with escapes are decoded into the scratch arena. */
	if (raw.len && (json.doc->nodes[json.index].flags & JSON_ESCAPED) &&
		!filter_run_text(&eval->run, raw.len))
		return filter_value_null();
	return filter_value_from_json(json, eval->run.scratch);
}

static void
find(struct eval *eval, const struct filter_path *path, struct found *ret)
{
	struct json root;

	ret->json = (struct json){0};
	switch ((enum filter_root)path->root) {
	case FILTER_ROOT_TYPE: ret->value = envelope(eval->event->type); return;
	case FILTER_ROOT_OPERATION:
		ret->value = envelope(eval->event->operation);
		return;
	case FILTER_ROOT_CHANGED:
		filter_run_step(
			&eval->run, (json_size(eval->event->old_state) +
					    json_size(eval->event->new_state)) /
					    64);
		ret->value = filter_value_boolean(is_changed(eval, path));
		return;
	case FILTER_ROOT_NEW:
	case FILTER_ROOT_OLD:
	case FILTER_ROOT_BARE:
	case FILTER_ROOT_DATA:
	case FILTER_ROOT_VARIABLE: break;
	}
	root = path_root(eval, path);
	filter_run_step(&eval->run, json_size(root) / 64);
	ret->json = follow(eval, path, root);
	ret->value = decode(eval, ret->json);
}

static const struct found *
eval_path(struct eval *eval, uint32_t index)
{
	const struct filter_path *path = &eval->filter->paths[index];
	struct found *found = &eval->found[index];
	uint32_t stamp = path->root == FILTER_ROOT_VARIABLE
				 ? eval->stamps[path->slot]
				 : 0;

	if (!found->is_found || found->stamp != stamp) {
		find(eval, path, found);
		found->is_found = true;
		found->stamp = stamp;
	}
	return found;
}

/* ---- logic ---- */

enum truth { FALSE, TRUE, UNKNOWN };

static enum truth
to_truth(struct filter_value value)
{
	if (value.kind != FILTER_VALUE_BOOLEAN)
		return UNKNOWN;
	return value.as.boolean ? TRUE : FALSE;
}

static struct filter_value
from_truth(enum truth truth)
{
	if (truth == UNKNOWN)
		return filter_value_null();
	return filter_value_boolean(truth == TRUE);
}

static struct filter_value
eval_not(struct eval *eval, const struct filter_node *node)
{
	enum truth truth =
		to_truth(eval_node(eval, filter_child(eval->filter, node, 0)));

	if (truth == UNKNOWN)
		return filter_value_null();
	return filter_value_boolean(truth == FALSE);
}

/** `and` stops at false, `or` at true; else one unknown makes it unknown. */
static struct filter_value
eval_junction(
	struct eval *eval, const struct filter_node *node, enum truth decisive)
{
	enum truth result = decisive == TRUE ? FALSE : TRUE;

	for (size_t i = 0; i < node->count; i++) {
		enum truth truth = to_truth(
			eval_node(eval, filter_child(eval->filter, node, i)));

		if (truth == decisive)
			return from_truth(decisive);
		if (truth == UNKNOWN)
			result = UNKNOWN;
	}
	return from_truth(result);
}

static void
charge_comparison(struct eval *eval, const struct filter_value *a)
{
	if (a->kind == FILTER_VALUE_JSON)
		filter_run_step(&eval->run, json_size(a->as.json) / 8);
	else
		filter_run_step(&eval->run, a->text.len / 256);
}

static bool
compare(enum filter_operator op, struct filter_value a, struct filter_value b)
{
	bool both_null = a.kind == FILTER_VALUE_NULL && b.kind == a.kind;
	int order;

	if (op == FILTER_EQ)
		return filter_value_equal(a, b);
	if (op == FILTER_NE)
		return !filter_value_equal(a, b);
	if (both_null)
		return op == FILTER_GE || op == FILTER_LE;
	order = filter_value_order(a, b);
	if (order == 2)
		return false;
	if (op == FILTER_GT || op == FILTER_GE)
		return order > 0 || (op == FILTER_GE && order == 0);
	return order < 0 || (op == FILTER_LE && order == 0);
}

static struct filter_value
eval_compare(struct eval *eval, const struct filter_node *node)
{
	struct filter_value a =
		eval_node(eval, filter_child(eval->filter, node, 0));
	struct filter_value b =
		eval_node(eval, filter_child(eval->filter, node, 1));

	charge_comparison(eval, &a);
	return filter_value_boolean(
		compare((enum filter_operator)node->op, a, b));
}

static struct filter_value
eval_in_list(struct eval *eval, const struct filter_node *node)
{
	struct filter_value a =
		eval_node(eval, filter_child(eval->filter, node, 0));

	filter_run_step(&eval->run, node->count);
	for (size_t i = 1; i < node->count; i++) {
		const struct filter_node *item =
			filter_child(eval->filter, node, i);

		if (filter_value_equal(a, eval->filter->literals[item->first]))
			return filter_value_boolean(true);
	}
	return filter_value_boolean(false);
}

static struct filter_value
eval_in_path(struct eval *eval, const struct filter_node *node)
{
	struct filter_value a =
		eval_node(eval, filter_child(eval->filter, node, 0));
	struct json array =
		eval_path(eval, filter_child(eval->filter, node, 1)->first)
			->json;
	struct json_walk walk = json_walk(array);

	if (json_kind(array) != JSON_ARRAY)
		return filter_value_boolean(false);
	for (size_t i = 0; i < ELEMENTS_MAX && json_walk_next(&walk); i++) {
		struct filter_value b = decode(eval, walk.value);

		charge_comparison(eval, &a);
		if (!filter_run_step(&eval->run, 1))
			break;
		if (filter_value_equal(a, b))
			return filter_value_boolean(true);
	}
	return filter_value_boolean(false);
}

/* ---- any, all, $count ---- */

static void
set_variable(struct eval *eval, uint8_t slot, struct json value)
{
	eval->variables[slot] = value;
	eval->stamps[slot] = ++eval->last_stamp;
	filter_run_step(&eval->run, 1 + json_size(value) / 8);
}

static struct filter_value
eval_elements(struct eval *eval, const struct filter_lambda *lambda,
	struct json array)
{
	enum truth decisive = lambda->is_all ? FALSE : TRUE;
	enum truth result = lambda->is_all ? TRUE : FALSE;
	struct json_walk walk = json_walk(array);
	size_t count = 0;

	while (json_walk_next(&walk)) {
		enum truth truth;

		set_variable(eval, lambda->slot, walk.value);
		if (++count > ELEMENTS_MAX || eval->run.steps_left == 0)
			return filter_value_null();
		truth = to_truth(
			eval_node(eval, &eval->filter->nodes[lambda->body]));
		if (truth == decisive)
			return from_truth(decisive);
		if (truth == UNKNOWN)
			result = UNKNOWN;
	}
	return from_truth(result);
}

static struct filter_value
eval_lambda(struct eval *eval, const struct filter_lambda *lambda)
{
	struct json array = eval_path(eval, lambda->path)->json;
	struct json_walk walk;

	switch (json_kind(array)) {
	case JSON_MISSING:
	case JSON_NULL: return filter_value_boolean(lambda->is_all);
	case JSON_ARRAY: break;
	case JSON_FALSE:
	case JSON_TRUE:
	case JSON_NUMBER:
	case JSON_STRING:
	case JSON_OBJECT: return filter_value_null();
	}
	if (lambda->body != FILTER_NONE)
		return eval_elements(eval, lambda, array);
	walk = json_walk(array);
	return filter_value_boolean(json_walk_next(&walk));
}

static struct filter_value
eval_count(struct eval *eval, uint32_t path)
{
	const struct found *found = eval_path(eval, path);
	enum json_kind kind = json_kind(found->json);
	int64_t count;

	if (found->value.kind == FILTER_VALUE_NULL)
		return filter_value_number(number_from_integer(0));
	if (kind != JSON_ARRAY)
		return filter_value_null();
	filter_run_step(&eval->run, json_size(found->json) / 8);
	count = (int64_t)json_count(found->json);
	return filter_value_number(number_from_integer(count));
}

/* ---- values ---- */

static struct filter_value
eval_call(struct eval *eval, const struct filter_node *node)
{
	struct filter_value args[FILTER_FUNCTION_ARGS_MAX] = {
		{.kind = FILTER_VALUE_NULL}};

	for (size_t i = 0; i < node->count; i++)
		args[i] = eval_node(eval, filter_child(eval->filter, node, i));
	return filter_function_at(node->op)->apply(
		&eval->run, args, node->count);
}

static struct filter_value
eval_arithmetic(struct eval *eval, const struct filter_node *node)
{
	struct filter_value a =
		eval_node(eval, filter_child(eval->filter, node, 0));
	struct filter_value b =
		eval_node(eval, filter_child(eval->filter, node, 1));

	return filter_arithmetic(&eval->run, node->op, a, b);
}

static struct filter_value
eval_node(struct eval *eval, const struct filter_node *node)
{
	const struct filter *filter = eval->filter;

	if (!filter_run_step(&eval->run, 1))
		return filter_value_null();
	switch ((enum filter_kind)node->kind) {
	case FILTER_LITERAL: return filter->literals[node->first];
	case FILTER_PATH: return eval_path(eval, node->first)->value;
	case FILTER_COUNT: return eval_count(eval, node->first);
	case FILTER_LAMBDA:
		return eval_lambda(eval, &filter->lambdas[node->first]);
	case FILTER_NOT: return eval_not(eval, node);
	case FILTER_AND: return eval_junction(eval, node, FALSE);
	case FILTER_OR: return eval_junction(eval, node, TRUE);
	case FILTER_COMPARE: return eval_compare(eval, node);
	case FILTER_IN_LIST: return eval_in_list(eval, node);
	case FILTER_IN_PATH: return eval_in_path(eval, node);
	case FILTER_ARITHMETIC: return eval_arithmetic(eval, node);
	case FILTER_NEGATE:
		return filter_negate(
			eval_node(eval, filter_child(filter, node, 0)));
	case FILTER_CALL: return eval_call(eval, node);
	}
	return filter_value_null();
}

struct filter_value
filter_eval(const struct filter *filter, const struct filter_event *event,
	struct arena *scratch)
{
	struct eval eval = {
		.filter = filter,
		.event = event,
		.run = filter_run_make(scratch),
	};
	struct filter_value value;

	eval.found = arena_alloc_array(
		scratch, filter->path_count + 1, sizeof(struct found));
	value = eval_node(&eval, &filter->nodes[filter->root]);
	return eval.run.steps_left ? value : filter_value_null();
}

/* ---- node by node ---- */

struct filter_eval_session {
	struct eval eval;
};

struct filter_eval_session *
filter_eval_begin(const struct filter *filter, const struct filter_event *event,
	struct arena *scratch)
{
	struct filter_eval_session *session =
		ARENA_NEW(scratch, struct filter_eval_session);

	session->eval.filter = filter;
	session->eval.event = event;
	session->eval.run = filter_run_make(scratch);
	session->eval.found = arena_alloc_array(
		scratch, filter->path_count + 1, sizeof(struct found));
	return session;
}

struct filter_value
filter_eval_node(
	struct filter_eval_session *session, const struct filter_node *node)
{
	return eval_node(&session->eval, node);
}

struct json
filter_eval_json(struct filter_eval_session *session, uint32_t path)
{
	return eval_path(&session->eval, path)->json;
}

void
filter_eval_set_variable(
	struct filter_eval_session *session, uint8_t slot, struct json value)
{
	set_variable(&session->eval, slot, value);
}

bool
filter_eval_is_spent(const struct filter_eval_session *session)
{
	return session->eval.run.steps_left == 0;
}

bool
filter_matches(const struct filter *filter, const struct filter_event *event,
	struct arena *scratch)
{
	return to_truth(filter_eval(filter, event, scratch)) == TRUE;
}
