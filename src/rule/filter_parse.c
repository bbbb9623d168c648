#include "rule/filter_parse.h"

#include "rule/catalog.h"
#include "rule/filter_hint.h"

static const struct {
	struct str name;
	int level; /* 0 and or, 1 comparison and in, 2 add, 3 mul */
	int op;	   /* enum filter_operator, or -1 */
} infixes[] = {
	{STR_INIT("or"), 0, -1},
	{STR_INIT("and"), 0, -1},
	{STR_INIT("in"), 1, -1},
	{STR_INIT("eq"), 1, FILTER_EQ},
	{STR_INIT("ne"), 1, FILTER_NE},
	{STR_INIT("gt"), 1, FILTER_GT},
	{STR_INIT("ge"), 1, FILTER_GE},
	{STR_INIT("lt"), 1, FILTER_LT},
	{STR_INIT("le"), 1, FILTER_LE},
	{STR_INIT("add"), 2, FILTER_ADD},
	{STR_INIT("sub"), 2, FILTER_SUB},
	{STR_INIT("mul"), 3, FILTER_MUL},
	{STR_INIT("div"), 3, FILTER_DIV},
	{STR_INIT("divby"), 3, FILTER_DIVBY},
	{STR_INIT("mod"), 3, FILTER_MOD},
};

const char *
filter_operator_name(enum filter_operator op)
{
	for (size_t i = 0; i < COUNT_OF(infixes); i++) {
		if (infixes[i].op == (int)op)
			return infixes[i].name.ptr;
	}
	return "";
}

bool
filter_is_infix(struct str word)
{
	for (size_t i = 0; i < COUNT_OF(infixes); i++) {
		/* Asked of every name: most differ in length. */
		if (word.len == infixes[i].name.len &&
			str_equal_nocase(word, infixes[i].name))
			return true;
	}
	return false;
}

/** The operator of a level that the current token is, or -1. */
static int
operator_here(const struct filter_parser *p, int level)
{
	if (p->token.kind != FILTER_TOKEN_WORD)
		return -1;
	for (size_t i = 0; i < COUNT_OF(infixes); i++) {
		if (infixes[i].level == level && infixes[i].op >= 0 &&
			str_equal_nocase(p->token.text, infixes[i].name))
			return infixes[i].op;
	}
	return -1;
}

/* ---- tokens and failures ---- */

void
filter_advance(struct filter_parser *p)
{
	p->token = p->next;
	p->next = filter_lex_next(&p->lexer);
}

struct filter_token
filter_peek(const struct filter_parser *p)
{
	return p->next;
}

bool
filter_at_word(const struct filter_parser *p, const char *word)
{
	/* Words are in small letters; most tokens differ in the first. */
	return p->token.kind == FILTER_TOKEN_WORD &&
	       (p->token.text.ptr[0] | 0x20) == word[0] &&
	       str_equal_nocase(p->token.text, str_of(word));
}

bool
filter_at_mark(const struct filter_parser *p, char mark)
{
	return p->token.kind == FILTER_TOKEN_MARK &&
	       p->token.text.ptr[0] == mark;
}

bool
filter_expect_mark(struct filter_parser *p, char mark)
{
	char expected[] = "'?'";

	if (filter_at_mark(p, mark)) {
		filter_advance(p);
		return true;
	}
	expected[1] = mark;
	filter_expected(p, expected);
	return false;
}

uint32_t
filter_fail(struct filter_parser *p, enum err err, size_t offset,
	const char *message)
{
	if (p->err)
		return FILTER_NONE;
	p->err = err;
	p->error_offset = offset;
	if (p->why)
		buf_printf(p->why, "column %zu: %s",
			filter_lex_column(p->lexer.text, offset), message);
	return FILTER_NONE;
}

uint32_t
filter_expected(struct filter_parser *p, const char *expected)
{
	CLEANUP(buf_release) struct buf message = {0};

	if (p->err)
		return FILTER_NONE;
	filter_hint_describe(&p->token, &message);
	if (p->token.kind == FILTER_TOKEN_OPEN)
		expected = "one (a quote inside a text is doubled: 'it''s')";
	buf_printf(&message, ", expected %s", expected);
	filter_hint(&p->token, &message);
	return filter_fail(p, ERR_INVALID, p->token.offset, buf_text(&message));
}

bool
filter_enter(struct filter_parser *p)
{
	if (p->depth < FILTER_DEPTH_MAX) {
		p->depth++;
		return true;
	}
	filter_fail(p, ERR_LIMIT, p->token.offset,
		"nested too deeply, expected at most 64 levels");
	return false;
}

void
filter_leave(struct filter_parser *p)
{
	p->depth--;
}

bool
filter_count_leaf(struct filter_parser *p, size_t offset)
{
	if (p->leaves++ < FILTER_LEAVES_MAX)
		return true;
	filter_fail(p, ERR_LIMIT, offset,
		"too many conditions, expected at most 512");
	return false;
}

