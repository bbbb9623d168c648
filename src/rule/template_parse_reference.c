#include "rule/template_parse.h"

const struct template_node *
template_parser_bundle(
	struct template_parser *p, const struct template_token *token)
{
	struct template_node *node =
		template_parser_node(p, TEMPLATE_BUNDLE, token->offset);
	uint64_t id;

	if (str_to_u64(token->text, &id) || id > UINT32_MAX) {
		template_compiler_error(p->compiler, token->offset,
			"no module has a number as large as this");
		p->failed = true;
		return node;
	}
	node->as.module = (uint32_t)id;
	return node;
}

static bool
parse_name_selector(
	struct template_parser *p, struct template_selector *selector)
{
	selector->kind = TEMPLATE_BY_NAME;
	selector->name = p->token.text;
	if (p->token.kind == TEMPLATE_TOKEN_NAME ||
		p->token.kind == TEMPLATE_TOKEN_QUOTED) {
		template_parser_advance(p);
		return true;
	}
	template_parser_expected(
		p, p->token.kind == TEMPLATE_TOKEN_NUMBER
			   ? "a name; one that is a number stands in "
			     "back-ticks"
			   : "a name");
	return false;
}

static bool
parse_index_selector(
	struct template_parser *p, struct template_selector *selector)
{
	if (template_parser_take(p, "]")) {
		selector->kind = TEMPLATE_FIRST;
		return true;
	}
	selector->kind = TEMPLATE_BY_INDEX;
	selector->index = template_parser_expression(p);
	if (!template_parser_take(p, "]"))
		template_parser_expected(p, "']'");
	return !p->failed;
}

/** `.name`, `[index]` and `[]` behind a value. */
const struct template_node *
template_parser_selectors(
	struct template_parser *p, const struct template_node *base)
{
	struct arena *arena = p->compiler->arena;
	struct template_selector *selectors = NULL;
	size_t count = 0, cap = 0;
	struct template_node *node;

	while (!p->failed && (template_parser_is_at(p, ".") ||
				     template_parser_is_at(p, "["))) {
		struct template_selector selector = {0};
		bool is_name = template_parser_is_at(p, ".");

		template_parser_advance(p);
		if (is_name ? !parse_name_selector(p, &selector)
			    : !parse_index_selector(p, &selector))
			break;
		if (count == cap) {
			struct template_selector *old = selectors;

			cap = cap ? cap * 2 : 4;
			selectors = arena_alloc_array(
				arena, cap, sizeof(*selectors));
			if (count)
				memcpy(selectors, old, count * sizeof(*old));
		}
		selectors[count++] = selector;
	}
	if (base->kind == TEMPLATE_BUNDLE)
		template_compiler_refer(p->compiler, base->offset,
			base->as.module,
			count && selectors[0].kind == TEMPLATE_BY_NAME
				? selectors[0].name
				: STR(""));
	if (count == 0)
		return base;
	node = template_parser_node(p, TEMPLATE_SELECT, base->offset);
	node->as.select.base = base;
	node->as.select.selectors = selectors;
	node->as.select.count = count;
	return node;
}

const struct template_node *
template_parser_scope(struct template_parser *p, size_t offset)
{
	struct template_node *node =
		template_parser_node(p, TEMPLATE_SCOPE, offset);
	struct template_selector selector = {0};

	if (!template_parser_take(p, ".")) {
		template_compiler_warn(p->compiler, offset,
			"'var' is followed by a scope and a name, such as "
			"var.scenario.name; alone it is empty");
		return template_parser_literal(p, offset, value_empty());
	}
	parse_name_selector(p, &selector);
	node->as.scope = selector.name;
	return node;
}
