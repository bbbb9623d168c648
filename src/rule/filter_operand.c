#include "rule/filter_function.h"
#include "rule/filter_parse.h"

static const char operand_expected[] =
	"a property, a literal, a function or '('";

/* ---- functions ---- */

static uint32_t
read_pattern(struct filter_parser *p)
{
	struct filter_value value = {.kind = FILTER_VALUE_PATTERN};
	CLEANUP(buf_release) struct buf why = {0};
	size_t offset = p->token.offset;

	if (p->token.kind != FILTER_TOKEN_STRING)
		return filter_expected(p, "the pattern in single quotes");
	value.text = filter_take_string(p);
	buf_append(&why, STR("the pattern does not compile: "));
	if (filter_pattern_compile(
		    value.text, p->build.arena, &value.as.pattern, &why))
		return filter_fail(p, ERR_INVALID, offset, buf_text(&why));
	return filter_build_literal(&p->build, value);
}

static uint32_t
arity_failure(struct filter_parser *p, const struct filter_function *function)
{
	CLEANUP(buf_release) struct buf expected = {0};

	buf_printf(&expected, "the arguments of %s", function->signature);
	return filter_expected(p, buf_text(&expected));
}

static uint32_t
parse_arguments(struct filter_parser *p, const struct filter_function *function)
{
	uint32_t args[FILTER_FUNCTION_ARGS_MAX];
	size_t count = 0;

	while (!filter_at_mark(p, ')') || count > 0) {
		if (count == function->args_max)
			return arity_failure(p, function);
		if (count == 1 && filter_function_is_pattern(function))
			args[count] = read_pattern(p);
		else
			args[count] = filter_parse_operand(p);
		if (args[count++] == FILTER_NONE)
			return FILTER_NONE;
		if (!filter_at_mark(p, ','))
			break;
		if (count == function->args_max)
			return arity_failure(p, function);
		filter_advance(p);
	}
	if (!filter_at_mark(p, ')'))
		return filter_expected(p, "',' or ')'");
	if (count < function->args_min)
		return arity_failure(p, function);
	filter_advance(p);
	return filter_build_parent(&p->build, FILTER_CALL,
		(int)filter_function_index(function), args, count);
}

static uint32_t
parse_call(struct filter_parser *p)
{
	const struct filter_function *function =
		filter_function_find(p->token.text);
	uint32_t node;

	if (function == NULL)
		return filter_expected(p, "a function that exists");
	if (!filter_enter(p))
		return FILTER_NONE;
	filter_advance(p);
	filter_advance(p);
	node = parse_arguments(p, function);
	filter_leave(p);
	return node;
}

/* ---- paths ---- */

struct path {
	struct str segments[FILTER_PATH_MAX];
	size_t count;
	enum filter_root root;
	uint8_t slot;
};

static bool
add_segment(struct filter_parser *p, struct path *path)
{
	bool is_quoted = p->token.kind == FILTER_TOKEN_STRING;

	if (path->count == FILTER_PATH_MAX) {
		filter_fail(p, ERR_LIMIT, p->token.offset,
			"the path is too long, expected at most 32 names");
		return false;
	}
	/* A GUID that starts with a letter is a name here. */
	if (!is_quoted && p->token.kind != FILTER_TOKEN_WORD &&
		!(p->token.kind == FILTER_TOKEN_LITERAL &&
			filter_lex_is_name(p->token.text))) {
		filter_expected(p,
			"a member's name (in single quotes if it is not made "
			"of letters, digits, '_', '-' and '.')");
		return false;
	}
	path->segments[path->count++] =
		is_quoted ? filter_take_string(p) : p->token.text;
	if (!is_quoted)
		filter_advance(p);
	return true;
}

static bool
is_variable(struct filter_parser *p, uint8_t *ret_slot)
{
	for (unsigned i = p->variable_count; i > 0; i--) {
		if (str_equal(p->variables[i - 1], p->token.text)) {
			*ret_slot = (uint8_t)(i - 1);
			return true;
		}
	}
	return false;
}

/** The first name of a path says where it starts. */
static bool
read_root(struct filter_parser *p, struct path *path)
{
	static const struct {
		const char *name;
		enum filter_root root;
		bool is_alone; /* a root only when nothing follows */
	} roots[] = {
		{"type", FILTER_ROOT_TYPE, true},
		{"operation", FILTER_ROOT_OPERATION, true},
		{"new", FILTER_ROOT_NEW, false},
		{"old", FILTER_ROOT_OLD, false},
		{"changed", FILTER_ROOT_CHANGED, false},
		{"$it", FILTER_ROOT_BARE, false},
		{"$data", FILTER_ROOT_DATA, false},
	};

	if (p->token.kind == FILTER_TOKEN_WORD && is_variable(p, &path->slot)) {
		path->root = FILTER_ROOT_VARIABLE;
		filter_advance(p);
		return true;
	}
	for (size_t i = 0; i < COUNT_OF(roots); i++) {
		if (p->token.kind == FILTER_TOKEN_STRING ||
			!filter_is_spelled(p->token, roots[i].name) ||
			(roots[i].is_alone && filter_is_before_slash(p)))
			continue;
		if (p->is_of_data && p->token.kind != FILTER_TOKEN_DOLLAR)
			continue;
		path->root = p->is_of_data ? FILTER_ROOT_DATA : roots[i].root;
		filter_advance(p);
		return true;
	}
	path->root = p->is_of_data ? FILTER_ROOT_DATA : FILTER_ROOT_BARE;
	return add_segment(p, path);
}