bool
filter_is_envelope(const struct filter_parser *p, uint32_t node)
{
	const struct filter_node *n = &p->build.nodes[node];

	return n->kind == FILTER_PATH &&
	       p->build.path_rows[n->first].root <= FILTER_ROOT_OPERATION;
}

/* ---- and, or, not ---- */

struct list {
	uint32_t *items;
	size_t count, cap;
};

static void
list_add(struct filter_parser *p, struct list *list, uint32_t item)
{
	if (list->count == list->cap) {
		uint32_t *grown;

		list->cap = list->cap ? list->cap * 2 : 4;
		grown = arena_alloc_array(
			p->build.work, list->cap, sizeof(*grown));
		if (list->count)
			memcpy(grown, list->items,
				list->count * sizeof(*grown));
		list->items = grown;
	}
	list->items[list->count++] = item;
}

/** `(a and b) and c` is kept as `a and b and c`, which means the same. */
static void
list_add_flat(struct filter_parser *p, struct list *list, uint32_t item,
	enum filter_kind kind)
{
	const struct filter_node node = p->build.nodes[item];

	if (node.kind != kind) {
		list_add(p, list, item);
		return;
	}
	for (size_t i = 0; i < node.count; i++)
		list_add(p, list, p->build.children[node.first + i]);
}

static uint32_t
parse_junction(struct filter_parser *p, const char *word, enum filter_kind kind,
	uint32_t (*parse_part)(struct filter_parser *))
{
	struct list list = {0};
	uint32_t part = parse_part(p);

	if (part == FILTER_NONE || !filter_at_word(p, word))
		return part;
	list_add_flat(p, &list, part, kind);
	while (filter_at_word(p, word)) {
		filter_advance(p);
		part = parse_part(p);
		if (part == FILTER_NONE)
			return FILTER_NONE;
		list_add_flat(p, &list, part, kind);
	}
	return filter_build_parent(&p->build, kind, 0, list.items, list.count);
}

/**
 * `not` is a name before '/' and before an operator (`not eq 1`) unless that
 * word is itself the name of an operand (`not eq eq 1`).
 */
static bool
is_not_operator(const struct filter_parser *p)
{
	struct filter_lexer lexer = p->lexer;
	struct filter_token next = p->next;
	struct filter_token after;

	if (!filter_at_word(p, "not"))
		return false;
	if (next.kind == FILTER_TOKEN_MARK && next.text.ptr[0] == '/')
		return false;
	if (next.kind != FILTER_TOKEN_WORD || !filter_is_infix(next.text))
		return true;
	after = filter_lex_next(&lexer);
	if (after.kind == FILTER_TOKEN_MARK)
		return after.text.ptr[0] == '/';
	return after.kind == FILTER_TOKEN_WORD && filter_is_infix(after.text);
}

static uint32_t parse_compare(struct filter_parser *p);

static uint32_t
parse_not(struct filter_parser *p)
{
	uint32_t child;

	if (!is_not_operator(p))
		return parse_compare(p);
	if (!filter_enter(p))
		return FILTER_NONE;
	filter_advance(p);
	child = parse_not(p);
	filter_leave(p);
	if (child == FILTER_NONE)
		return FILTER_NONE;
	return filter_build_parent(&p->build, FILTER_NOT, 0, &child, 1);
}

static uint32_t
parse_and(struct filter_parser *p)
{
	return parse_junction(p, "and", FILTER_AND, parse_not);
}

uint32_t
filter_parse_expression(struct filter_parser *p)
{
	return parse_junction(p, "or", FILTER_OR, parse_and);
}

/* ---- comparison ---- */

/** Types are compared in their canonical spelling. */
static void
canonicalise(struct filter_parser *p, uint32_t path, uint32_t literal)
{
	const struct filter_node *node = &p->build.nodes[path];
	struct filter_value *value;

	if (node->kind != FILTER_PATH ||
		p->build.path_rows[node->first].root != FILTER_ROOT_TYPE ||
		p->build.nodes[literal].kind != FILTER_LITERAL)
		return;
	value = &p->build.literals[p->build.nodes[literal].first];
	if (value->kind == FILTER_VALUE_STRING)
		value->text = catalog_canonical(value->text, p->build.work);
}

/** Created, Updated, Deleted without quotes to the right of type, operation */
static bool
is_bare_word(const struct filter_parser *p)
{
	struct filter_token next = filter_peek(p);

	if (next.kind == FILTER_TOKEN_MARK &&
		strchr("/(", next.text.ptr[0]) != NULL)
		return false;
	return p->token.kind == FILTER_TOKEN_WORD &&
	       (str_equal(p->token.text, STR("Created")) ||
		       str_equal(p->token.text, STR("Updated")) ||
		       str_equal(p->token.text, STR("Deleted")));
}

