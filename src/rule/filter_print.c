#include "rule/filter_ast.h"

#include <math.h>
#include <stdio.h>

#include "rule/filter_function.h"
#include "rule/filter_lex.h"

/* How tightly a node binds; a child that binds looser gets parentheses. */
enum {
	BIND_OR,
	BIND_AND,
	BIND_NOT,
	BIND_COMPARE,
	BIND_ADD,
	BIND_MUL,
	BIND_UNARY,
	BIND_OPERAND
};

static void
print_quoted(struct str text, struct buf *out)
{
	buf_append_char(out, '\'');
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '\'')
			buf_append_char(out, '\'');
		buf_append_char(out, text.ptr[i]);
	}
	buf_append_char(out, '\'');
}

static void
print_number(struct number number, struct buf *out)
{
	struct number again = {0};
	char text[64];

	if (number.is_integer) {
		buf_printf(out, "%lld", (long long)number.integer);
		return;
	}
	if (isnan(number.real)) {
		buf_append(out, STR("NaN"));
		return;
	}
	if (isinf(number.real)) {
		buf_append(out, number.real > 0 ? STR("INF") : STR("-INF"));
		return;
	}
	/* The shortest spelling that reads back as the same number. */
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, number.real);
		again = number_read(str_of(text));
		if (!again.is_integer && number_compare(again, number) == 0)
			break;
	}
	/* A whole one that was rounded to it would come back as an exact
	   integer; with so little more it is rounded to itself again. */
	if (again.is_integer && number.real != 0)
		snprintf(text, sizeof(text), "%.0f.%021d", number.real, 1);
	else if (again.is_integer)
		snprintf(text, sizeof(text), "%s1e-400",
			signbit(number.real) ? "-" : "");
	buf_append(out, str_of(text));
}

static void
print_literal(const struct filter_value *value, struct buf *out)
{
	switch (value->kind) {
	case FILTER_VALUE_BOOLEAN:
		buf_append(out, value->as.boolean ? STR("true") : STR("false"));
		break;
	case FILTER_VALUE_NUMBER: print_number(value->as.number, out); break;
	case FILTER_VALUE_DURATION:
		buf_append(out, STR("duration"));
		print_quoted(value->text, out);
		break;
	case FILTER_VALUE_STRING:
	case FILTER_VALUE_PATTERN: print_quoted(value->text, out); break;
	case FILTER_VALUE_TIMESTAMP:
	case FILTER_VALUE_DATE:
	case FILTER_VALUE_TIME:
	case FILTER_VALUE_GUID: buf_append(out, value->text); break;
	case FILTER_VALUE_NULL:
	case FILTER_VALUE_JSON: buf_append(out, STR("null")); break;
	}
}

/** Whether the first name of a bare path would be taken for something else. */
static bool
is_taken(const struct filter *f, struct str name)
{
	static const char *const words[] = {"type", "operation", "new", "old",
		"changed", "not", "and", "or", "in", "eq", "ne", "gt", "ge",
		"lt", "le", "add", "sub", "mul", "div", "divby", "mod", "null",
		"true", "false", "INF", "NaN", "Created", "Updated", "Deleted",
		"duration"};

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (str_equal_nocase(name, str_of(words[i])))
			return true;
	}
	for (size_t i = 0; i < f->lambda_count; i++) {
		if (str_equal(name, f->lambdas[i].variable))
			return true;
	}
	return !filter_lex_is_name(name) || filter_value_is_guid(name);
}

struct printer {
	const struct filter *f;
	struct buf *out;
	struct str variables[FILTER_DEPTH_MAX]; /* by nesting level */
};

static void print(
	struct printer *p, const struct filter_node *node, int binding);

static void
print_path(struct printer *p, uint32_t index)
{
	static const char *const roots[] = {
		"type", "operation", "new", "old", "changed", "$it", "$data"};
	const struct filter_path *path = &p->f->paths[index];
	const struct str *segments = p->f->segments + path->first;
	bool is_plain = path->root == FILTER_ROOT_BARE && path->count > 0 &&
			!is_taken(p->f, segments[0]);

	if (path->root == FILTER_ROOT_VARIABLE)
		buf_append(p->out, p->variables[path->slot]);
	else if (!is_plain)
		buf_append(p->out, str_of(roots[path->root]));
	for (size_t i = 0; i < path->count; i++) {
		if (i > 0 || !is_plain)
			buf_append_char(p->out, '/');
		if (filter_lex_is_name(segments[i]))
			buf_append(p->out, segments[i]);
		else
			print_quoted(segments[i], p->out);
	}
}

