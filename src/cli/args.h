#pragma once
#include "base/arena.h"
#include "base/buf.h"

/*
 * What a command was told: its options and operands, read from the command
 * line against the tables of options in cli/commands.c. `--name value`,
 * `--name=value`, `-x value`, `-xvalue`; `--` ends the options. Options and
 * operands may be mixed. Of an option that is not repeatable the last use
 * counts, so that scripts can add to a line.
 */
struct command;

struct option {
	const char *name;	 /* "timeout", without the dashes */
	char letter;		 /* 'h' for -h; 0: none */
	const char *placeholder; /* "TIME"; NULL: takes no value */
	const char *help;	 /* one sentence */
	const char *environment; /* variable that counts when it is absent */
	const char *fallback;	 /* what counts without either; NULL: nothing */
	const char *choices; /* words that are allowed, for completion too */
	bool is_repeatable;
	bool is_boolean; /* may be --name or --name=false */
};

struct option_table {
	const struct option *rows;
	size_t count;
};

/* One use of an option. */
struct arg {
	const struct option *option;
	const char *value; /* "true" for an option without a value */
};

enum { ARGS_MAX = 1024 };

struct args {
	struct arena arena;
	const struct command *command;
	struct arg *given;
	size_t given_count;
	const char **operands;
	size_t operand_count;
};

/**
 * Reads `argv[0…argc-1]`, what follows the command's name. Values are checked
 * against `choices`, and the operands are counted. ERR_INVALID with a
 * sentence, in which a mistyped option's nearest name is told. --help ends
 * the reading at once, so that it works with any mistake behind it.
 */
enum err args_read(struct args *args, const struct command *command, int argc,
	char **argv, struct buf *why) MUST_USE;
void args_release(struct args *args);

/** Whether it stands on the command line (not in the environment). */
bool args_is_given(const struct args *args, const char *name);

/** Of a boolean option: given, and not as --name=false. */
bool args_is_true(const struct args *args, const char *name);

/** The last use's value, else the environment's, else the default, or NULL. */
const char *args_value(const struct args *args, const char *name);

/**
 * The next value of a repeatable option, from `*at` (0 at first) on; NULL at
 * the end. Looks at the command line only.
 */
const char *args_next(const struct args *args, const char *name, size_t *at);

/** An option's value as a whole number; ERR_INVALID with the flag's name. */
enum err args_integer(const struct args *args, const char *name,
	int64_t minimum, int64_t maximum, int64_t *ret, struct buf *why)
	MUST_USE;

/** An option's value as a duration in microseconds. */
enum err args_duration(const struct args *args, const char *name,
	int64_t minimum, int64_t maximum, int64_t *ret, struct buf *why)
	MUST_USE;
