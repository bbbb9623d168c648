#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>
#include <pthread.h>

#include "flow/apps.h"
#include "flow/field.h"

/* Markdown to HTML, by cmark-gfm: docs/decisions/markdown-cmark-gfm.md. */

/* cmark's time can grow with the square of a hostile text. */
enum { TEXT_MAX = 64 << 10 };

static const struct module_field mapper[] = {{.name = "data", .type = "text"},
	{.name = "gfm", .type = "boolean"},
	{.name = "sanitize", .type = "boolean"}, {.name = NULL}};

/* Not autolink, whose reading beyond the text (CVE-2023-22485) is not mended
   in Debian 12. */
static const char *const extensions[] = {
	"table", "strikethrough", "tasklist", "tagfilter"};

static struct str
compile(struct str text, bool is_gfm, int options, struct arena *arena)
{
	cmark_parser *parser = cmark_parser_new(options);
	cmark_node *document;
	char *html;
	struct str copy;

	for (size_t i = 0; is_gfm && i < COUNT_OF(extensions); i++)
		cmark_parser_attach_syntax_extension(
			parser, cmark_find_syntax_extension(extensions[i]));
	cmark_parser_feed(parser, text.ptr ? text.ptr : "", text.len);
	document = cmark_parser_finish(parser);
	html = cmark_render_html(
		document, options, cmark_parser_get_syntax_extensions(parser));
	copy = arena_copy(arena, str_of(html));
	cmark_get_default_mem_allocator()->free(html);
	cmark_node_free(document);
	cmark_parser_free(parser);
	return copy;
}

static enum failure_kind
run_compile(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct str text = field_text(call->input, "data", call->arena);
	int options = CMARK_OPT_VALIDATE_UTF8;

	if (text.len > TEXT_MAX)
		return failure_set(failure, call->arena, FAILURE_DATA,
			"data: the text is over %d KiB", TEXT_MAX >> 10);
	pthread_once(&once, cmark_gfm_core_extensions_ensure_registered);
	if (!field_flag(call->input, "sanitize", true))
		options |= CMARK_OPT_UNSAFE;
	text = compile(text, field_flag(call->input, "gfm", true), options,
		call->arena);
	module_result_one(
		call, result, field_one(call->arena, "data", value_text(text)));
	return FAILURE_NONE;
}

const struct module_kind app_markdown[] = {
	{.name = "markdown:Compile",
		.nature = MODULE_PURE,
		.mapper = mapper,
		.run = run_compile},
	{.name = NULL},
};
