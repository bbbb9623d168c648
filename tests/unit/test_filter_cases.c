#include "rule/filter.h"

#include "check.h"

#include "base/mem.h"

/*
 * Runs the case files of tests/cases/filter; their format is told at the head
 * of each. A case that compiles is also printed and must compile to the same.
 */
struct file {
	const char *name;
	struct str rest;
	int line;
	int cases;
};

static struct str
next_line(struct file *file)
{
	file->line++;
	return str_split(&file->rest, '\n');
}

static struct filter_event
read_event(struct str text, struct arena *arena)
{
	struct json_doc *doc = ARENA_NEW(arena, struct json_doc);
	struct filter_event event = {0};
	struct buf why = {0};
	struct json root;

	if (str_equal(text, STR("-")))
		return event;
	if (json_read(text, arena, doc, &why))
		check_failed(__FILE__, __LINE__, "%.*s: %s", STR_ARG(text),
			buf_text(&why));
	root = json_root(doc);
	event.type = json_string(json_member(root, STR("type")), arena);
	event.operation =
		json_string(json_member(root, STR("operation")), arena);
	event.new_state = json_member(root, STR("new"));
	event.old_state = json_member(root, STR("old"));
	event.attributes = root;
	return event;
}

static void
check_error(struct file *file, struct str expected, size_t column,
	const struct buf *why)
{
	char prefix[40];
	struct str number, words = expected;
	uint64_t expected_column;

	str_split(&words, ' ');
	number = str_split(&words, ' ');
	if (str_to_u64(number, &expected_column) || column != expected_column)
		check_failed(file->name, file->line,
			"expected column %.*s, got %zu: %s", STR_ARG(number),
			column, buf_text(why));
	snprintf(prefix, sizeof(prefix), "column %zu: ", column);
	if (!str_starts_with(buf_str(why), str_of(prefix)) ||
		str_find(buf_str(why), words) == SIZE_MAX)
		check_failed(file->name, file->line, "expected \"%.*s\" in: %s",
			STR_ARG(words), buf_text(why));
}

static void
check_round_trip(struct file *file, const struct filter *filter,
	const struct filter_event *event, struct arena *arena)
{
	CLEANUP(buf_release) struct buf first = {0};
	CLEANUP(buf_release) struct buf second = {0};
	CLEANUP(buf_release) struct buf why = {0};
	const struct filter *again;
	size_t column;

	filter_print(filter, &first);
	if (filter_compile(buf_str(&first), arena, &again, &column, &why))
		check_failed(file->name, file->line, "printed as %s: %s",
			buf_text(&first), buf_text(&why));
	filter_print(again, &second);
	CHECK_STR(buf_str(&second), buf_str(&first));
	if (filter_matches(filter, event, arena) !=
		filter_matches(again, event, arena))
		check_failed(file->name, file->line,
			"printed as %s it answers differently",
			buf_text(&first));
}

static void
run_case(struct file *file, struct str text)
{
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf why = {0};
	struct filter_event event = read_event(next_line(file), &arena);
	struct str expected = next_line(file);
	const struct filter *filter;
	size_t column = 0;
	bool is_true;

	file->cases++;
	if (filter_compile(text, &arena, &filter, &column, &why)) {
		check_error(file, expected, column, &why);
		return;
	}
	is_true = filter_matches(filter, &event, &arena);
	if (!str_equal(expected, is_true ? STR("true") : STR("false")))
		check_failed(file->name, file->line,
			"%.*s is %s, expected %.*s", STR_ARG(text),
			is_true ? "true" : "false", STR_ARG(expected));
	check_round_trip(file, filter, &event, &arena);
}

/** An empty filter is told from a blank line by the event below it. */
static bool
is_case(const struct file *file, struct str line)
{
	if (line.len)
		return line.ptr[0] != '#';
	return str_starts_with(file->rest, STR("-\n"));
}

static void
run_file(const char *name)
{
	const char *path = check_data_path(name);
	struct str bytes = check_read_file(path);
	struct file file = {.name = name, .rest = bytes};

	while (file.rest.ptr != NULL) {
		struct str line = next_line(&file);

		if (is_case(&file, line))
			run_case(&file, line);
	}
	CHECK(file.cases > 20);
}

TEST(filter_cases, grammar)
{
	run_file("cases/filter/grammar.txt");
}

TEST(filter_cases, errors)
{
	run_file("cases/filter/errors.txt");
}

TEST(filter_cases, semantics)
{
	run_file("cases/filter/semantics.txt");
}

TEST(filter_cases, events)
{
	run_file("cases/filter/events.txt");
}

TEST(filter_cases, functions)
{
	run_file("cases/filter/functions.txt");
}