static void
print_infix(struct printer *p, const struct filter_node *node, const char *word,
	int left, int right)
{
	print(p, filter_child(p->f, node, 0), left);
	for (size_t i = 1; i < node->count; i++) {
		buf_printf(p->out, " %s ", word);
		print(p, filter_child(p->f, node, i), right);
	}
}

static void
print_run(struct printer *p, const struct filter_node *node, size_t from)
{
	buf_append_char(p->out, '(');
	for (size_t i = from; i < node->count; i++) {
		if (i > from)
			buf_append_char(p->out, ',');
		print(p, filter_child(p->f, node, i), BIND_ADD);
	}
	buf_append_char(p->out, ')');
}

static void
print_lambda(struct printer *p, const struct filter_lambda *lambda)
{
	print_path(p, lambda->path);
	buf_append(p->out, lambda->is_all ? STR("/all(") : STR("/any("));
	if (lambda->body != FILTER_NONE) {
		p->variables[lambda->slot] = lambda->variable;
		buf_append(p->out, lambda->variable);
		buf_append_char(p->out, ':');
		print(p, &p->f->nodes[lambda->body], BIND_OR);
	}
	buf_append_char(p->out, ')');
}

/** A blank keeps the sign and a number apart: they would be one literal. */
static void
print_negate(struct printer *p, const struct filter_node *node)
{
	const struct filter_node *child = filter_child(p->f, node, 0);

	buf_append_char(p->out, '-');
	if (child->kind == FILTER_LITERAL)
		buf_append_char(p->out, ' ');
	print(p, child, BIND_UNARY);
}

static int
binding_of(const struct filter_node *node)
{
	switch ((enum filter_kind)node->kind) {
	case FILTER_OR: return BIND_OR;
	case FILTER_AND: return BIND_AND;
	case FILTER_NOT: return BIND_NOT;
	case FILTER_COMPARE:
	case FILTER_IN_LIST:
	case FILTER_IN_PATH: return BIND_COMPARE;
	case FILTER_ARITHMETIC:
		return node->op <= FILTER_SUB ? BIND_ADD : BIND_MUL;
	case FILTER_NEGATE: return BIND_UNARY;
	case FILTER_LITERAL:
	case FILTER_PATH:
	case FILTER_COUNT:
	case FILTER_LAMBDA:
	case FILTER_CALL: break;
	}
	return BIND_OPERAND;
}

static void
print_node(struct printer *p, const struct filter_node *node, int own)
{
	const char *word = filter_operator_name((enum filter_operator)node->op);

	switch ((enum filter_kind)node->kind) {
	case FILTER_LITERAL:
		print_literal(&p->f->literals[node->first], p->out);
		break;
	case FILTER_PATH: print_path(p, node->first); break;
	case FILTER_COUNT:
		print_path(p, node->first);
		buf_append(p->out, STR("/$count"));
		break;
	case FILTER_LAMBDA: print_lambda(p, &p->f->lambdas[node->first]); break;
	case FILTER_NOT:
		buf_append(p->out, STR("not "));
		print(p, filter_child(p->f, node, 0), own);
		break;
	case FILTER_AND: print_infix(p, node, "and", own + 1, own + 1); break;
	case FILTER_OR: print_infix(p, node, "or", own + 1, own + 1); break;
	case FILTER_COMPARE:
		print_infix(p, node, word, own + 1, own + 1);
		break;
	case FILTER_ARITHMETIC: print_infix(p, node, word, own, own + 1); break;
	case FILTER_IN_PATH:
		print_infix(p, node, "in", own + 1, own + 1);
		break;
	case FILTER_IN_LIST:
		print(p, filter_child(p->f, node, 0), own + 1);
		buf_append(p->out, STR(" in "));
		print_run(p, node, 1);
		break;
	case FILTER_NEGATE: print_negate(p, node); break;
	case FILTER_CALL:
		buf_append(p->out, str_of(filter_function_at(node->op)->name));
		print_run(p, node, 0);
		break;
	}
}

static void
print(struct printer *p, const struct filter_node *node, int binding)
{
	int own = binding_of(node);

	if (own < binding)
		buf_append_char(p->out, '(');
	print_node(p, node, own);
	if (own < binding)
		buf_append_char(p->out, ')');
}

void
filter_print(const struct filter *filter, struct buf *out)
{
	filter_print_node(filter, &filter->nodes[filter->root], NULL, out);
}

void
filter_print_node(const struct filter *filter, const struct filter_node *node,
	const struct str *variables, struct buf *out)
{
	struct printer printer = {.f = filter, .out = out};

	if (variables)
		memcpy(printer.variables, variables, sizeof(printer.variables));
	print(&printer, node, BIND_OR);
}