static uint32_t
intern(struct filter_parser *p, const struct path *path)
{
	return filter_build_path(
		&p->build, path->root, path->slot, path->segments, path->count);
}

static bool
is_lambda(const struct filter_parser *p)
{
	struct filter_token next = filter_peek(p);

	return (filter_at_word(p, "any") || filter_at_word(p, "all")) &&
	       next.kind == FILTER_TOKEN_MARK && next.text.ptr[0] == '(';
}

static uint32_t
parse_body(struct filter_parser *p)
{
	uint32_t body;

	if (p->token.kind != FILTER_TOKEN_WORD)
		return filter_expected(
			p, "a variable and ':', as in x: x eq 1");
	p->variables[p->variable_count] = p->token.text;
	filter_advance(p);
	if (!filter_expect_mark(p, ':'))
		return FILTER_NONE;
	p->variable_count++;
	body = filter_parse_expression(p);
	p->variable_count--;
	return body;
}

static uint32_t
parse_lambda(struct filter_parser *p, const struct path *path)
{
	struct filter_lambda lambda = {
		.path = intern(p, path),
		.body = FILTER_NONE,
		.slot = (uint8_t)p->variable_count,
		.is_all = filter_at_word(p, "all"),
	};

	if (!filter_enter(p) || !filter_count_leaf(p, p->token.offset))
		return FILTER_NONE;
	filter_advance(p);
	filter_advance(p);
	if (lambda.is_all || !filter_at_mark(p, ')')) {
		lambda.variable = p->token.text;
		lambda.body = parse_body(p);
		if (lambda.body == FILTER_NONE)
			return FILTER_NONE;
	}
	if (!filter_expect_mark(p, ')'))
		return FILTER_NONE;
	filter_leave(p);
	return filter_build_lambda(&p->build, lambda);
}

/** The path; what follows it may be any, all or $count. */
static uint32_t
parse_path_tail(struct filter_parser *p, struct path *path)
{
	while (filter_at_mark(p, '/')) {
		bool is_count;

		filter_advance(p);
		is_count = p->token.kind == FILTER_TOKEN_DOLLAR &&
			   filter_is_spelled(p->token, "$count");
		if (path->root == FILTER_ROOT_CHANGED &&
			(is_count || is_lambda(p)))
			return filter_expected(p,
				"a member's name (changed/… is a Boolean, not "
				"a collection; use new/ or old/)");
		if (is_lambda(p))
			return parse_lambda(p, path);
		if (is_count) {
			filter_advance(p);
			return filter_build_node(
				&p->build, FILTER_COUNT, 0, intern(p, path));
		}
		if (!add_segment(p, path))
			return FILTER_NONE;
	}
	return filter_build_node(&p->build, FILTER_PATH, 0, intern(p, path));
}

static bool
starts_path(const struct filter_parser *p)
{
	return p->token.kind == FILTER_TOKEN_WORD ||
	       p->token.kind == FILTER_TOKEN_STRING ||
	       filter_is_spelled(p->token, "$it") ||
	       filter_is_spelled(p->token, "$data");
}

uint32_t
filter_parse_path(struct filter_parser *p)
{
	struct path path = {0};
	uint32_t node;
	size_t offset = p->token.offset;

	if (!starts_path(p))
		return filter_expected(p, "a list or the path of an array");
	if (!read_root(p, &path))
		return FILTER_NONE;
	node = parse_path_tail(p, &path);
	if (node != FILTER_NONE && p->build.nodes[node].kind != FILTER_PATH)
		return filter_fail(p, ERR_INVALID, offset,
			"found any, all or $count, expected a list or the path "
			"of an array");
	return node;
}

/* ---- operand ---- */

static uint32_t
parse_group(struct filter_parser *p)
{
	uint32_t node;

	if (!filter_enter(p))
		return FILTER_NONE;
	filter_advance(p);
	node = filter_parse_expression(p);
	if (node == FILTER_NONE)
		return FILTER_NONE;
	if (!filter_at_mark(p, ')'))
		return filter_expected(p, "an operator or ')'");
	filter_advance(p);
	filter_leave(p);
	return node;
}

/** A keyword is a name when '/' or an operator follows. */
static bool
is_name_here(const struct filter_parser *p)
{
	struct filter_token next = filter_peek(p);

	if (!filter_is_infix(p->token.text) && !filter_at_word(p, "not"))
		return true;
	return filter_is_before_slash(p) ||
	       (next.kind == FILTER_TOKEN_WORD && filter_is_infix(next.text));
}

static uint32_t
parse_name(struct filter_parser *p)
{
	struct filter_token next = filter_peek(p);
	struct path path = {0};

	if (p->token.kind == FILTER_TOKEN_WORD) {
		if (!is_name_here(p))
			return filter_expected(p, operand_expected);
		if (next.kind == FILTER_TOKEN_MARK && next.text.ptr[0] == '(')
			return parse_call(p);
	}
	if (!read_root(p, &path))
		return FILTER_NONE;
	return parse_path_tail(p, &path);
}

uint32_t
filter_parse_primary(struct filter_parser *p)
{
	struct filter_value value;
	enum filter_outcome outcome;

	if (filter_at_mark(p, '('))
		return parse_group(p);
	outcome = filter_parse_literal(p, &value);
	if (outcome == FILTER_FAILED)
		return FILTER_NONE;
	if (outcome == FILTER_READ)
		return filter_build_literal(&p->build, value);
	if (starts_path(p))
		return parse_name(p);
	return filter_expected(p, operand_expected);
}
