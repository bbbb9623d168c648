#include "rule/filter_explain.h"

#include <math.h>

#include "rule/filter_eval.h"

/* All texts and values of one explanation; then there are no more values. */
enum { BYTES_MAX = 1024 * 1024, ELEMENTS_MAX = 64 * 1024 };

struct explain {
	const struct filter *filter;
	const struct filter_event *event;
	struct arena *arena;
	struct arena *scratch;
	struct filter_eval_session *session;
	struct str variables[FILTER_DEPTH_MAX]; /* names around the clause */
	struct buf text;			/* for whatever is written */
	size_t nodes;
	size_t bytes;
};

const char *
filter_truth_name(enum filter_truth truth)
{
	static const char *const names[] = {
		[FILTER_IS_FALSE] = "false",
		[FILTER_IS_TRUE] = "true",
		[FILTER_IS_UNKNOWN] = "unknown",
	};

	return names[truth];
}

/* ---- texts and values ---- */

/** At most the first `max` bytes, cut between characters. */
static struct str
cut(struct str text, size_t max)
{
	if (text.len <= max)
		return text;
	while (max > 0 && ((unsigned char)text.ptr[max] & 0xC0) == 0x80)
		max--;
	return str_head(text, max);
}

static struct str
keep(struct explain *explain, struct str text)
{
	explain->bytes += text.len;
	return arena_copy(explain->arena, text);
}

static struct str
node_text(struct explain *explain, const struct filter_node *node)
{
	struct str text;

	buf_clear(&explain->text);
	filter_print_node(
		explain->filter, node, explain->variables, &explain->text);
	text = cut(buf_str(&explain->text), FILTER_EXPLAIN_TEXT_MAX);
	if (text.len < explain->text.len) {
		buf_truncate(&explain->text, text.len);
		buf_append(&explain->text, STR("…"));
	}
	return keep(explain, buf_str(&explain->text));
}

static struct filter_explain_json
json_nothing(bool is_missing)
{
	return (struct filter_explain_json){
		.text = STR("null"), .is_missing = is_missing};
}

static struct filter_explain_json
json_of_string(struct explain *explain, struct str text)
{
	struct str shown = cut(text, FILTER_EXPLAIN_VALUE_MAX);
	struct filter_explain_json ret = {.is_cut = shown.len < text.len};

	buf_clear(&explain->text);
	json_out_quote(&explain->text, shown);
	if (ret.is_cut) {
		buf_truncate(&explain->text, explain->text.len - 1);
		buf_append(&explain->text, STR("…\""));
	}
	ret.text = keep(explain, buf_str(&explain->text));
	return ret;
}

/** A JSON text as it is, or as a string with its beginning. */
static struct filter_explain_json
json_of_text(struct explain *explain, struct str json)
{
	if (json.len > FILTER_EXPLAIN_VALUE_MAX)
		return json_of_string(explain, json);
	return (struct filter_explain_json){.text = keep(explain, json)};
}

static struct filter_explain_json
json_of_number(struct explain *explain, struct number number)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct json_out out = json_out_make(&text);

	if (number.is_integer)
		json_out_integer(&out, NULL, number.integer);
	else if (isfinite(number.real))
		json_out_real(&out, NULL, number.real);
	else
		json_out_text(&out, NULL,
			isnan(number.real) ? "NaN"
			: number.real > 0  ? "INF"
					   : "-INF");
	return json_of_text(explain, buf_str(&text));
}

static struct filter_explain_json
json_of_duration(struct explain *explain, int64_t micros)
{
	CLEANUP(buf_release) struct buf text = {0};
	uint64_t size = micros < 0 ? 0 - (uint64_t)micros : (uint64_t)micros;

	buf_printf(&text, "%sPT%llu.%06lluS", micros < 0 ? "-" : "",
		(unsigned long long)(size / 1000000),
		(unsigned long long)(size % 1000000));
	return json_of_string(explain, buf_str(&text));
}

