#include "rule/template_parse.h"
#include "rule/template_compile.h"
#include "rule/template_function.h"

/*
 * Recursive descent, an operator's precedence a level. Operators of one level
 * in a row become one node with many operands, so that a long sum is not a
 * deep tree.
 */
enum { LEVELS = 6 };

struct operator_row {
	const char *text;
	enum template_operator op;
	int level;	     /* 0 binds loosest */
	const char *instead; /* the proper spelling, to warn with */
};

static const struct operator_row operators[] = {
	{"|", TEMPLATE_OR, 0, NULL},
	{"||", TEMPLATE_OR, 0, "|"},
	{"or", TEMPLATE_OR, 0, "|"},
	{"&", TEMPLATE_AND, 1, NULL},
	{"&&", TEMPLATE_AND, 1, "&"},
	{"and", TEMPLATE_AND, 1, "&"},
	{"=", TEMPLATE_EQUAL, 2, NULL},
	{"==", TEMPLATE_EQUAL, 2, "="},
	{"!=", TEMPLATE_NOT_EQUAL, 2, NULL},
	{"<", TEMPLATE_LESS, 3, NULL},
	{"<=", TEMPLATE_LESS_OR_EQUAL, 3, NULL},
	{">", TEMPLATE_GREATER, 3, NULL},
	{">=", TEMPLATE_GREATER_OR_EQUAL, 3, NULL},
	{"+", TEMPLATE_ADD, 4, NULL},
	{"-", TEMPLATE_SUBTRACT, 4, NULL},
	{"*", TEMPLATE_MULTIPLY, 5, NULL},
	{"/", TEMPLATE_DIVIDE, 5, NULL},
	{"%", TEMPLATE_MODULO, 5, NULL},
};

void
template_parser_advance(struct template_parser *p)
{
	p->token = template_lexer_next(p->lexer);
}

bool
template_parser_is_at(const struct template_parser *p, const char *raw)
{
	return template_token_is(&p->token, raw);
}

bool
template_parser_take(struct template_parser *p, const char *raw)
{
	if (!template_parser_is_at(p, raw))
		return false;
	template_parser_advance(p);
	return true;
}

/** The first mistake is told; what follows from it is not. */
void
template_parser_expected(struct template_parser *p, const char *what)
{
	char shown[80];
	struct str found = template_token_show(&p->token, shown);
	bool is_open =
		p->token.kind == TEMPLATE_TOKEN_WRONG && p->token.raw.len > 1;
	const char *hint = "";

	if (p->failed)
		return;
	p->failed = true;
	if (is_open) {
		template_compiler_error(p->compiler, p->token.offset,
			"the quote that opens here is not closed");
		return;
	}
	if (str_equal(p->token.raw, STR(",")))
		hint = "; arguments are separated by ';'";
	template_compiler_error(p->compiler, p->token.offset,
		"found %.*s, expected %s%s", STR_ARG(found), what, hint);
}

static void
too_deep(struct template_parser *p)
{
	if (!p->failed)
		template_compiler_error(p->compiler, p->token.offset,
			"brackets and signs are nested more than %d deep",
			TEMPLATE_DEPTH_MAX);
	p->failed = true;
}

struct template_node *
template_parser_node(
	struct template_parser *p, enum template_node_kind kind, size_t offset)
{
	struct template_node *node =
		ARENA_NEW(p->compiler->arena, struct template_node);

	node->kind = kind;
	node->offset = (uint32_t)offset;
	return node;
}

struct template_node *
template_parser_literal(
	struct template_parser *p, size_t offset, struct value value)
{
	struct template_node *node =
		template_parser_node(p, TEMPLATE_LITERAL, offset);

	node->as.literal = value;
	return node;
}

/* ---- lists that grow ---- */

struct node_list {
	const struct template_node **nodes;
	enum template_operator *operators; /* of chains */
	size_t count, cap;
};

static void
push(struct template_parser *p, struct node_list *list,
	const struct template_node *node, enum template_operator op)
{
	struct node_list old = *list;

	if (list->count == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 4;
		list->nodes = arena_alloc_array(
			p->compiler->arena, list->cap, sizeof(*list->nodes));
		list->operators = arena_alloc_array(p->compiler->arena,
			list->cap, sizeof(*list->operators));
	}
	if (list->nodes != old.nodes && old.count) {
		memcpy(list->nodes, old.nodes, old.count * sizeof(*old.nodes));
		memcpy(list->operators, old.operators,
			old.count * sizeof(*old.operators));
	}
	list->nodes[list->count] = node;
	list->operators[list->count++] = op;
}

/* ---- literals ---- */

/** Without its doubled quotes. */
static struct str
unquote(struct template_parser *p, const struct template_token *token)
{
	char quote = token->raw.ptr[0];
	char *out;
	size_t len = 0;

	if (str_find_char(token->text, quote) == SIZE_MAX)
		return token->text;
	out = arena_alloc_raw(p->compiler->arena, token->text.len);
	for (size_t i = 0; i < token->text.len; i++) {
		out[len++] = token->text.ptr[i];
		if (token->text.ptr[i] == quote)
			i++;
	}
	return str_make(out, len);
}

