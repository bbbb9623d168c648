#include "rule/template_docs.h"

#include "rule/condition_operator.h"
#include "rule/date_format.h"
#include "rule/template_function.h"

/** A cell of a table: a `|` would end it. */
static void
append_cell(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			buf_append_char(out, '\\');
		buf_append_char(out, *text);
	}
}

static void
append_group(struct buf *out, const struct template_group *group)
{
	buf_printf(out, "### %s\n\n| function | result |\n|---|---|\n",
		group->title);
	for (size_t i = 0; i < group->count; i++) {
		const struct template_function *row = &group->rows[i];

		buf_printf(out, "| `%s%s` | ", row->name, row->signature);
		append_cell(out, row->summary);
		buf_printf(out, "%s |\n", row->is_fusion ? " (F)" : "");
	}
	buf_append_char(out, '\n');
}

static void
append_words(struct buf *out)
{
	buf_append(out, STR("### Keywords\n\n| word | value |\n|---|---|\n"));
	for (size_t i = 0; i < template_keyword_count; i++)
		buf_printf(out, "| `%s` | %s |\n", template_keywords[i].name,
			template_keywords[i].summary);
	buf_append(
		out, STR("\n### Variables\n\n| word | value |\n|---|---|\n"));
	for (size_t i = 0; i < template_variable_count; i++)
		buf_printf(out, "| `%s` | %s%s |\n", template_variables[i].name,
			template_variables[i].summary,
			template_variables[i].is_fusion ? " (F)" : "");
	buf_append_char(out, '\n');
}

static void
append_tokens(struct buf *out, bool is_parsed, const char *title)
{
	const char *separator = "";
	const char *token;
	bool can_parse;

	buf_printf(out, "%s: ", title);
	for (size_t i = 0; (token = date_format_token(i, &can_parse)); i++) {
		if (can_parse != is_parsed)
			continue;
		buf_printf(out, "%s`%s`", separator, token);
		separator = " ";
	}
	buf_append(out, STR("\n\n"));
}

void
template_docs_append(struct buf *out)
{
	append_words(out);
	for (size_t i = 0; template_groups[i]; i++)
		append_group(out, template_groups[i]);
	buf_append(out, STR("### Tokens of dates\n\n"));
	append_tokens(out, true, "For formatting and parsing");
	append_tokens(out, false, "For formatting only");
	buf_append(out, STR("### Operators of filters\n\n"));
	condition_operator_document(out);
}