static struct filter_explain_json
json_of_value(struct explain *explain, struct filter_value value)
{
	switch (value.kind) {
	case FILTER_VALUE_NULL: return json_nothing(false);
	case FILTER_VALUE_BOOLEAN:
		return json_of_text(
			explain, value.as.boolean ? STR("true") : STR("false"));
	case FILTER_VALUE_NUMBER:
		return json_of_number(explain, value.as.number);
	case FILTER_VALUE_JSON:
		return json_of_text(explain, json_raw(value.as.json));
	case FILTER_VALUE_DURATION:
		if (value.text.len == 0)
			return json_of_duration(explain, value.as.micros);
		break;
	case FILTER_VALUE_STRING:
	case FILTER_VALUE_TIMESTAMP:
	case FILTER_VALUE_DATE:
	case FILTER_VALUE_TIME:
	case FILTER_VALUE_GUID:
	case FILTER_VALUE_PATTERN: break;
	}
	return json_of_string(explain, value.text);
}

static struct filter_explain_json
json_of_json(struct explain *explain, struct json json)
{
	if (json_is_missing(json))
		return json_nothing(true);
	if (json_kind(json) == JSON_STRING)
		return json_of_value(explain,
			filter_value_from_json(json, explain->scratch));
	return json_of_text(explain, json_raw(json));
}

static struct json
member(const struct explain *explain, const struct filter_path *path,
	struct json state)
{
	for (size_t i = 0; i < path->count; i++)
		state = json_member(
			state, explain->filter->segments[path->first + i]);
	return state;
}

/* ---- the operands of a clause ---- */

static void
fill_path_value(struct explain *explain, uint32_t index,
	struct filter_value value, struct filter_explain_value *ret)
{
	const struct filter_path *path = &explain->filter->paths[index];

	if (path->root <= FILTER_ROOT_OPERATION) {
		ret->value = json_of_value(explain, value);
		ret->value.is_missing = value.kind == FILTER_VALUE_NULL;
	} else if (path->root == FILTER_ROOT_CHANGED) {
		ret->value = json_of_value(explain, value);
		ret->is_change = true;
		ret->old_value = json_of_json(explain,
			member(explain, path, explain->event->old_state));
		ret->new_value = json_of_json(explain,
			member(explain, path, explain->event->new_state));
	} else {
		ret->value = json_of_json(
			explain, filter_eval_json(explain->session, index));
	}
}

static bool
has_value(const struct filter_explain_node *owner, struct str text)
{
	for (size_t i = 0; i < owner->value_count; i++) {
		if (str_equal(owner->values[i].text, text))
			return true;
	}
	return false;
}

static void
add_value(struct explain *explain, const struct filter_node *node,
	struct filter_explain_node *owner)
{
	struct filter_explain_value *value;
	struct str text;

	if (owner->value_count == FILTER_EXPLAIN_VALUES_MAX ||
		explain->bytes > BYTES_MAX)
		return;
	text = node_text(explain, node);
	if (has_value(owner, text))
		return;
	if (owner->values == NULL)
		owner->values = arena_alloc_array(explain->arena,
			FILTER_EXPLAIN_VALUES_MAX, sizeof(*owner->values));
	value = &owner->values[owner->value_count++];
	value->text = text;
	if (node->kind == FILTER_PATH)
		fill_path_value(explain, node->first,
			filter_eval_node(explain->session, node), value);
	else
		value->value = json_of_value(
			explain, filter_eval_node(explain->session, node));
}

/** The operands below a node, and theirs. */
static void
add_operands(struct explain *explain, const struct filter_node *node,
	struct filter_explain_node *owner)
{
	if (node->kind < FILTER_NOT)
		return;
	for (size_t i = 0; i < node->count; i++) {
		const struct filter_node *child =
			filter_child(explain->filter, node, i);

		if (child->kind == FILTER_LITERAL)
			continue;
		if (owner->value_count == FILTER_EXPLAIN_VALUES_MAX)
			return;
		add_value(explain, child, owner);
		add_operands(explain, child, owner);
	}
}

