#include "api/scenario_routes.h"
#include "cli/command.h"
#include "cli/file.h"
#include "cli/output.h"
#include "cli/scenario_command.h"
#include "flow/blueprint.h"

static const struct option check_options[] = {
	{.name = "json",
		.letter = 'j',
		.help = "Print an object of JSON a file, with all problems."},
};
const struct option_table scenario_check_table = {
	check_options, COUNT_OF(check_options)};

bool
scenario_read_file(const char *path, struct arena *arena, struct str *ret_json,
	struct buf *why)
{
	CLEANUP(buf_release) struct buf bytes = buf_make(BLUEPRINT_BYTES_MAX);
	CLEANUP(buf_release) struct buf reason = {0};
	struct str text;

	if (file_read(path, &bytes, why))
		return false;
	text = buf_str(&bytes);
	if (str_starts_with(text, STR("\xEF\xBB\xBF")))
		text = str_skip(text, 3);
	if (str_starts_with(str_trim(text), STR("{"))) {
		*ret_json = arena_copy(arena, text);
		return true;
	}
	if (blueprint_from_yaml(text, arena, ret_json, &reason) == ERR_OK)
		return true;
	buf_printf(why, "%s: %s", path, buf_text(&reason));
	return false;
}

static void
print_problems(const char *path, const struct template_problem *problem)
{
	CLEANUP(buf_release) struct buf lines = {0};

	for (; problem; problem = problem->next) {
		CLEANUP(buf_release) struct buf text = {0};

		template_problem_append(&text, problem);
		buf_printf(&lines, "%s: %s", path,
			problem->is_error ? "" : "warning: ");
		output_append_safe(&lines, buf_str(&text), 0);
		buf_append_char(&lines, '\n');
	}
	output_write(buf_str(&lines));
}

static void
print_json(const char *path, bool is_valid,
	const struct template_problem *problems)
{
	CLEANUP(buf_release) struct buf line = {0};
	struct json_out out = json_out_make(&line);

	json_out_object(&out, NULL);
	json_out_text(&out, "file", path);
	json_out_boolean(&out, "valid", is_valid);
	scenario_write_problems(&out, problems);
	json_out_end(&out);
	buf_append_char(&line, '\n');
	output_write(buf_str(&line));
}

/** False when it cannot be run as it is. */
static bool
check_file(const char *path, bool is_json)
{
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf why = {0};
	CLEANUP(buf_release) struct buf line = {0};
	const struct template_problem *problems = NULL;
	const struct blueprint *blueprint;
	struct str json;
	bool is_valid;

	if (!scenario_read_file(path, &arena, &json, &why)) {
		output_error("%s", buf_text(&why));
		return false;
	}
	is_valid =
		blueprint_read(json, &arena, &blueprint, &problems) == ERR_OK &&
		blueprint->is_runnable;
	if (is_json) {
		print_json(path, is_valid, problems);
		return is_valid;
	}
	print_problems(path, problems);
	if (is_valid) {
		buf_printf(&line, "%s: valid\n", path);
		output_write(buf_str(&line));
	}
	return is_valid;
}

int
scenario_command_check(const struct args *args)
{
	bool all_valid = true;

	for (size_t i = 0; i < args->operand_count; i++) {
		bool is_valid = check_file(
			args->operands[i], args_is_given(args, "json"));

		all_valid = all_valid && is_valid;
	}
	return all_valid ? EXIT_DONE : EXIT_NO;
}
