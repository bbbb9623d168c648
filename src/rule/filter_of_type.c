#include "rule/filter_of_type.h"

#include "rule/catalog.h"
#include "rule/filter_function.h"
#include "rule/filter_parse.h"

/* ---- the type ---- */

/** How many bytes the types have in common; false: it is one type. */
static bool
is_prefix(struct str type, size_t *ret_len)
{
	if (!str_ends_with(type, STR("*")))
		return false;
	*ret_len = type.len - 1;
	return true;
}

enum err
filter_of_type_check(struct str type, struct buf *why)
{
	size_t len = type.len;

	if (len == 0 || len > FILTER_TYPE_MAX) {
		buf_printf(why, "has %zu bytes, expected 1 to %d", len,
			FILTER_TYPE_MAX);
		return ERR_INVALID;
	}
	if (is_prefix(type, &len) && len > 0 && type.ptr[len - 1] != '.' &&
		type.ptr[len - 1] != '/') {
		buf_append(why, STR("has a '*' that stands behind neither '.' "
				    "nor '/'"));
		return ERR_INVALID;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)type.ptr[i];

		if (c > ' ' && c != 0x7F && c != '*')
			continue;
		buf_append(why,
			c == '*' ? STR("has a '*' that is not its end")
				 : STR("holds a blank or a control character"));
		return ERR_INVALID;
	}
	if (!str_is_utf8(type)) {
		buf_append(why, STR("is no UTF-8"));
		return ERR_INVALID;
	}
	return ERR_OK;
}

bool
filter_of_type_is(struct str type, struct str event_type)
{
	size_t len;

	return is_prefix(type, &len)
		       ? str_starts_with(event_type, str_head(type, len))
		       : str_equal(type, event_type);
}

/* ---- putting it together ---- */

/** `type eq 'x'`, `startswith(type,'x.')`, or FILTER_NONE for all types. */
static uint32_t
build_type(struct filter_build *build, struct str type)
{
	size_t len = 0;
	bool is_many = is_prefix(type, &len);
	uint32_t children[2];
	const struct filter_function *starts;

	if (is_many && len == 0)
		return FILTER_NONE;
	children[0] = filter_build_node(build, FILTER_PATH, 0,
		filter_build_path(build, FILTER_ROOT_TYPE, 0, NULL, 0));
	children[1] = filter_build_literal(build,
		filter_value_string(is_many ? str_head(type, len) : type));
	if (!is_many)
		return filter_build_parent(
			build, FILTER_COMPARE, FILTER_EQ, children, 2);
	starts = filter_function_find(STR("startswith"));
	return filter_build_parent(build, FILTER_CALL,
		(int)filter_function_index(starts), children, 2);
}

/** Both, as one conjunction without another inside. */
static uint32_t
build_both(struct filter_build *build, uint32_t type, uint32_t condition)
{
	const struct filter_node node = build->nodes[condition];
	bool is_run = node.kind == FILTER_AND;
	size_t count = is_run ? node.count : 1;
	uint32_t *children =
		arena_alloc_array(build->work, count + 1, sizeof(*children));

	children[0] = type;
	for (size_t i = 0; i < count; i++)
		children[i + 1] =
			is_run ? build->children[node.first + i] : condition;
	return filter_build_parent(build, FILTER_AND, 0, children, count + 1);
}

static uint32_t
build_all(struct filter_parser *parser, struct str type)
{
	struct filter_build *build = &parser->build;
	uint32_t tied, held = FILTER_NONE;

	if (!str_is_empty(str_trim(parser->lexer.text))) {
		held = filter_parse(parser);
		if (held == FILTER_NONE)
			return FILTER_NONE;
	}
	tied = build_type(build, type);
	if (held == FILTER_NONE && tied == FILTER_NONE)
		return filter_build_literal(build, filter_value_boolean(true));
	if (held == FILTER_NONE || tied == FILTER_NONE)
		return held == FILTER_NONE ? tied : held;
	return build_both(build, tied, held);
}

enum err
filter_of_type_compile(struct str type, struct str condition,
	struct arena *arena, const struct filter **ret, size_t *ret_column,
	struct buf *why)
{
	CLEANUP(arena_release) struct arena work = {0};
	struct filter_parser parser = {
		.lexer = {.text = condition}, .is_of_data = true, .why = why};
	uint32_t root;
	enum err err = filter_check_text(condition, ret_column, why);

	if (err)
		return err;
	filter_build_init(&parser.build, &work, arena);
	root = build_all(&parser, catalog_canonical(type, &work));
	if (root != FILTER_NONE)
		*ret = filter_build_finish(&parser.build, root);
	else
		*ret_column = filter_lex_column(
			parser.lexer.text, parser.error_offset);
	filter_build_release(&parser.build);
	return parser.err;
}
