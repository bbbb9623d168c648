#include "rule/filter_hint.h"

#include "rule/filter_text.h"

enum { FOUND_MAX = 40 /* characters shown of what was found */ };

static const struct {
	const char *found;
	const char *hint;
} hints[] = {
	{"=", "write 'eq'"},
	{"==", "write 'eq'"},
	{"===", "write 'eq'"},
	{"!=", "write 'ne'"},
	{"<>", "write 'ne'"},
	{">", "write 'gt'"},
	{">=", "write 'ge'"},
	{"<", "write 'lt'"},
	{"<=", "write 'le'"},
	{"&", "write 'and'"},
	{"&&", "write 'and'"},
	{"|", "write 'or'"},
	{"||", "write 'or'"},
	{"!", "write 'not'"},
	{"gte", "write 'ge'"},
	{"lte", "write 'le'"},
	{"neq", "write 'ne'"},
	{"equals", "write 'eq'"},
	{"equal", "write 'eq'"},
	{"is", "write 'eq'"},
	{"like", "write contains(path, 'text')"},
	{"contains", "write contains(path, 'text')"},
	{"startswith", "write startswith(path, 'text')"},
	{"endswith", "write endswith(path, 'text')"},
	{"not", "'not' stands before the whole comparison: not name eq 'x'"},
	{"any", "write path/any(x: x/name eq 'y')"},
	{"all", "write path/all(x: x/name eq 'y')"},
	{"has", "'has' is not supported"},
	{"cast", "'cast' is not supported"},
	{"isof", "'isof' is not supported"},
	{"%", "write 'mod'; text is not percent-encoded here"},
	{"*", "write 'mul'"},
	{"+", "write 'add', or concat(a, b) for text"},
	{"-", "write 'sub'"},
	{"/", "a path starts with a name, and 'div' divides"},
	{";", "a filter is one expression without ';'"},
	{"$filter", "leave out '$filter='"},
	{"$root", "'$root' is not supported"},
	{"$this", "'$this' is not supported; use path/any(x: …)"},
	{"geo.distance", "geo functions are not supported"},
	{"geo.length", "geo functions are not supported"},
	{"geo.intersects", "geo functions are not supported"},
	{"substringof", "write contains(path, 'text')"},
	{"lower", "write tolower"},
	{"upper", "write toupper"},
};

void
filter_hint_describe(const struct filter_token *token, struct buf *out)
{
	struct str text = token->text;
	struct str shown = str_head(text, filter_text_offset(text, FOUND_MAX));

	if (token->kind == FILTER_TOKEN_END) {
		buf_append(out, STR("found the end of the filter"));
		return;
	}
	if (token->kind == FILTER_TOKEN_STRING ||
		token->kind == FILTER_TOKEN_OPEN)
		buf_append(out, STR("found the text "));
	else
		buf_append(out, STR("found "));
	buf_printf(out, "'%.*s%s'", STR_ARG(shown),
		shown.len < text.len ? "…" : "");
	if (token->kind == FILTER_TOKEN_OPEN)
		buf_append(out, STR(" without its closing quote"));
}

void
filter_hint(const struct filter_token *token, struct buf *out)
{
	if (token->problem != NULL) {
		buf_printf(out, "; %s", token->problem);
		return;
	}
	if (token->kind == FILTER_TOKEN_STRING)
		return;
	for (size_t i = 0; i < COUNT_OF(hints); i++) {
		if (!str_equal_nocase(token->text, str_of(hints[i].found)))
			continue;
		buf_printf(out, "; %s", hints[i].hint);
		return;
	}
}
