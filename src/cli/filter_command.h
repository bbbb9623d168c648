#pragma once
/*
 * `grapnel filter …`: the filter language on the command line, without a
 * server. `argv[0]` is the first argument after the verb. All return the
 * process's exit status; they block on standard input when asked to read it.
 */

/**
 * `filter check FILTER…`, or `-` for one filter a line of standard input.
 * Prints `valid`, or the error and the filter with a caret under the column.
 * Notes on what is valid but hardly meant go to standard error.
 * 0 when all are valid, 1 when one is not, 2 when the command is wrong.
 */
int filter_command_check(int argc, char **argv);

/**
 * `filter eval FILTER EVENT.json`, or `-` for standard input, prints `true` (0)
 * or `false` (1); 2 when the filter or the event cannot be read. The event is
 * {"type":…,"operation":…,"new":…,"old":…}; further members are CloudEvents
 * attributes.
 *
 * `filter eval --batch` answers each line {"filter":…,"event":…} of standard
 * input with a line {"valid":true,"result":…} or
 * {"valid":false,"column":N,"error":"…"}; column 0 when the line is not such
 * an object. Always 0.
 */
int filter_command_eval(int argc, char **argv);

/**
 * `filter explain [--json] FILTER EVENT.json` prints which clauses made the
 * filter true or kept it from being so (rule/filter_explain.h), as a tree of
 * lines or as an object. Exit status as `eval`.
 */
int filter_command_explain(int argc, char **argv);
