#include "cli/manual.h"

#include "cli/command.h"
#include "cli/help.h"

/* ---- docs/cli.md ---- */

static void
markdown_options(struct buf *out, const struct command *command)
{
	const struct option *option;
	size_t at = 0;

	buf_append(out, STR("\n| option | meaning |\n|---|---|\n"));
	if (command->has_settings)
		buf_append(
			out, STR("| all settings | see [config.md](config.md) "
				 "|\n"));
	while ((option = command_next_option(command, &at)) != NULL) {
		if (command->has_settings && at > command->tables[0]->count)
			break; /* the settings have a document of their own */
		buf_append(out, STR("| `"));
		help_append_option(out, option);
		buf_printf(out, "` | %s", option->help);
		if (option->choices != NULL)
			buf_printf(out, " One of: `%s`.", option->choices);
		if (option->fallback != NULL)
			buf_printf(out, " Default: `%s`.", option->fallback);
		if (option->environment != NULL)
			buf_printf(out, " Also: `%s`.", option->environment);
		buf_append(out, STR(" |\n"));
	}
}

static void
markdown_command(struct buf *out, const struct command *command)
{
	buf_append(out, STR("\n## "));
	command_append_path(out, command);
	buf_append(out, STR("\n\n    "));
	help_append_usage(out, command);
	buf_printf(out, "\n\n%s\n", command->description);
	markdown_options(out, command);
	if (command->no_means != NULL)
		buf_printf(out, "\nExit code 1: %s\n", command->no_means);
	if (command->examples != NULL) {
		struct str rest = str_of(command->examples);

		buf_append_char(out, '\n');
		while (rest.ptr != NULL) {
			struct str line = str_split(&rest, '\n');

			buf_printf(out, "    %.*s\n", STR_ARG(line));
		}
	}
}

void
manual_append_markdown(struct buf *out)
{
	buf_append(out,
		STR("<!-- Made by `grapnel help --format markdown` from "
		    "src/cli/commands.c. Change it there. -->\n"
		    "# The command line\n\n"
		    "Options may stand before or behind operands; `--option "
		    "value` and `--option=value` are the\nsame, and `--` ends "
		    "the options. Of an option given twice the last use "
		    "counts, unless it may be\nrepeated. Results go to "
		    "standard output, everything else to standard error. "
		    "Colour is\nused on a terminal "
		    "only, and not when `NO_COLOR` is set.\n\n"
		    "| exit code | meaning |\n|---|---|\n"));
	for (int code = 0; code <= EXIT_MISSING; code++)
		buf_printf(out, "| %d | %s |\n", code,
			command_exit_meanings[code]);
	for (size_t i = 0; i < commands_count; i++) {
		if (!commands_table[i].is_hidden)
			markdown_command(out, &commands_table[i]);
	}
}

/* ---- docs/grapnel.1 ---- */

/**
 * Text for roff: backslashes and dashes as they are, and no line that roff
 * would take for a request.
 */
static void
append_roff(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		bool is_start = out->len == 0 || out->ptr[out->len - 1] == '\n';
		char c = text.ptr[i];

		if (is_start && (c == '.' || c == '\''))
			buf_append(out, STR("\\&"));
		if (c == '\\')
			buf_append(out, STR("\\e"));
		else if (c == '-')
			buf_append(out, STR("\\-"));
		else
			buf_append_char(out, c);
	}
}

static void
man_options(struct buf *out, const struct command *command)
{
	const struct option *option;
	size_t at = 0;

	while ((option = command_next_option(command, &at)) != NULL) {
		CLEANUP(buf_release) struct buf name = buf_make(0);
		CLEANUP(buf_release) struct buf text = buf_make(0);

		help_append_option(&name, option);
		help_append_option_text(&text, option);
		buf_append(out, STR(".TP\n.B "));
		append_roff(out, buf_str(&name));
		buf_append_char(out, '\n');
		append_roff(out, buf_str(&text));
		buf_append_char(out, '\n');
	}
}

/** Paragraphs: an empty line becomes .PP. */
static void
man_paragraphs(struct buf *out, struct str text)
{
	while (text.ptr != NULL) {
		struct str line = str_split(&text, '\n');

		if (line.len == 0)
			buf_append(out, STR(".PP"));
		else
			append_roff(out, line);
		buf_append_char(out, '\n');
	}
}

static void
man_command(struct buf *out, const struct command *command)
{
	CLEANUP(buf_release) struct buf usage = buf_make(0);

	help_append_usage(&usage, command);
	buf_append(out, STR(".SS "));
	append_roff(out, buf_str(&usage));
	buf_append_char(out, '\n');
	man_paragraphs(out, str_of(command->description));
	man_options(out, command);
	if (command->no_means != NULL) {
		buf_append(out, STR(".PP\nExit code 1: "));
		append_roff(out, str_of(command->no_means));
		buf_append_char(out, '\n');
	}
	if (command->examples != NULL) {
		buf_append(out, STR(".PP\n.EX\n"));
		append_roff(out, str_of(command->examples));
		buf_append(out, STR("\n.EE\n"));
	}
}

void
manual_append_man(struct buf *out)
{
	buf_append(
		out, STR(".\\\" Made by `grapnel help --format man` from "
			 "src/cli/commands.c. Change it there.\n"
			 ".TH GRAPNEL 1 \"\" \"Grapnel\" \"User Commands\"\n"
			 ".SH NAME\n"
			 "grapnel \\- takes in events and resource states and "
			 "delivers them to webhooks\n"
			 ".SH SYNOPSIS\n"
			 ".B grapnel\n"
			 ".I COMMAND\n"
			 "[options]\n"
			 ".SH DESCRIPTION\n"
			 "One program: the hub\n.RB ( \"grapnel serve\" ),\n"
			 "a receiver for trying webhooks out\n"
			 ".RB ( \"grapnel receive\" ),\n"
			 "and the commands that work with a running hub.\n"
			 "Options may stand before or behind operands;\n"
			 ".B \\-\\-\nends them.\n"
			 ".SH COMMANDS\n"));
	for (size_t i = 0; i < commands_count; i++) {
		if (!commands_table[i].is_hidden)
			man_command(out, &commands_table[i]);
	}
	buf_append(out, STR(".SH EXIT STATUS\n"));
	for (int code = 0; code <= EXIT_MISSING; code++) {
		buf_printf(out, ".TP\n.B %d\n", code);
		append_roff(out, str_of(command_exit_meanings[code]));
		buf_append_char(out, '\n');
	}
	buf_append(out,
		STR(".SH ENVIRONMENT\n"
		    ".TP\n.B GRAPNEL_URL\nThe hub that commands talk to.\n"
		    ".TP\n.B GRAPNEL_TOKEN\nThe token they show it.\n"
		    ".TP\n.B GRAPNEL_CONFIG\nThe configuration file of\n"
		    ".BR \"grapnel serve\" .\n"
		    ".TP\n.B NO_COLOR\nNo colours when it is set.\n"
		    ".PP\nEvery setting of\n.B grapnel serve\n"
		    "can be given as a variable too: GRAPNEL_BODY_MAX for\n"
		    ".BR \\-\\-body\\-max .\n"));
}
