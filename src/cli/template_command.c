#include "cli/template_command.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json_out.h"
#include "base/mem.h"
#include "base/zone.h"
#include "cli/file.h"
#include "rule/template.h"
#include "rule/template_docs.h"

enum {
	BINDINGS_MAX = 64 * 1024 * 1024,
	EXIT_TRUE = 0,
	EXIT_FALSE = 1,
	EXIT_TROUBLE = 2,
};

/** The line without its end; false at the end of the input. */
static bool
next_line(char **line, size_t *cap, struct str *ret)
{
	ssize_t len = getline(line, cap, stdin);

	if (len < 0)
		return false;
	*ret = str_make(*line, (size_t)len);
	while (ret->len && (ret->ptr[ret->len - 1] == '\n' ||
				   ret->ptr[ret->len - 1] == '\r'))
		ret->len--;
	return true;
}

static void
print_problems(const struct template_problem *problem, FILE *out)
{
	for (; problem; problem = problem->next) {
		CLEANUP(buf_release) struct buf text = {0};

		template_problem_append(&text, problem);
		fprintf(out, "%s%s\n",
			problem->is_error ? "" : "warning: ", buf_text(&text));
	}
}

/* ---- check ---- */

static bool
check_one(struct str text)
{
	CLEANUP(arena_release) struct arena arena = {0};
	const struct template_problem *problems;
	const struct template *template;
	enum err err = template_compile(text, &arena, &template, &problems);

	if (!err)
		puts("valid");
	print_problems(problems, stdout);
	return !err;
}

static bool
check_lines(void)
{
	char *line = NULL;
	size_t cap = 0;
	bool all_valid = true;
	struct str text;

	while (next_line(&line, &cap, &text))
		all_valid = check_one(text) && all_valid;
	mem_free(line);
	return all_valid;
}

int
template_command_check(int argc, char **argv)
{
	bool all_valid = true;

	if (argc < 1) {
		fputs("usage: grapnel template check TEXT... | -\n", stderr);
		return EXIT_TROUBLE;
	}
	for (int i = 0; i < argc; i++) {
		bool is_valid = strcmp(argv[i], "-")
					? check_one(str_of(argv[i]))
					: check_lines();

		all_valid = is_valid && all_valid;
	}
	return all_valid ? EXIT_TRUE : EXIT_FALSE;
}

/* ---- eval ---- */

/**
 * What an expression sees: `bindings` by module number, `variables` by scope,
 * `now` and `timezone`; all may be missing.
 */
struct world {
	struct value bindings;
	struct value variables;
	struct template_scope scope;
};

static struct value
find_module(void *context, uint32_t id)
{
	const struct world *world = context;
	char name[16];

	snprintf(name, sizeof(name), "%u", (unsigned)id);
	return value_member(world->bindings, str_of(name));
}

static struct value
find_variables(void *context, struct str scope)
{
	const struct world *world = context;

	return value_member(world->variables, scope);
}

static bool
is_given(struct json json, struct str name)
{
	struct json member = json_member(json, name);

	return !json_is_missing(member) && json_kind(member) != JSON_NULL;
}

/** NULL, or what is wrong with it. */
static const char *
world_read(struct world *world, struct json json, struct arena *arena)
{
	struct str zone =
		json_string(json_member(json, STR("timezone")), arena);
	struct value now;

	if (is_given(json, STR("timezone")) && !zone_exists(zone))
		return "timezone: there is no such time zone";
	world->scope = (struct template_scope){
		.context = world,
		.module = find_module,
		.variables = find_variables,
		.now = clock_now() / MILLISECONDS,
		.zone = zone_find(zone),
	};
	if (value_from_json(json_member(json, STR("bindings")),
		    VALUE_JSON_TYPED, arena, &world->bindings) ||
		value_from_json(json_member(json, STR("variables")),
			VALUE_JSON_TYPED, arena, &world->variables) ||
		value_from_json(json_member(json, STR("now")), VALUE_JSON_TYPED,
			arena, &now))
		return "the bindings are nested too deep";
	if (is_given(json, STR("bindings")) &&
		world->bindings.kind != VALUE_COLLECTION)
		return "bindings: expected an object, bundles by the numbers "
		       "of their modules";
	if (value_is_empty(now) || value_to_date(now, NULL, &world->scope.now))
		return NULL;
	if (now.kind != VALUE_NUMBER)
		return "now: expected a time such as 2026-11-22T10:00:00Z";
	world->scope.now = (int64_t)now.as.number;
	return NULL;
}

static void
answer_error(struct json_out *out, size_t column, struct str error)
{
	json_out_string(out, "error", error);
	json_out_integer(out, "column", (int64_t)column);
}

