#include "cli/help.h"

#include "cli/completion.h"
#include "cli/manual.h"
#include "cli/output.h"
#include "cli/settings_text.h"

enum { NAME_COLUMN = 24, LINE_COLUMNS = 79 };

/**
 * Appends `text` behind what stands on the line already, broken at blanks
 * before LINE_COLUMNS, further lines starting at `column`.
 */
static void
append_wrapped(struct buf *out, struct str text, size_t at, size_t column)
{
	struct str rest = text;

	if (column > 0 && at >= column) {
		buf_printf(out, "\n%*s", (int)column, "");
		at = column;
	} else {
		buf_printf(out, "%*s", (int)(column - at), "");
		at = column;
	}
	for (bool is_first = true; rest.ptr != NULL; is_first = false) {
		struct str word = str_split(&rest, ' ');
		size_t columns = output_columns(word);

		if (!is_first && at + 1 + columns > LINE_COLUMNS) {
			buf_printf(out, "\n%*s", (int)column, "");
			at = column;
		} else if (!is_first) {
			buf_append_char(out, ' ');
			at++;
		}
		buf_append(out, word);
		at += columns;
	}
	buf_append_char(out, '\n');
}

static void
append_entry(struct buf *out, struct str name, const char *text)
{
	size_t start = out->len;

	buf_append(out, STR("  "));
	buf_append(out, name);
	append_wrapped(out, str_of(text), out->len - start, NAME_COLUMN);
}

void
help_append_usage(struct buf *out, const struct command *command)
{
	buf_append(out, STR("grapnel "));
	command_append_path(out, command);
	if (command->operands != NULL)
		buf_printf(out, " %s", command->operands);
	buf_append(out, STR(" [options]"));
}

void
help_append_option(struct buf *out, const struct option *option)
{
	if (option->letter)
		buf_printf(out, "-%c, ", option->letter);
	buf_printf(out, "--%s", option->name);
	if (option->placeholder)
		buf_printf(out, " %s", option->placeholder);
	if (option->is_repeatable)
		buf_append(out, STR("..."));
}

static void
append_commands(struct buf *out, const char *group)
{
	for (size_t i = 0; i < commands_count; i++) {
		const struct command *command = &commands_table[i];
		bool is_inside = group != NULL && command->group != NULL &&
				 strcmp(command->group, group) == 0;

		if (command->is_hidden)
			continue;
		if (is_inside || (group == NULL && command->group == NULL))
			append_entry(
				out, str_of(command->name), command->summary);
	}
}

static void
print(const struct buf *text, FILE *to)
{
	fwrite(text->ptr, 1, text->len, to);
	fflush(to);
}

void
help_print_all(FILE *to)
{
	CLEANUP(buf_release) struct buf out = buf_make(0);

	buf_append(&out,
		STR("Grapnel takes in events and resource states and delivers "
		    "them to webhooks.\n\n"
		    "Usage: grapnel COMMAND [options]\n\n"));
	append_commands(&out, NULL);
	for (size_t i = 0; i < commands_group_count; i++) {
		buf_printf(&out, "\n%s (grapnel %s COMMAND)\n",
			commands_groups[i].summary, commands_groups[i].name);
		append_commands(&out, commands_groups[i].name);
	}
	buf_append(
		&out, STR("\n`grapnel help COMMAND` says what a command takes. "
			  "Commands that talk to a hub\nfind it by --url or "
			  "GRAPNEL_URL and show it the token of --token or\n"
			  "GRAPNEL_TOKEN.\n"));
	print(&out, to);
}

void
help_print_group(const char *group, FILE *to)
{
	CLEANUP(buf_release) struct buf out = buf_make(0);

	buf_printf(&out, "Usage: grapnel %s COMMAND [options]\n\n", group);
	append_commands(&out, group);
	buf_printf(&out,
		"\n`grapnel %s COMMAND --help` says what a command takes.\n",
		group);
	print(&out, to);
}

void
help_append_option_text(struct buf *out, const struct option *option)
{
	buf_append(out, str_of(option->help));
	if (option->choices != NULL)
		buf_printf(out, " One of: %s.", option->choices);
	if (option->fallback != NULL)
		buf_printf(out, " Default: %s.", option->fallback);
	if (option->environment != NULL)
		buf_printf(out, " Also: %s.", option->environment);
}

static void
append_options(struct buf *out, const struct command *command)
{
	const struct option *option;
	size_t at = 0;

	buf_append(out, STR("\nOptions:\n"));
	while ((option = command_next_option(command, &at)) != NULL) {
		CLEANUP(buf_release) struct buf name = buf_make(0);
		CLEANUP(buf_release) struct buf text = buf_make(0);

		help_append_option(&name, option);
		help_append_option_text(&text, option);
		append_entry(out, buf_str(&name), buf_text(&text));
	}
}

static void
append_exits(struct buf *out, const struct command *command)
{
	buf_append(out, STR("\nExit codes:\n"));
	for (int code = 0; code <= EXIT_MISSING; code++) {
		const char *meaning = command_exit_meanings[code];
		char name[2] = {(char)('0' + code), '\0'};

		if (code > EXIT_USAGE && !command->talks_to_hub)
			break;
		if (code == EXIT_NO && command->no_means != NULL)
			meaning = command->no_means;
		append_entry(out, str_of(name), meaning);
	}
}

int
help_print_command(const struct command *command)
{
	CLEANUP(buf_release) struct buf out = buf_make(0);
	struct str rest = str_of(command->description);

	buf_append(&out, STR("Usage: "));
	help_append_usage(&out, command);
	buf_append(&out, STR("\n\n"));
	while (rest.ptr != NULL) {
		struct str line = str_split(&rest, '\n');

		if (line.len == 0)
			buf_append_char(&out, '\n');
		else
			append_wrapped(&out, line, 0, 0);
	}
	append_options(&out, command);
	append_exits(&out, command);
	if (command->examples != NULL) {
		buf_append(&out, STR("\nExamples:\n"));
		rest = str_of(command->examples);
		while (rest.ptr != NULL) {
			struct str line = str_split(&rest, '\n');

			buf_printf(&out, "  %.*s\n", STR_ARG(line));
		}
	}
	print(&out, output_out());
	return EXIT_DONE;
}

static const struct format {
	const char *name;
	void (*append)(struct buf *out);
} formats[] = {
	{"man", manual_append_man},
	{"markdown", manual_append_markdown},
	{"config", settings_text_manual},
	{"bash", completion_append_bash},
	{"zsh", completion_append_zsh},
};

static int
print_format(const char *name)
{
	CLEANUP(buf_release) struct buf out = buf_make(0);

	for (size_t i = 0; i < COUNT_OF(formats); i++) {
		if (strcmp(formats[i].name, name) == 0)
			formats[i].append(&out);
	}
	print(&out, output_out());
	return EXIT_DONE;
}

int
help_run(const struct args *args)
{
	const char *format = args_value(args, "format");
	const char *first = args->operand_count ? args->operands[0] : NULL;
	const char *second = args->operand_count > 1 ? args->operands[1] : NULL;
	const struct command *command;
	bool is_in_group;

	if (format != NULL)
		return print_format(format);
	if (first == NULL) {
		help_print_all(output_out());
		return EXIT_DONE;
	}
	is_in_group = command_is_group(first);
	if (is_in_group && second == NULL) {
		help_print_group(first, output_out());
		return EXIT_DONE;
	}
	command = is_in_group ? command_find(first, second)
			      : command_find(NULL, first);
	if (command == NULL)
		return command_refuse_unknown(is_in_group ? first : NULL,
			is_in_group ? second : first);
	return help_print_command(command);
}
