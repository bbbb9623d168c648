#pragma once
#include <stdio.h>

#include "cli/command.h"

/* What `--help` prints, made from the table of commands. */
void help_print_all(FILE *to);
void help_print_group(const char *group, FILE *to);
/** Returns EXIT_DONE. */
int help_print_command(const struct command *command);

/** `grapnel help [COMMAND…] [--format …]`. */
int help_run(const struct args *args);

/** "grapnel webhook get ID [options]", appended. */
void help_append_usage(struct buf *out, const struct command *command);

/** "-h, --help", "--timeout TIME", "--header TEXT…", appended. */
void help_append_option(struct buf *out, const struct option *option);

/** What it does, its choices, its default and its variable, appended. */
void help_append_option_text(struct buf *out, const struct option *option);