static void
answer_warnings(struct json_out *out, const struct template_problem *problem)
{
	while (problem && problem->is_error)
		problem = problem->next;
	if (problem == NULL)
		return;
	json_out_array(out, "warnings");
	for (; problem; problem = problem->next) {
		CLEANUP(buf_release) struct buf text = {0};

		template_problem_append(&text, problem);
		json_out_string(out, NULL, buf_str(&text));
	}
	json_out_end(out);
}

static void
eval_expression(struct json_out *out, struct str text,
	const struct world *world, struct arena *arena)
{
	const struct template_problem *problems;
	const struct template *template;
	struct value value;
	enum err err = template_compile(text, arena, &template, &problems);

	/* A broken one is evaluated too: that tells the first error. */
	if (!err)
		answer_warnings(out, problems);
	err = template_evaluate(
		template, &world->scope, arena, &value, &problems);
	if (err)
		answer_error(out, problems->column, problems->text);
	else
		value_out(out, "value", value, VALUE_JSON_PLAIN);
}

static void
eval_line(struct str line, struct arena *arena, struct buf *answer)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct json_out out = json_out_make(answer);
	struct world world = {0};
	const char *wrong;
	struct json_doc doc;
	struct json text;

	json_out_object(&out, NULL);
	if (json_read(line, arena, &doc, &why)) {
		answer_error(&out, 0, buf_str(&why));
		json_out_end(&out);
		return;
	}
	text = json_member(json_root(&doc), STR("expr"));
	if (json_kind(text) != JSON_STRING)
		answer_error(&out, 0,
			STR("expected an object {\"expr\":\"…\","
			    "\"bindings\":{…}}"));
	else if ((wrong = world_read(&world, json_root(&doc), arena)) != NULL)
		answer_error(&out, 0, str_of(wrong));
	else
		eval_expression(&out, json_string(text, arena), &world, arena);
	json_out_end(&out);
}

static int
eval_batch(void)
{
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf answer = {0};
	char *line = NULL;
	size_t cap = 0;
	struct str text;

	while (next_line(&line, &cap, &text)) {
		arena_reset(&arena);
		buf_clear(&answer);
		eval_line(text, &arena, &answer);
		puts(buf_text(&answer));
	}
	mem_free(line);
	return EXIT_TRUE;
}

/** The bindings are the file's, or none. False when it was said why not. */
static bool
read_bindings(const char *path, struct world *world, struct arena *arena)
{
	CLEANUP(buf_release) struct buf bytes = buf_make(BINDINGS_MAX);
	CLEANUP(buf_release) struct buf why = {0};
	struct json_doc doc;

	if (path == NULL)
		return true;
	if (file_read(path, &bytes, &why)) {
		fprintf(stderr, "grapnel: %s\n", buf_text(&why));
		return false;
	}
	if (json_read(buf_str(&bytes), arena, &doc, &why) ||
		value_from_json(json_root(&doc), VALUE_JSON_TYPED, arena,
			&world->bindings)) {
		fprintf(stderr, "grapnel: %s: %s\n", path,
			why.len ? buf_text(&why) : "nested too deep");
		return false;
	}
	return true;
}

/** Prints the value as JSON; problems on standard error. */
static int
eval_one(const char *text, const char *path)
{
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf answer = {0};
	struct world world = {0};
	const struct template_problem *problems;
	const struct template *template;
	struct value value;
	enum err err;

	world_read(&world, (struct json){0}, &arena);
	if (!read_bindings(path, &world, &arena))
		return EXIT_TROUBLE;
	err = template_compile(str_of(text), &arena, &template, &problems);
	print_problems(problems, stderr);
	if (err)
		return EXIT_TROUBLE;
	err = template_evaluate(
		template, &world.scope, &arena, &value, &problems);
	print_problems(problems, stderr);
	if (err)
		return EXIT_TROUBLE;
	value_append_json(&answer, value, VALUE_JSON_PLAIN);
	puts(buf_text(&answer));
	return EXIT_TRUE;
}

int
template_command_eval(int argc, char **argv)
{
	if (argc == 1 && !strcmp(argv[0], "--batch"))
		return eval_batch();
	if (argc == 1 || argc == 2)
		return eval_one(argv[0], argc == 2 ? argv[1] : NULL);
	fputs("usage: grapnel template eval TEXT [BINDINGS.json] | --batch\n",
		stderr);
	return EXIT_TROUBLE;
}

/* ---- functions ---- */

int
template_command_functions(int argc, char **argv)
{
	CLEANUP(buf_release) struct buf text = {0};

	(void)argv;
	if (argc) {
		fputs("usage: grapnel template functions\n", stderr);
		return EXIT_TROUBLE;
	}
	template_docs_append(&text);
	fputs(buf_text(&text), stdout);
	return EXIT_TRUE;
}