static const struct template_node *
parse_text(struct template_parser *p)
{
	struct template_token token = p->token;

	if (token.raw.ptr[0] == '\'')
		template_compiler_warn(p->compiler, token.offset,
			"a text stands in double quotes, not in single ones");
	template_parser_advance(p);
	return template_parser_literal(
		p, token.offset, value_text(unquote(p, &token)));
}

static const struct template_node *
parse_number(struct template_parser *p)
{
	struct template_token token = p->token;
	bool is_whole = str_find_char(token.raw, '.') == SIZE_MAX;

	template_parser_advance(p);
	if (is_whole && (template_parser_is_at(p, ".") ||
				template_parser_is_at(p, "[")))
		return template_parser_bundle(p, &token);
	return template_parser_literal(
		p, token.offset, value_number(number_read(token.raw).real));
}

/* ---- names and calls ---- */

static const struct template_node *
unknown_name(struct template_parser *p, const struct template_token *token)
{
	template_compiler_warn(p->compiler, token->offset,
		"'%.*s' is not known and is empty; a text stands in quotes",
		STR_ARG(token->text));
	return template_parser_literal(p, token->offset, value_empty());
}

static const struct template_node *
parse_word(struct template_parser *p, const struct template_token *token)
{
	for (size_t i = 0; i < template_keyword_count; i++) {
		if (str_equal(token->text, str_of(template_keywords[i].name)))
			return template_parser_literal(
				p, token->offset, template_keywords[i].value);
	}
	for (size_t i = 0; i < template_variable_count; i++) {
		struct template_node *node;

		if (!str_equal(token->text, str_of(template_variables[i].name)))
			continue;
		node = template_parser_node(
			p, TEMPLATE_VARIABLE, token->offset);
		node->as.variable = &template_variables[i];
		return node;
	}
	if (str_equal(token->text, STR("var")))
		return template_parser_scope(p, token->offset);
	return unknown_name(p, token);
}

/** A reference that ends in [] is the whole array where one is expected. */
static const struct template_node *
as_array(struct template_parser *p, const struct template_node *arg)
{
	struct template_node *whole;
	size_t last;

	if (arg->kind != TEMPLATE_SELECT)
		return arg;
	last = arg->as.select.count - 1;
	if (arg->as.select.selectors[last].kind != TEMPLATE_FIRST)
		return arg;
	if (last == 0)
		return arg->as.select.base;
	whole = template_parser_node(p, TEMPLATE_SELECT, arg->offset);
	whole->as.select = arg->as.select;
	whole->as.select.count = last;
	return whole;
}

static bool
expects_array(const struct template_function *function, size_t index)
{
	if (function == NULL)
		return false;
	if (index >= 31 || TEMPLATE_ARRAY(index) > function->arrays)
		return (function->arrays & TEMPLATE_REST) != 0;
	return (function->arrays & TEMPLATE_ARRAY(index)) != 0;
}

static void
parse_arguments(struct template_parser *p,
	const struct template_function *function, struct node_list *args)
{
	if (template_parser_take(p, ")"))
		return;
	for (;;) {
		const struct template_node *arg;

		if (template_parser_is_at(p, ";") ||
			template_parser_is_at(p, ")"))
			arg = template_parser_literal(
				p, p->token.offset, value_empty());
		else
			arg = template_parser_expression(p);
		if (p->failed)
			return;
		if (expects_array(function, args->count))
			arg = as_array(p, arg);
		push(p, args, arg, TEMPLATE_OR);
		if (template_parser_take(p, ")"))
			return;
		if (!template_parser_take(p, ";")) {
			template_parser_expected(p, "';' or ')'");
			return;
		}
	}
}

static void
check_count(struct template_parser *p, const struct template_token *name,
	const struct template_function *function, size_t count)
{
	if (count < function->args_min)
		template_compiler_warn(p->compiler, name->offset,
			"%s%s is called with %zu of its arguments; the others "
			"are empty",
			function->name, function->signature, count);
	if (function->args_max != TEMPLATE_MANY && count > function->args_max)
		template_compiler_warn(p->compiler, name->offset,
			"%s%s is called with %zu arguments; some are not used",
			function->name, function->signature, count);
}

static void
unknown_function(struct template_parser *p, const struct template_token *name)
{
	const char *similar = template_function_similar(name->text);

	if (similar)
		template_compiler_error(p->compiler, name->offset,
			"function \"%.*s\" is not known; is it \"%s\"?",
			STR_ARG(name->text), similar);
	else
		template_compiler_error(p->compiler, name->offset,
			"function \"%.*s\" is not known", STR_ARG(name->text));
}

