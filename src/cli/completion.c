#include "cli/completion.h"

#include "cli/command.h"

static bool
is_in_group(const struct command *command, const char *group)
{
	if (command->is_hidden)
		return false;
	if (group == NULL || command->group == NULL)
		return group == command->group;
	return strcmp(command->group, group) == 0;
}

/** The names of a group's commands; of NULL: the first words. */
static void
append_names(struct buf *out, const char *group)
{
	const char *gap = "";

	for (size_t i = 0; i < commands_count; i++) {
		if (!is_in_group(&commands_table[i], group))
			continue;
		buf_printf(out, "%s%s", gap, commands_table[i].name);
		gap = " ";
	}
	for (size_t i = 0; group == NULL && i < commands_group_count; i++)
		buf_printf(out, " %s", commands_groups[i].name);
}

static bool
takes(const struct option *option, const char *placeholder)
{
	return option->placeholder != NULL &&
	       strcmp(option->placeholder, placeholder) == 0;
}

/* ---- bash ---- */

static void
bash_options(struct buf *out, const struct command *command)
{
	const struct option *option;
	size_t at = 0;

	buf_append(out, STR("\t\""));
	command_append_path(out, command);
	buf_append(out, STR("\") options=\""));
	while ((option = command_next_option(command, &at)) != NULL)
		buf_printf(out, "%s--%s", at > 1 ? " " : "", option->name);
	buf_append(out, STR("\" ;;\n"));
}

/** What may follow an option, where something is known about it. */
static void
bash_values(struct buf *out, const struct command *command)
{
	const struct option *option;
	size_t at = 0;

	while ((option = command_next_option(command, &at)) != NULL) {
		if (option->placeholder == NULL)
			continue;
		buf_append(out, STR("\t\""));
		command_append_path(out, command);
		buf_printf(out, " --%s\") ", option->name);
		if (option->choices != NULL)
			buf_printf(out,
				"COMPREPLY=($(compgen -W \"%s\" -- \"$cur\"))",
				option->choices);
		else if (takes(option, "FILE"))
			buf_append(out, STR("COMPREPLY=($(compgen -f -- "
					    "\"$cur\"))"));
		else if (takes(option, "DIR"))
			buf_append(out, STR("COMPREPLY=($(compgen -d -- "
					    "\"$cur\"))"));
		else
			buf_append(out, STR("COMPREPLY=()"));
		buf_append(out, STR("; return ;;\n"));
	}
}

void
completion_append_bash(struct buf *out)
{
	buf_append(out, STR("# Made by `grapnel help --format bash` from "
			    "src/cli/commands.c. Change it there.\n"
			    "_grapnel() {\n"
			    "\tlocal cur=${COMP_WORDS[COMP_CWORD]}\n"
			    "\tlocal prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
			    "\tlocal command=${COMP_WORDS[1]} options=\"\"\n\n"
			    "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
			    "\t\tCOMPREPLY=($(compgen -W \""));
	append_names(out, NULL);
	buf_append(out, STR("\" -- \"$cur\"))\n\t\treturn\n\tfi\n"
			    "\tcase $command in\n"));
	for (size_t i = 0; i < commands_group_count; i++) {
		buf_printf(out,
			"\t%s)\n\t\tif [ \"$COMP_CWORD\" -eq 2 ]; then\n"
			"\t\t\tCOMPREPLY=($(compgen -W \"",
			commands_groups[i].name);
		append_names(out, commands_groups[i].name);
		buf_append(
			out, STR("\" -- \"$cur\"))\n\t\t\treturn\n\t\tfi\n"
				 "\t\tcommand=\"$command ${COMP_WORDS[2]}\"\n"
				 "\t\t;;\n"));
	}
	buf_append(out, STR("\tesac\n\tcase \"$command $prev\" in\n"));
	for (size_t i = 0; i < commands_count; i++) {
		if (!commands_table[i].is_hidden)
			bash_values(out, &commands_table[i]);
	}
	buf_append(out, STR("\tesac\n\tcase \"$command\" in\n"));
	for (size_t i = 0; i < commands_count; i++) {
		if (!commands_table[i].is_hidden)
			bash_options(out, &commands_table[i]);
	}
	buf_append(out, STR("\tesac\n"
			    "\tcase $cur in\n"
			    "\t-*) COMPREPLY=($(compgen -W \"$options\" -- "
			    "\"$cur\")) ;;\n"
			    "\t*) COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n"
			    "\tesac\n"
			    "}\n"
			    "complete -o filenames -F _grapnel grapnel\n"));
}