/* ---- the tree ---- */

static enum filter_truth
truth_of(struct filter_value value)
{
	if (value.kind != FILTER_VALUE_BOOLEAN)
		return FILTER_IS_UNKNOWN;
	return value.as.boolean ? FILTER_IS_TRUE : FILTER_IS_FALSE;
}

static enum filter_truth
negate(enum filter_truth truth)
{
	if (truth == FILTER_IS_UNKNOWN)
		return truth;
	return truth == FILTER_IS_TRUE ? FILTER_IS_FALSE : FILTER_IS_TRUE;
}

static bool
is_as_wanted(const struct filter_explain_node *node)
{
	return node->truth == node->wanted;
}

static struct filter_explain_node *explain_node(struct explain *explain,
	const struct filter_node *node, enum filter_truth wanted,
	unsigned depth);

/** The truth of the parts so far and one more. */
static enum filter_truth
join(bool is_and, enum filter_truth so_far, enum filter_truth part)
{
	enum filter_truth decisive = is_and ? FILTER_IS_FALSE : FILTER_IS_TRUE;

	if (so_far == decisive || part == decisive)
		return decisive;
	if (so_far == FILTER_IS_UNKNOWN || part == FILTER_IS_UNKNOWN)
		return FILTER_IS_UNKNOWN;
	return negate(decisive);
}

static void
explain_junction(struct explain *explain, const struct filter_node *node,
	struct filter_explain_node *ret, unsigned depth)
{
	bool is_and = node->kind == FILTER_AND;
	struct filter_explain_node **last = &ret->first;

	ret->kind = is_and ? "and" : "or";
	ret->truth = is_and ? FILTER_IS_TRUE : FILTER_IS_FALSE;
	for (size_t i = 0; i < node->count; i++) {
		const struct filter_node *child =
			filter_child(explain->filter, node, i);
		enum filter_truth part;

		if (explain->nodes < FILTER_EXPLAIN_NODES_MAX) {
			*last = explain_node(
				explain, child, ret->wanted, depth + 1);
			part = (*last)->truth;
			last = &(*last)->next;
		} else {
			part = truth_of(
				filter_eval_node(explain->session, child));
			ret->is_cut = true;
		}
		ret->truth = join(is_and, ret->truth, part);
	}
}

static void
explain_not(struct explain *explain, const struct filter_node *node,
	struct filter_explain_node *ret, unsigned depth)
{
	ret->kind = "not";
	ret->first =
		explain_node(explain, filter_child(explain->filter, node, 0),
			negate(ret->wanted), depth + 1);
	ret->truth = negate(ret->first->truth);
}

/** One element that made the whole what it is. */
static struct filter_explain_node *
explain_element(struct explain *explain, const struct filter_lambda *lambda,
	size_t index, const struct filter_explain_node *parent, unsigned depth)
{
	struct json element = json_element(
		filter_eval_json(explain->session, lambda->path), index);
	struct filter_explain_node *node =
		explain_node(explain, &explain->filter->nodes[lambda->body],
			parent->wanted, depth + 1);

	node->has_element = true;
	node->element = index;
	node->element_value = json_of_json(explain, element);
	return node;
}

static void
explain_elements(struct explain *explain, const struct filter_lambda *lambda,
	struct filter_explain_node *ret, unsigned depth)
{
	const struct filter_node *body = &explain->filter->nodes[lambda->body];
	struct filter_explain_node **last = &ret->first;
	struct json_walk walk =
		json_walk(filter_eval_json(explain->session, lambda->path));
	size_t told = 0;

