#include <math.h>

#include "rule/template_function.h"
#include "rule/template_run.h"

enum { MEMBERS_PER_STEP = 16 };

/* ---- references ---- */

static struct value
select_index(struct template_run *run, struct value value,
	const struct template_selector *selector)
{
	struct value index = template_run_node(run, selector->index);
	double number;

	if (value.kind == VALUE_COLLECTION) {
		struct str name;

		return template_run_to_text(run, index, &name)
			       ? value_member(value, name)
			       : value_empty();
	}
	if (!value_to_number(index, &number))
		return value_empty();
	return value_item(value, number);
}

static struct value
select_step(struct template_run *run, struct value value,
	const struct template_selector *selector)
{
	size_t members =
		value.kind == VALUE_COLLECTION ? value.as.collection.count : 0;

	if (!template_run_steps(run, members / MEMBERS_PER_STEP + 1))
		return value_empty();
	switch (selector->kind) {
	case TEMPLATE_BY_NAME: return value_member(value, selector->name);
	case TEMPLATE_BY_INDEX: return select_index(run, value, selector);
	case TEMPLATE_FIRST: return value_item(value, 1);
	}
	return value_empty();
}

static struct value
run_select(struct template_run *run, const struct template_node *node)
{
	struct value value = template_run_node(run, node->as.select.base);

	for (size_t i = 0; i < node->as.select.count; i++)
		value = select_step(run, value, &node->as.select.selectors[i]);
	return value;
}

static struct value
run_bundle(struct template_run *run, uint32_t module)
{
	const struct template_scope *scope = run->scope;

	return scope->module ? scope->module(scope->context, module)
			     : value_empty();
}

static struct value
run_scope(struct template_run *run, struct str name)
{
	const struct template_scope *scope = run->scope;

	return scope->variables ? scope->variables(scope->context, name)
				: value_empty();
}

/* ---- arithmetic ---- */

/** A date counts as its milliseconds. Warns about what is no number. */
static bool
to_operand(struct template_run *run, struct value value, double *ret)
{
	if (value.kind == VALUE_DATE) {
		*ret = (double)value.as.date;
		return true;
	}
	if (value_to_number(value, ret))
		return true;
	template_run_warn(run,
		"a value of type %s is no number to calculate with; the "
		"result is empty",
		value_kind_name(value));
	return false;
}

static struct value
divide(struct template_run *run, double a, double b, bool is_modulo)
{
	if (b == 0)
		return template_run_warn(
			run, "a division by zero; the result is empty");
	return value_number(is_modulo ? fmod(a, b) : a / b);
}

static struct value
calculate(struct template_run *run, enum template_operator op,
	struct value left, struct value right)
{
	double a, b;

	if (!to_operand(run, left, &a) || !to_operand(run, right, &b))
		return value_empty();
	if (op == TEMPLATE_SUBTRACT)
		return value_number(a - b);
	if (op == TEMPLATE_MULTIPLY)
		return value_number(a * b);
	return divide(run, a, b, op == TEMPLATE_MODULO);
}

static struct value
run_negate(struct template_run *run, const struct template_node *node)
{
	struct value value = template_run_node(run, node->as.operand);
	double number;

	run->offset = node->offset;
	if (run->err || !to_operand(run, value, &number))
		return value_empty();
	return value_number(-number);
}

/* ---- + ---- */

/** Numbers are summed, of which empty is 0; everything else is joined. */
static bool
is_sum(struct value a, struct value b)
{
	return (a.kind == VALUE_NUMBER || a.kind == VALUE_EMPTY) &&
	       (b.kind == VALUE_NUMBER || b.kind == VALUE_EMPTY);
}

static struct value
add_up(struct value a, struct value b)
{
	if (a.kind == VALUE_EMPTY)
		return b;
	if (b.kind == VALUE_EMPTY)
		return a;
	return value_number(a.as.number + b.as.number);
}

/** A sum in the making: a value, or text that grows. */
struct sum {
	struct template_run *run;
	struct value value;
	struct buf text;
	bool is_text;
};

static void
sum_add(struct sum *sum, struct value next)
{
	if (!sum->is_text && is_sum(sum->value, next)) {
		sum->value = add_up(sum->value, next);
		return;
	}
	if (!sum->is_text) {
		sum->text = template_run_buf(sum->run);
		template_run_append(sum->run, &sum->text, sum->value);
	}
	sum->is_text = true;
	template_run_append(sum->run, &sum->text, next);
}

static struct value
sum_end(struct sum *sum)
{
	if (!sum->is_text)
		return sum->value;
	sum->value = template_run_take(sum->run, &sum->text);
	sum->is_text = false;
	buf_release(&sum->text);
	return sum->value;
}

static struct value
run_sum(struct template_run *run, const struct template_node *node)
{
	struct sum sum = {.run = run};

	sum.value = template_run_node(run, node->as.chain.operands[0]);
	for (size_t i = 1; i < node->as.chain.count && !run->err; i++) {
		const struct template_node *operand =
			node->as.chain.operands[i];
		struct value next = template_run_node(run, operand);

		run->offset = operand->offset;
		if (node->as.chain.operators[i - 1] == TEMPLATE_ADD)
			sum_add(&sum, next);
		else
			sum.value = calculate(
				run, TEMPLATE_SUBTRACT, sum_end(&sum), next);
	}
	sum_end(&sum);
	return run->err ? value_empty() : sum.value;
}

/* ---- the other chains ---- */

