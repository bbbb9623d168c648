#include "rule/filter.h"

#include "rule/filter_parse.h"

static enum err
reject(enum err err, size_t column, const char *message, size_t *ret_column,
	struct buf *why)
{
	*ret_column = column;
	if (why)
		buf_printf(why, "column %zu: %s", column, message);
	return err;
}

/** The longest front of a text that is UTF-8. */
static size_t
utf8_len(struct str text)
{
	size_t good = 0, bad = text.len;

	while (good < bad) {
		size_t middle = good + (bad - good + 1) / 2;
		size_t end = middle;

		/* Cut between characters, not inside of one. */
		while (end > good && end < text.len &&
			((unsigned char)text.ptr[end] & 0xC0) == 0x80)
			end--;
		if (end > good && str_is_utf8(str_head(text, end)))
			good = end;
		else
			bad = middle - 1;
	}
	return good;
}

enum err
filter_check_text(struct str text, size_t *ret_column, struct buf *why)
{
	if (text.len > FILTER_TEXT_MAX)
		return reject(ERR_LIMIT, 1,
			"the filter is too long, expected at most 16384 bytes",
			ret_column, why);
	if (!str_is_utf8(text))
		return reject(ERR_INVALID,
			filter_lex_column(text, utf8_len(text)),
			"found bytes that are no UTF-8, expected text",
			ret_column, why);
	return ERR_OK;
}

enum err
filter_compile(struct str text, struct arena *arena, const struct filter **ret,
	size_t *ret_column, struct buf *why)
{
	CLEANUP(arena_release) struct arena work = {0};
	struct filter_parser parser = {.lexer = {.text = text}, .why = why};
	uint32_t root;
	enum err err = filter_check_text(text, ret_column, why);

	if (err)
		return err;
	filter_build_init(&parser.build, &work, arena);
	root = filter_parse(&parser);
	if (root != FILTER_NONE)
		*ret = filter_build_finish(&parser.build, root);
	else
		*ret_column = filter_lex_column(text, parser.error_offset);
	filter_build_release(&parser.build);
	return parser.err;
}

bool
filter_types(const struct filter *filter, const struct str **ret_types,
	size_t *ret_count)
{
	if (!filter->is_tied_to_types)
		return false;
	*ret_types = filter->types;
	*ret_count = filter->type_count;
	return true;
}
