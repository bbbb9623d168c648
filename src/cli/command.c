#include "cli/command.h"

#include "cli/help.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "cli/settings_command.h"
#include "cli/suggest.h"

const char *const command_exit_meanings[EXIT_MISSING + 1] = {
	[EXIT_DONE] = "Done.",
	[EXIT_NO] = "The answer is no, or it failed.",
	[EXIT_USAGE] = "The command line is wrong.",
	[EXIT_UNREACHABLE] = "The hub could not be reached.",
	[EXIT_DENIED] =
		"Not allowed: no token, a wrong one, or too low a role.",
	[EXIT_MISSING] = "There is no such thing.",
};

static const struct option help_option = {
	.name = "help",
	.letter = 'h',
	.help = "Say what the command does and what it takes.",
};

const struct option *
command_next_option(const struct command *command, size_t *at)
{
	size_t index = (*at)++;
	struct option_table settings;

	for (size_t i = 0; i < COMMAND_TABLES_MAX; i++) {
		const struct option_table *table = command->tables[i];

		if (table == NULL)
			continue;
		if (index < table->count)
			return &table->rows[index];
		index -= table->count;
	}
	if (command->has_settings) {
		settings = settings_command_options();
		if (index < settings.count)
			return &settings.rows[index];
		index -= settings.count;
	}
	return index == 0 ? &help_option : NULL;
}

static bool
texts_equal(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

const struct command *
command_find(const char *group, const char *name)
{
	for (size_t i = 0; i < commands_count; i++) {
		const struct command *command = &commands_table[i];

		if (texts_equal(command->group, group) &&
			strcmp(command->name, name) == 0)
			return command;
	}
	return NULL;
}

bool
command_is_group(const char *name)
{
	for (size_t i = 0; i < commands_group_count; i++) {
		if (strcmp(commands_groups[i].name, name) == 0)
			return true;
	}
	return false;
}

void
command_append_path(struct buf *out, const struct command *command)
{
	if (command->group != NULL)
		buf_printf(out, "%s ", command->group);
	buf_append(out, str_of(command->name));
}

int
command_refuse_unknown(const char *group, const char *name)
{
	struct suggest suggest = suggest_make(str_of(name));
	const char *near;

	for (size_t i = 0; i < commands_count; i++) {
		if (texts_equal(commands_table[i].group, group) &&
			!commands_table[i].is_hidden)
			suggest_consider(&suggest, commands_table[i].name);
	}
	for (size_t i = 0; group == NULL && i < commands_group_count; i++)
		suggest_consider(&suggest, commands_groups[i].name);
	near = suggest_best(&suggest);
	if (near != NULL)
		output_error("there is no command \"%.80s\"; did you mean "
			     "`grapnel %s%s%s`?",
			name, group ? group : "", group ? " " : "", near);
	else
		output_error("there is no command \"%.80s\"; `grapnel %s%s"
			     "--help` lists them",
			name, group ? group : "", group ? " " : "");
	return EXIT_USAGE;
}

static bool
is_help(const char *text)
{
	return strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0;
}

static int
run(const struct command *command, int argc, char **argv)
{
	CLEANUP(buf_release) struct buf path = buf_make(0);
	CLEANUP(buf_release) struct buf why = buf_make(0);
	CLEANUP(args_release) struct args args = {0};

	if (command->run_raw != NULL) {
		for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
			if (is_help(argv[i]))
				return help_print_command(command);
		}
		return command->run_raw(argc - 1, argv + 1);
	}
	if (args_read(&args, command, argc - 1, argv + 1, &why) != ERR_OK) {
		command_append_path(&path, command);
		output_error("%s", buf_text(&why));
		output_hint("`grapnel %s --help` says what it takes",
			buf_text(&path));
		return EXIT_USAGE;
	}
	if (args_is_true(&args, "help"))
		return help_print_command(command);
	return command->run(&args);
}

/** What the group's name alone, or with options only, means; or NULL. */
static const struct command *
find_alone(int argc, char **argv)
{
	if (argc >= 2 && (argv[1][0] != '-' || is_help(argv[1])))
		return NULL;
	for (size_t i = 0; i < commands_group_count; i++) {
		if (strcmp(commands_groups[i].name, argv[0]) == 0 &&
			commands_groups[i].alone)
			return command_find(argv[0], commands_groups[i].alone);
	}
	return NULL;
}

static int
run_in_group(int argc, char **argv)
{
	const struct command *command = find_alone(argc, argv);

	if (command)
		return run(command, argc, argv);
	if (argc < 2) {
		help_print_group(argv[0], output_err());
		return EXIT_USAGE;
	}
	if (is_help(argv[1])) {
		help_print_group(argv[0], output_out());
		return EXIT_DONE;
	}
	command = command_find(argv[0], argv[1]);
	if (command == NULL)
		return command_refuse_unknown(argv[0], argv[1]);
	return run(command, argc - 1, argv + 1);
}

int
command_main(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2) {
		help_print_all(output_err());
		return EXIT_USAGE;
	}
	argc--;
	argv++;
	if (is_help(argv[0])) {
		help_print_all(output_out());
		return EXIT_DONE;
	}
	if (strcmp(argv[0], "--version") == 0)
		return run(command_find(NULL, "version"), 1, argv);
	if (command_is_group(argv[0]))
		return run_in_group(argc, argv);
	command = command_find(NULL, argv[0]);
	if (command == NULL)
		return command_refuse_unknown(NULL, argv[0]);
	return run(command, argc, argv);
}
