#include "check.h"

#include "base/zone.h"
#include "rule/date.h"
#include "rule/template_function.h"
#include "template_world.h"

/*
 * Runs the case files of tests/cases/template. A case is two lines: the
 * template, and what it comes to: typed JSON (rule/value.h), or `error COLUMN
 * WORDS`, where the words occur in the message. A line `@bind JSON`, `@zone
 * NAME` or `@now DATE` holds from there on. `#` begins a comment.
 */
struct file {
	const char *name;
	struct str rest;
	int line;
	int cases;
	struct template_world world;
};

static struct str
next_line(struct file *file)
{
	file->line++;
	return str_split(&file->rest, '\n');
}

static void
set_world(struct file *file, struct str line)
{
	struct str word = str_split(&line, ' ');

	if (str_equal(word, STR("@bind"))) {
		template_world_bind(&file->world, line);
	} else if (str_equal(word, STR("@zone"))) {
		CHECK(zone_exists(line));
		file->world.scope.zone = zone_find(line);
	} else if (str_equal(word, STR("@now"))) {
		CHECK(date_read(line, NULL, &file->world.scope.now));
	} else {
		check_failed(
			file->name, file->line, "what is %.*s?", STR_ARG(word));
	}
}

static void
check_error(struct file *file, struct str expected, struct str got)
{
	struct str words = expected;
	struct str column, prefix;

	str_split(&words, ' ');
	column = str_split(&words, ' ');
	prefix = arena_printf(
		&file->world.arena, "error %.*s: ", STR_ARG(column));
	if (!str_starts_with(got, prefix) || str_find(got, words) == SIZE_MAX)
		check_failed(file->name, file->line, "expected %.*s, got %.*s",
			STR_ARG(expected), STR_ARG(got));
}

static void
run_case(struct file *file, struct str text)
{
	struct str expected = next_line(file);
	struct str got = template_world_run(&file->world, text);
	CLEANUP(buf_release) struct buf normal = {0};

	file->cases++;
	if (str_starts_with(expected, STR("error "))) {
		check_error(file, expected, got);
		return;
	}
	value_append_json(&normal, template_world_json(&file->world, expected),
		VALUE_JSON_TYPED);
	if (!str_equal(got, buf_str(&normal)))
		check_failed(file->name, file->line, "%.*s is %.*s, not %s",
			STR_ARG(text), STR_ARG(got), buf_text(&normal));
}

static void
run_file(const char *name)
{
	struct file file = {.name = name};

	file.rest = check_read_file(check_data_path(name));
	template_world_init(&file.world);
	while (file.rest.ptr != NULL) {
		struct str line = next_line(&file);

		if (str_starts_with(line, STR("@")))
			set_world(&file, line);
		else if (line.len && line.ptr[0] != '#')
			run_case(&file, line);
	}
	CHECK(file.cases > 20);
	template_world_release(&file.world);
}

TEST(template_cases, language)
{
	run_file("cases/template/language.txt");
}

TEST(template_cases, general_and_array)
{
	run_file("cases/template/array.txt");
}

TEST(template_cases, text)
{
	run_file("cases/template/text.txt");
}

TEST(template_cases, math)
{
	run_file("cases/template/math.txt");
}

TEST(template_cases, date)
{
	run_file("cases/template/date.txt");
}

/** A call of a function with `count` arguments of each kind. */
static void
call(struct template_world *world, const struct template_function *function,
	size_t count)
{
	static const char *const arguments[] = {
		"null", "1", "\"a\"", "now", "1.list", "1.list[]", "1.object"};

	for (size_t kind = 0; kind < COUNT_OF(arguments); kind++) {
		struct buf text = {0};

		buf_printf(&text, "{{%s(", function->name);
		for (size_t i = 0; i < count; i++)
			buf_printf(
				&text, "%s%s", i ? "; " : "", arguments[kind]);
		buf_append(&text, STR(")}}"));
		CHECK(template_world_run(world, buf_str(&text)).len > 0);
		buf_release(&text);
	}
}

static void
call_as_its_row_says(
	struct template_world *world, const struct template_function *function)
{
	size_t most = function->args_max == TEMPLATE_MANY
			      ? function->args_min + 3u
			      : function->args_max;

	for (size_t count = function->args_min; count <= most; count++)
		call(world, function, count);
}

/*
 * What a function reads of arguments that it does not take, the address
 * sanitizer sees (base/arena.h).
 */
TEST(template_cases, every_function_reads_only_the_arguments_that_it_takes)
{
	struct template_world world;

	template_world_init(&world);
	template_world_bind(&world,
		STR("{\"1\":{\"list\":[1,\"a\",null],\"object\":{\"a\":1}}}"));
	for (size_t g = 0; template_groups[g]; g++) {
		for (size_t i = 0; i < template_groups[g]->count; i++)
			call_as_its_row_says(
				&world, &template_groups[g]->rows[i]);
	}
	template_world_release(&world);
}
