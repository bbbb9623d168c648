#include "rule/json_schema.h"

#include "check.h"

#include "rule/catalog.h"

/* ---- the case file ---- */

struct file {
	struct str rest;
	int line;
	int cases;
};

static const char *const name = "cases/json-schema/cases.txt";

static const struct json_schema *
compile(struct file *file, struct str text, struct arena *arena,
	struct buf *why)
{
	const struct json_schema *schema = NULL;

	file->cases++;
	if (json_schema_compile(text, arena, &schema, why))
		CHECK(why->len > 0);
	return schema;
}

static void
check_refusal(struct file *file, struct str line,
	const struct json_schema *schema, const struct buf *why)
{
	struct str expected = str_trim(str_skip(line, 1));

	if (schema || !str_starts_with(buf_str(why), expected))
		check_failed(name, file->line, "expected \"%.*s\", got \"%s\"",
			STR_ARG(expected), schema ? "" : buf_text(why));
}

static void
check_value(struct file *file, struct str line,
	const struct json_schema *schema, struct arena *arena)
{
	CLEANUP(buf_release) struct buf why = {0};
	size_t bar = str_find(line, STR(" | "));
	struct str words = str_skip(line, bar + 3);
	struct json_doc doc;
	bool is_expected = line.ptr[0] == '+';
	struct str text = str_skip(line, 1);

	if (bar != SIZE_MAX)
		text = str_skip(str_head(line, bar), 1);
	else
		words = STR("");
	if (schema == NULL)
		check_failed(name, file->line, "the schema is refused");
	if (json_read(text, arena, &doc, &why))
		check_failed(name, file->line, "%s", buf_text(&why));
	if (json_schema_check(schema, json_root(&doc), "v", arena, &why) !=
		is_expected)
		check_failed(name, file->line, "%.*s: %s", STR_ARG(line),
			buf_text(&why));
	if (is_expected != (why.len == 0) ||
		str_find(buf_str(&why), words) == SIZE_MAX)
		check_failed(name, file->line, "expected \"%.*s\" in \"%s\"",
			STR_ARG(words), buf_text(&why));
}

TEST(json_schema, does_what_the_cases_say)
{
	struct str bytes = check_read_file(check_data_path(name));
	struct file file = {.rest = bytes};
	struct arena arena = {0};
	struct buf why = {0};
	const struct json_schema *schema = NULL;

	while (file.rest.ptr != NULL) {
		struct str line = str_split(&file.rest, '\n');

		file.line++;
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		if (line.ptr[0] == '!') {
			check_refusal(&file, line, schema, &why);
		} else if (line.ptr[0] == '+' || line.ptr[0] == '-') {
			check_value(&file, line, schema, &arena);
		} else {
			buf_clear(&why);
			schema = compile(&file, line, &arena, &why);
		}
	}
	CHECK(file.cases > 80);
	buf_release(&why);
	arena_release(&arena);
}

/* ---- limits ---- */

static const struct json_schema *
compile_text(const char *text, struct arena *arena)
{
	const struct json_schema *schema = NULL;

	CHECK_OK(json_schema_compile(str_of(text), arena, &schema, NULL));
	return schema;
}

TEST(json_schema, a_check_that_takes_too_long_has_failed)
{
	struct arena arena = {0};
	struct buf text = {0}, why = {0};
	struct json_doc doc;
	const struct json_schema *schema =
		compile_text("{\"uniqueItems\":true}", &arena);

	buf_append_char(&text, '[');
	for (int i = 0; i < 20000; i++)
		buf_printf(&text, "%d,", i);
	buf_append(&text, STR("-1]"));
	CHECK_OK(json_read(buf_str(&text), &arena, &doc, NULL));
	CHECK(!json_schema_check(schema, json_root(&doc), "v", &arena, &why));
	CHECK(str_find(buf_str(&why), STR("takes too long")) != SIZE_MAX);
	buf_release(&why);
	buf_release(&text);
	arena_release(&arena);
}

TEST(json_schema, a_pattern_that_runs_away_is_stopped)
{
	struct arena arena = {0};
	struct buf why = {0};
	struct json_doc doc;
	const struct json_schema *schema =
		compile_text("{\"pattern\":\"^(a+)+$\"}", &arena);

	CHECK_OK(
		json_read(STR("\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\""),
			&arena, &doc, NULL));
	CHECK(!json_schema_check(schema, json_root(&doc), "v", &arena, &why));
	buf_release(&why);
	arena_release(&arena);
}

TEST(json_schema, a_schema_has_its_limits)
{
	struct arena arena = {0};
	struct buf text = {0}, why = {0};
	const struct json_schema *schema;

	for (int i = 0; i < JSON_SCHEMA_DEPTH_MAX; i++)
		buf_append(&text, STR("{\"not\":"));
	buf_append(&text, STR("true"));
	for (int i = 0; i < JSON_SCHEMA_DEPTH_MAX; i++)
		buf_append_char(&text, '}');
	CHECK_INT(json_schema_compile(buf_str(&text), &arena, &schema, &why),
		ERR_LIMIT);
	buf_clear(&text);
	buf_clear(&why);
	for (int i = 0; i <= JSON_SCHEMA_TEXT_MAX; i++)
		buf_append_char(&text, ' ');
	CHECK_INT(json_schema_compile(buf_str(&text), &arena, &schema, &why),
		ERR_LIMIT);
	buf_release(&why);
	buf_release(&text);
	arena_release(&arena);
}

TEST(json_schema, the_built_in_types_schemas_fit_their_samples)
{
	const struct catalog_type *type;
	size_t at = 0;

	while ((type = catalog_next(catalog_builtin(), &at))) {
		struct arena arena = {0};
		struct buf why = {0};
		const struct json_schema *schema;
		struct json_doc doc;

		CHECK(type->service_manager.len > 0 && type->api_group.len > 0);
		CHECK(type->description.len > 0);
		if (json_schema_compile(type->schema, &arena, &schema, &why) ||
			json_read(type->sample, &arena, &doc, &why) ||
			!json_schema_check(schema, json_root(&doc), "sample",
				&arena, &why))
			check_failed(__FILE__, __LINE__, "%.*s: %s",
				STR_ARG(type->name), buf_text(&why));
		buf_release(&why);
		arena_release(&arena);
	}
}