/* ---- zsh ---- */

/** Inside '…[…]': brackets, colons and quotes have a meaning there. */
static void
append_zsh(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			buf_append(out, STR("'\\'"));
		else if (strchr("[]:\\", *text))
			buf_append_char(out, '\\');
		buf_append_char(out, *text);
	}
}

static void
zsh_list(struct buf *out, const char *group)
{
	for (size_t i = 0; i < commands_count; i++) {
		if (!is_in_group(&commands_table[i], group))
			continue;
		buf_printf(out, "\t\t'%s:", commands_table[i].name);
		append_zsh(out, commands_table[i].summary);
		buf_append(out, STR("'\n"));
	}
	for (size_t i = 0; group == NULL && i < commands_group_count; i++) {
		buf_printf(out, "\t\t'%s:", commands_groups[i].name);
		append_zsh(out, commands_groups[i].summary);
		buf_append(out, STR("'\n"));
	}
}

static void
zsh_option(struct buf *out, const struct option *option)
{
	buf_printf(out, "\t\t'%s--%s%s[", option->is_repeatable ? "*" : "",
		option->name, option->placeholder ? "=" : "");
	append_zsh(out, option->help);
	buf_append_char(out, ']');
	if (option->placeholder != NULL) {
		buf_printf(out, ":%s:", option->placeholder);
		if (option->choices != NULL)
			buf_printf(out, "(%s)", option->choices);
		else if (takes(option, "FILE"))
			buf_append(out, STR("_files"));
		else if (takes(option, "DIR"))
			buf_append(out, STR("_files -/"));
	}
	buf_append(out, STR("' \\\n"));
}

static void
zsh_command(struct buf *out, const struct command *command)
{
	const struct option *option;
	size_t at = 0;

	buf_append(out, STR("\t'"));
	command_append_path(out, command);
	buf_append(out, STR("')\n\t\t_arguments \\\n"));
	while ((option = command_next_option(command, &at)) != NULL)
		zsh_option(out, option);
	buf_append(out, STR("\t\t'*:operand:_files'\n\t\t;;\n"));
}

void
completion_append_zsh(struct buf *out)
{
	buf_append(out, STR("#compdef grapnel\n"
			    "# Made by `grapnel help --format zsh` from "
			    "src/cli/commands.c. Change it there.\n"
			    "_grapnel() {\n"
			    "\tlocal command=$words[2]\n"
			    "\tlocal -a names\n\n"
			    "\tif (( CURRENT == 2 )); then\n"
			    "\t\tnames=(\n"));
	zsh_list(out, NULL);
	buf_append(out,
		STR("\t\t)\n\t\t_describe command names\n\t\treturn\n\tfi\n"
		    "\tcase $command in\n"));
	for (size_t i = 0; i < commands_group_count; i++) {
		buf_printf(out,
			"\t%s)\n\t\tif (( CURRENT == 3 )); then\n"
			"\t\tnames=(\n",
			commands_groups[i].name);
		zsh_list(out, commands_groups[i].name);
		buf_append(out,
			STR("\t\t)\n\t\t_describe command names\n"
			    "\t\treturn\n\t\tfi\n"
			    "\t\tcommand=\"$command $words[3]\"\n"
			    "\t\tshift words\n\t\t(( CURRENT-- ))\n\t\t;;\n"));
	}
	buf_append(out, STR("\tesac\n\tshift words\n\t(( CURRENT-- ))\n"
			    "\tcase $command in\n"));
	for (size_t i = 0; i < commands_count; i++) {
		if (!commands_table[i].is_hidden)
			zsh_command(out, &commands_table[i]);
	}
	buf_append(out, STR("\tesac\n}\n\n_grapnel \"$@\"\n"));
}
