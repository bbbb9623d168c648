#pragma once
#include "cli/args.h"

/*
 * The commands of the program. They are one table, commands_table in
 * commands.c; what `grapnel help`, the man page, docs/cli.md and the shells'
 * completion say is made from it (help.c, manual.c, completion.c).
 */

/* How a command ends; documented, scripts rely on it. */
enum command_exit {
	EXIT_DONE = 0,
	EXIT_NO = 1,	      /* the answer is no, or the hub refused */
	EXIT_USAGE = 2,	      /* the command line is wrong */
	EXIT_UNREACHABLE = 3, /* no answer from the server */
	EXIT_DENIED = 4,      /* 401 or 403 */
	EXIT_MISSING = 5,     /* 404 */
};

enum { COMMAND_TABLES_MAX = 5 };

struct command {
	const char *group; /* "webhook" of `webhook create`; NULL: none */
	const char *name;
	const char *summary;  /* a line in lists, no full stop */
	const char *operands; /* "ID [DELIVERY_ID]"; NULL: none */
	unsigned operands_min, operands_max;
	const char *description; /* paragraphs, parted by empty lines */
	const char *examples;	 /* lines, each a command; may be NULL */
	const char *no_means;	 /* what exit 1 says; NULL: it failed */
	const struct option_table *tables[COMMAND_TABLES_MAX];
	bool has_settings; /* all settings are its flags */
	bool talks_to_hub; /* may end with 3, 4 and 5 */
	bool is_hidden;	   /* stands in no list */
	/* Exactly one of the two; `run_raw` reads its arguments itself:
	   argv[0] is the first one after the command's name. */
	int (*run)(const struct args *args);
	int (*run_raw)(int argc, char **argv);
};

extern const struct command commands_table[];
extern const size_t commands_count;

/* Groups have a line of their own in lists. */
struct command_group {
	const char *name;
	const char *summary;
	const char *alone; /* the command meant when none is named, or NULL */
};
extern const struct command_group commands_groups[];
extern const size_t commands_group_count;

/** What each exit code means, by its value. */
extern const char *const command_exit_meanings[EXIT_MISSING + 1];

/**
 * All options of a command, its own first: size_t at = 0; while ((option =
 * command_next_option(command, &at)) != NULL) …
 */
const struct option *command_next_option(
	const struct command *command, size_t *at);

/** The row, or NULL. `group` may be NULL. */
const struct command *command_find(const char *group, const char *name);

/** Says that there is no such command, and which is near. EXIT_USAGE. */
int command_refuse_unknown(const char *group, const char *name);

bool command_is_group(const char *name);

/** "webhook create", appended. */
void command_append_path(struct buf *out, const struct command *command);

/** Finds and runs what the command line says. Returns the exit code. */
int command_main(int argc, char **argv);
