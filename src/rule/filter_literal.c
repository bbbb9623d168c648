#include "rule/filter_parse.h"

bool
filter_is_spelled(struct filter_token token, const char *word)
{
	return (token.kind == FILTER_TOKEN_WORD ||
		       token.kind == FILTER_TOKEN_DOLLAR) &&
	       str_equal(token.text, str_of(word));
}

bool
filter_is_before_slash(const struct filter_parser *p)
{
	struct filter_token next = filter_peek(p);

	return next.kind == FILTER_TOKEN_MARK && next.text.ptr[0] == '/';
}

/** null, true and false in any case; INF and NaN as OData spells them. */
static enum filter_outcome
read_word(struct filter_parser *p, struct filter_value *ret)
{
	if (filter_is_before_slash(p))
		return FILTER_ABSENT;
	if (filter_at_word(p, "null"))
		*ret = filter_value_null();
	else if (filter_at_word(p, "true") || filter_at_word(p, "false"))
		*ret = filter_value_boolean(filter_at_word(p, "true"));
	else if (filter_is_spelled(p->token, "INF"))
		*ret = filter_value_number(
			number_from_real((double)__builtin_inff()));
	else if (filter_is_spelled(p->token, "NaN"))
		*ret = filter_value_number(
			number_from_real((double)__builtin_nanf("")));
	else
		return FILTER_ABSENT;
	filter_advance(p);
	return FILTER_READ;
}

struct str
filter_take_string(struct filter_parser *p)
{
	struct str raw = p->token.text;
	char *text;
	size_t len = 0;

	filter_advance(p);
	if (str_find_char(raw, '\'') == SIZE_MAX)
		return raw;
	text = arena_alloc_raw(p->build.work, raw.len);
	for (size_t i = 0; i < raw.len; i++) {
		text[len++] = raw.ptr[i];
		i += raw.ptr[i] == '\'';
	}
	return str_make(text, len);
}

bool
filter_operand_is_signed(const struct filter_parser *p)
{
	struct filter_token next = filter_peek(p);

	if (!filter_at_mark(p, '-') && !filter_at_mark(p, '+'))
		return false;
	if (next.offset != p->token.end)
		return false;
	return next.kind == FILTER_TOKEN_LITERAL ||
	       filter_is_spelled(next, "INF");
}

static enum filter_outcome
read_bare(struct filter_parser *p, struct str text, struct filter_value *ret)
{
	CLEANUP(buf_release) struct buf message = {0};
	const char *problem;

	problem = filter_value_read(text, p->build.work, ret);
	if (problem == NULL) {
		filter_advance(p);
		return FILTER_READ;
	}
	buf_printf(&message, "found '%.*s', expected %s",
		STR_ARG(str_head(text, 40)), problem);
	filter_fail(p, ERR_INVALID, p->token.offset, buf_text(&message));
	return FILTER_FAILED;
}

static enum filter_outcome
read_signed(struct filter_parser *p, struct filter_value *ret)
{
	struct str text = p->lexer.text;
	bool is_negative = filter_at_mark(p, '-');
	size_t start = p->token.offset;

	filter_advance(p);
	if (filter_is_spelled(p->token, "INF")) {
		if (!is_negative) {
			filter_expected(p, "INF without a sign, or -INF");
			return FILTER_FAILED;
		}
		*ret = filter_value_number(
			number_from_real(-(double)__builtin_inff()));
		filter_advance(p);
		return FILTER_READ;
	}
	return read_bare(
		p, str_make(text.ptr + start, p->token.end - start), ret);
}

enum filter_outcome
filter_parse_literal(struct filter_parser *p, struct filter_value *ret)
{
	*ret = filter_value_null();
	switch (p->token.kind) {
	case FILTER_TOKEN_STRING:
		if (filter_is_before_slash(p))
			return FILTER_ABSENT;
		*ret = filter_value_string(filter_take_string(p));
		return FILTER_READ;
	case FILTER_TOKEN_LITERAL: return read_bare(p, p->token.text, ret);
	case FILTER_TOKEN_DURATION:
		if (!filter_value_read_duration(p->token.text, ret)) {
			filter_expected(p, "duration'P1DT2H30M5.5S'");
			return FILTER_FAILED;
		}
		filter_advance(p);
		return FILTER_READ;
	case FILTER_TOKEN_WORD: return read_word(p, ret);
	case FILTER_TOKEN_MARK:
		return filter_operand_is_signed(p) ? read_signed(p, ret)
						   : FILTER_ABSENT;
	case FILTER_TOKEN_END:
	case FILTER_TOKEN_DOLLAR:
	case FILTER_TOKEN_OPEN:
	case FILTER_TOKEN_BAD: break;
	}
	return FILTER_ABSENT;
}

/* ---- lists ---- */

static bool
read_item(struct filter_parser *p, bool of_envelope, struct filter_value *ret)
{
	enum filter_outcome outcome = filter_parse_literal(p, ret);

	if (outcome == FILTER_ABSENT && of_envelope &&
		(filter_is_spelled(p->token, "Created") ||
			filter_is_spelled(p->token, "Updated") ||
			filter_is_spelled(p->token, "Deleted"))) {
		*ret = filter_value_string(p->token.text);
		filter_advance(p);
		return true;
	}
	if (outcome == FILTER_ABSENT)
		filter_expected(p, "a literal (a list has no properties)");
	return outcome == FILTER_READ;
}

bool
filter_parse_list(struct filter_parser *p, bool of_envelope, uint32_t *items,
	size_t *count)
{
	char close = filter_at_mark(p, '(') ? ')' : ']';
	struct filter_value value;

	filter_advance(p);
	if (filter_at_mark(p, close)) {
		filter_advance(p);
		return true;
	}
	for (;;) {
		if (*count > FILTER_LIST_MAX) {
			filter_fail(p, ERR_LIMIT, p->token.offset,
				"too many items, expected at most 1000");
			return false;
		}
		if (!read_item(p, of_envelope, &value))
			return false;
		items[(*count)++] = filter_build_literal(&p->build, value);
		if (!filter_at_mark(p, ','))
			break;
		filter_advance(p);
	}
	if (!filter_at_mark(p, close)) {
		filter_expected(p, close == ')' ? "',' or ')'" : "',' or ']'");
		return false;
	}
	filter_advance(p);
	return true;
}