	explain->variables[lambda->slot] = lambda->variable;
	for (size_t i = 0; i < ELEMENTS_MAX && json_walk_next(&walk); i++) {
		enum filter_truth truth;

		filter_eval_set_variable(
			explain->session, lambda->slot, walk.value);
		truth = truth_of(filter_eval_node(explain->session, body));
		if (filter_eval_is_spent(explain->session))
			return;
		if ((truth == ret->wanted) != is_as_wanted(ret))
			continue;
		if (told == FILTER_EXPLAIN_ELEMENTS_MAX ||
			explain->nodes >= FILTER_EXPLAIN_NODES_MAX) {
			ret->is_cut = true;
			return;
		}
		*last = explain_element(explain, lambda, i, ret, depth);
		last = &(*last)->next;
		told++;
	}
}

static void
explain_lambda(struct explain *explain, const struct filter_node *node,
	struct filter_explain_node *ret, unsigned depth)
{
	const struct filter_lambda *lambda =
		&explain->filter->lambdas[node->first];
	const struct filter_node path = {
		.kind = FILTER_PATH, .first = lambda->path};

	ret->kind = lambda->is_all ? "all" : "any";
	ret->truth = truth_of(filter_eval_node(explain->session, node));
	add_value(explain, &path, ret);
	if (lambda->body != FILTER_NONE &&
		json_kind(filter_eval_json(explain->session, lambda->path)) ==
			JSON_ARRAY)
		explain_elements(explain, lambda, ret, depth);
}

static void
explain_condition(struct explain *explain, const struct filter_node *node,
	struct filter_explain_node *ret)
{
	ret->truth = truth_of(filter_eval_node(explain->session, node));
	if (node->kind == FILTER_PATH || node->kind == FILTER_COUNT)
		add_value(explain, node, ret);
	else
		add_operands(explain, node, ret);
}

static struct filter_explain_node *
explain_node(struct explain *explain, const struct filter_node *node,
	enum filter_truth wanted, unsigned depth)
{
	struct filter_explain_node *ret =
		ARENA_NEW(explain->arena, struct filter_explain_node);

	explain->nodes++;
	ret->kind = "condition";
	ret->wanted = wanted;
	ret->text = node_text(explain, node);
	if (depth == FILTER_EXPLAIN_DEPTH_MAX)
		explain_condition(explain, node, ret);
	else if (node->kind == FILTER_AND || node->kind == FILTER_OR)
		explain_junction(explain, node, ret, depth);
	else if (node->kind == FILTER_NOT)
		explain_not(explain, node, ret, depth);
	else if (node->kind == FILTER_LAMBDA)
		explain_lambda(explain, node, ret, depth);
	else
		explain_condition(explain, node, ret);
	return ret;
}

/**
 * The parts of a deciding clause that decide are those that came out as it
 * did: all parts of a true `and`, those that fail in one that fails; the true
 * parts of a true `or`, all of one that is not.
 */
static void
mark_deciding(struct filter_explain_node *node)
{
	node->is_deciding = true;
	for (struct filter_explain_node *child = node->first; child;
		child = child->next) {
		if (is_as_wanted(child) == is_as_wanted(node))
			mark_deciding(child);
	}
}

const struct filter_explanation *
filter_explain(const struct filter *filter, const struct filter_event *event,
	struct arena *arena)
{
	CLEANUP(arena_release) struct arena scratch = {0};
	struct filter_explanation *ret =
		ARENA_NEW(arena, struct filter_explanation);
	struct explain explain = {.filter = filter,
		.event = event,
		.arena = arena,
		.scratch = &scratch};
	struct filter_explain_node *root;

	explain.session = filter_eval_begin(filter, event, &scratch);
	root = explain_node(
		&explain, &filter->nodes[filter->root], FILTER_IS_TRUE, 0);
	ret->is_spent = filter_eval_is_spent(explain.session);
	/* Matching stops early and so may get by with what was too little
	   here. */
	if (ret->is_spent)
		root->truth = truth_of(filter_eval(filter, event, &scratch));
	mark_deciding(root);
	ret->truth = root->truth;
	ret->root = root;
	buf_release(&explain.text);
	return ret;
}