/** Its name and "(" have been taken. */
static const struct template_node *
parse_call(struct template_parser *p, const struct template_token *name)
{
	const struct template_function *function =
		template_function_find(name->text);
	struct template_node *node =
		template_parser_node(p, TEMPLATE_CALL, name->offset);
	struct node_list args = {0};

	if (function == NULL)
		unknown_function(p, name);
	parse_arguments(p, function, &args);
	if (function == NULL || p->failed)
		return template_parser_literal(p, name->offset, value_empty());
	check_count(p, name, function, args.count);
	node->as.call.function = function;
	node->as.call.args = args.nodes;
	node->as.call.count = args.count;
	return node;
}

static bool
is_all_digits(struct str text)
{
	uint64_t number;

	return !str_to_u64(text, &number);
}

static const struct template_node *
parse_primary(struct template_parser *p)
{
	struct template_token token = p->token;
	const struct template_node *inner;

	switch (token.kind) {
	case TEMPLATE_TOKEN_NUMBER: return parse_number(p);
	case TEMPLATE_TOKEN_TEXT: return parse_text(p);
	case TEMPLATE_TOKEN_NAME:
		template_parser_advance(p);
		return template_parser_take(p, "(") ? parse_call(p, &token)
						    : parse_word(p, &token);
	case TEMPLATE_TOKEN_QUOTED:
		template_parser_advance(p);
		return is_all_digits(token.text)
			       ? template_parser_bundle(p, &token)
			       : unknown_name(p, &token);
	case TEMPLATE_TOKEN_MARK:
	case TEMPLATE_TOKEN_OPERATOR:
	case TEMPLATE_TOKEN_WRONG:
	case TEMPLATE_TOKEN_END:
	case TEMPLATE_TOKEN_CUT_OFF: break;
	}
	if (!template_parser_take(p, "(")) {
		template_parser_expected(p, "a value");
		return template_parser_literal(p, token.offset, value_empty());
	}
	inner = template_parser_expression(p);
	if (!template_parser_take(p, ")"))
		template_parser_expected(p, "')' or an operator");
	return inner;
}

/* ---- operators ---- */

static const struct template_node *
parse_unary(struct template_parser *p)
{
	size_t offset = p->token.offset;
	struct template_node *node;

	if (!template_parser_is_at(p, "-"))
		return template_parser_selectors(p, parse_primary(p));
	if (++p->depth > TEMPLATE_DEPTH_MAX) {
		too_deep(p);
		return template_parser_literal(p, offset, value_empty());
	}
	template_parser_advance(p);
	node = template_parser_node(p, TEMPLATE_NEGATE, offset);
	node->as.operand = parse_unary(p);
	p->depth--;
	return node;
}

static const struct operator_row *
operator_at(const struct template_parser *p, int level)
{
	for (size_t i = 0; i < COUNT_OF(operators); i++) {
		if (operators[i].level == level &&
			template_parser_is_at(p, operators[i].text))
			return &operators[i];
	}
	return NULL;
}

static const struct template_node *
parse_level(struct template_parser *p, int level)
{
	const struct template_node *first;
	const struct operator_row *row;
	struct node_list operands = {0};
	struct template_node *node;

	if (level == LEVELS)
		return parse_unary(p);
	first = parse_level(p, level + 1);
	while (!p->failed && (row = operator_at(p, level)) != NULL) {
		if (row->instead)
			template_compiler_warn(p->compiler, p->token.offset,
				"write '%s' instead of '%s'", row->instead,
				row->text);
		if (operands.count == 0)
			push(p, &operands, first, row->op);
		operands.operators[operands.count - 1] = row->op;
		template_parser_advance(p);
		push(p, &operands, parse_level(p, level + 1), row->op);
	}
	if (operands.count == 0)
		return first;
	node = template_parser_node(p, TEMPLATE_CHAIN, first->offset);
	node->as.chain.operands = operands.nodes;
	node->as.chain.operators = operands.operators;
	node->as.chain.count = operands.count;
	return node;
}

const struct template_node *
template_parser_expression(struct template_parser *p)
{
	const struct template_node *node;

	if (p->depth == TEMPLATE_DEPTH_MAX) {
		too_deep(p);
		return template_parser_literal(
			p, p->token.offset, value_empty());
	}
	p->depth++;
	node = parse_level(p, 0);
	p->depth--;
	return node;
}

const struct template_node *
template_parse(struct template_compiler *compiler, struct template_lexer *lexer)
{
	struct template_parser p = {.compiler = compiler, .lexer = lexer};
	const struct template_node *node;

	template_parser_advance(&p);
	if (p.token.kind == TEMPLATE_TOKEN_END)
		return template_parser_literal(
			&p, p.token.offset, value_empty());
	node = template_parser_expression(&p);
	if (!p.failed && p.token.kind != TEMPLATE_TOKEN_END)
		template_parser_expected(&p, "an operator or '}}'");
	return p.failed ? NULL : node;
}