static uint32_t
parse_right(struct filter_parser *p, uint32_t left)
{
	uint32_t literal;

	if (!filter_is_envelope(p, left) || !is_bare_word(p))
		return filter_parse_operand(p);
	literal = filter_build_literal(
		&p->build, filter_value_string(p->token.text));
	filter_advance(p);
	return literal;
}

static uint32_t
parse_in(struct filter_parser *p, uint32_t left)
{
	uint32_t *items = arena_alloc_array(
		p->build.work, FILTER_LIST_MAX + 1, sizeof(*items));
	size_t count = 0;

	filter_advance(p);
	items[count++] = left;
	if (!filter_at_mark(p, '(') && !filter_at_mark(p, '[')) {
		items[count++] = filter_parse_path(p);
		if (p->err)
			return FILTER_NONE;
		return filter_build_parent(
			&p->build, FILTER_IN_PATH, 0, items, count);
	}
	if (!filter_parse_list(p, filter_is_envelope(p, left), items, &count))
		return FILTER_NONE;
	for (size_t i = 1; i < count; i++)
		canonicalise(p, left, items[i]);
	return filter_build_parent(&p->build, FILTER_IN_LIST, 0, items, count);
}

static bool
is_junction(const struct filter_parser *p, uint32_t node)
{
	uint8_t kind = p->build.nodes[node].kind;

	return kind == FILTER_AND || kind == FILTER_OR || kind == FILTER_NOT;
}

static uint32_t
parse_compare(struct filter_parser *p)
{
	size_t start = p->token.offset;
	bool is_group = filter_at_mark(p, '(');
	uint32_t children[2];
	int op;

	children[0] = filter_parse_operand(p);
	if (children[0] == FILTER_NONE)
		return FILTER_NONE;
	if (filter_at_word(p, "in"))
		return filter_count_leaf(p, start) ? parse_in(p, children[0])
						   : FILTER_NONE;
	op = operator_here(p, 1);
	if (op < 0) {
		/* What is in parentheses was counted there. */
		if (!is_group && !is_junction(p, children[0]) &&
			!filter_count_leaf(p, start))
			return FILTER_NONE;
		return children[0];
	}
	if (!filter_count_leaf(p, start))
		return FILTER_NONE;
	filter_advance(p);
	children[1] = parse_right(p, children[0]);
	if (children[1] == FILTER_NONE)
		return FILTER_NONE;
	canonicalise(p, children[0], children[1]);
	canonicalise(p, children[1], children[0]);
	if (operator_here(p, 1) >= 0 || filter_at_word(p, "in"))
		return filter_expected(
			p, "'and', 'or' or the end (comparisons do not chain)");
	return filter_build_parent(&p->build, FILTER_COMPARE, op, children, 2);
}

/* ---- arithmetic ---- */

static uint32_t
parse_unary(struct filter_parser *p)
{
	uint32_t child;

	if (!filter_at_mark(p, '-') || filter_operand_is_signed(p))
		return filter_parse_primary(p);
	if (!filter_enter(p))
		return FILTER_NONE;
	filter_advance(p);
	child = parse_unary(p);
	filter_leave(p);
	if (child == FILTER_NONE)
		return FILTER_NONE;
	return filter_build_parent(&p->build, FILTER_NEGATE, 0, &child, 1);
}

/** A chain of one level's operators, grouped to the left. */
static uint32_t
parse_chain(struct filter_parser *p, int level,
	uint32_t (*parse_part)(struct filter_parser *))
{
	uint32_t children[2];
	int op;

	children[0] = parse_part(p);
	while (children[0] != FILTER_NONE &&
		(op = operator_here(p, level)) >= 0) {
		/* Each makes the tree one deeper, so they are counted. */
		if (!filter_count_leaf(p, p->token.offset))
			return FILTER_NONE;
		filter_advance(p);
		children[1] = parse_part(p);
		if (children[1] == FILTER_NONE)
			return FILTER_NONE;
		children[0] = filter_build_parent(
			&p->build, FILTER_ARITHMETIC, op, children, 2);
	}
	return children[0];
}

static uint32_t
parse_mul(struct filter_parser *p)
{
	return parse_chain(p, 3, parse_unary);
}

uint32_t
filter_parse_operand(struct filter_parser *p)
{
	return parse_chain(p, 2, parse_mul);
}

uint32_t
filter_parse(struct filter_parser *p)
{
	uint32_t root;

	p->next = filter_lex_next(&p->lexer);
	filter_advance(p);
	root = filter_parse_expression(p);
	if (root != FILTER_NONE && p->token.kind != FILTER_TOKEN_END)
		return filter_expected(p,
			"an operator (eq, ne, gt, ge, lt, le, in, and, or) or "
			"the end");
	return root;
}