static bool
compare(struct template_run *run, enum template_operator op, struct value a,
	struct value b)
{
	/* Also charges for looking at the two. */
	bool is_same = template_run_same(run, a, b);
	int order;

	if (op == TEMPLATE_EQUAL || op == TEMPLATE_NOT_EQUAL)
		return is_same == (op == TEMPLATE_EQUAL);
	order = value_order(a, b, run->scope->zone);
	if (order == 2)
		return false;
	if (op == TEMPLATE_LESS || op == TEMPLATE_GREATER)
		return order == (op == TEMPLATE_LESS ? -1 : 1);
	return order != (op == TEMPLATE_LESS_OR_EQUAL ? 1 : -1);
}

/** Yields the operand at which it is decided, without evaluating the rest. */
static struct value
run_logic(struct template_run *run, const struct template_node *node)
{
	bool stops_at = node->as.chain.operators[0] == TEMPLATE_OR;
	struct value value = value_empty();

	for (size_t i = 0; i < node->as.chain.count && !run->err; i++) {
		value = template_run_node(run, node->as.chain.operands[i]);
		if (value_is_true(value) == stops_at)
			break;
	}
	return value;
}

static bool
is_comparison(enum template_operator op)
{
	return op >= TEMPLATE_EQUAL && op <= TEMPLATE_GREATER_OR_EQUAL;
}

static struct value
run_binary(struct template_run *run, const struct template_node *node)
{
	struct value value = template_run_node(run, node->as.chain.operands[0]);

	for (size_t i = 1; i < node->as.chain.count && !run->err; i++) {
		enum template_operator op = node->as.chain.operators[i - 1];
		const struct template_node *operand =
			node->as.chain.operands[i];
		struct value next = template_run_node(run, operand);

		run->offset = operand->offset;
		if (run->err)
			break;
		value = is_comparison(op)
				? value_boolean(compare(run, op, value, next))
				: calculate(run, op, value, next);
	}
	return value;
}

static struct value
run_chain(struct template_run *run, const struct template_node *node)
{
	switch (node->as.chain.operators[0]) {
	case TEMPLATE_OR:
	case TEMPLATE_AND: return run_logic(run, node);
	case TEMPLATE_ADD:
	case TEMPLATE_SUBTRACT: return run_sum(run, node);
	case TEMPLATE_EQUAL:
	case TEMPLATE_NOT_EQUAL:
	case TEMPLATE_LESS:
	case TEMPLATE_LESS_OR_EQUAL:
	case TEMPLATE_GREATER:
	case TEMPLATE_GREATER_OR_EQUAL:
	case TEMPLATE_MULTIPLY:
	case TEMPLATE_DIVIDE:
	case TEMPLATE_MODULO: break;
	}
	return run_binary(run, node);
}

/* ---- calls ---- */

static struct value
run_call(struct template_run *run, const struct template_node *node)
{
	const struct template_function *function = node->as.call.function;
	size_t count = node->as.call.count;
	size_t room = count;
	struct value *args;
	struct value result;

	if (function->lazy) {
		result = function->lazy(run, node->as.call.args, count);
		return run->err ? value_empty() : result;
	}
	if (function->args_max != TEMPLATE_MANY && room < function->args_max)
		room = function->args_max;
	if (room < function->args_min)
		room = function->args_min;
	if (!template_run_bytes(run, room * sizeof(*args)))
		return value_empty();
	args = arena_alloc_array(run->arena, room, sizeof(*args));
	for (size_t i = 0; i < count && !run->err; i++)
		args[i] = template_run_node(run, node->as.call.args[i]);
	if (run->err)
		return value_empty();
	run->offset = node->offset;
	result = function->apply(run, args, count);
	return run->err ? value_empty() : result;
}

struct value
template_run_node(struct template_run *run, const struct template_node *node)
{
	if (!template_run_steps(run, 1))
		return value_empty();
	run->offset = node->offset;
	switch (node->kind) {
	case TEMPLATE_LITERAL: return node->as.literal;
	case TEMPLATE_VARIABLE: return node->as.variable->get(run);
	case TEMPLATE_BUNDLE: return run_bundle(run, node->as.module);
	case TEMPLATE_SCOPE: return run_scope(run, node->as.scope);
	case TEMPLATE_SELECT: return run_select(run, node);
	case TEMPLATE_NEGATE: return run_negate(run, node);
	case TEMPLATE_CHAIN: return run_chain(run, node);
	case TEMPLATE_CALL: return run_call(run, node);
	}
	return value_empty();
}

/* ---- a template ---- */

static struct value
run_pieces(struct template_run *run, const struct template *template)
{
	CLEANUP(buf_release) struct buf text = template_run_buf(run);

	for (size_t i = 0; i < template->piece_count && !run->err; i++) {
		const struct template_piece *piece = &template->pieces[i];
		struct value value =
			piece->expression
				? template_run_node(run, piece->expression)
				: value_text(piece->text);

		template_run_append(run, &text, value);
	}
	return template_run_take(run, &text);
}

struct value
template_run_template(struct template_run *run, struct str path,
	const struct template *template)
{
	run->template = template;
	run->path = path;
	run->offset = 0;
	if (template->error && !run->err) {
		run->err = ERR_INVALID;
		run->error = ARENA_NEW(run->arena, struct template_problem);
		*run->error = *template->error;
		run->error->next = NULL;
	}
	if (!template_run_steps(run, 1))
		return value_empty();
	if (template->piece_count == 0)
		return value_text(template->text);
	if (template->is_single)
		return template_run_node(run, template->pieces[0].expression);
	return run_pieces(run, template);
}
