#pragma once

/*
 * `grapnel filter check` and `grapnel filter eval`. They read their own
 * arguments; argv[0] is the first one after it. Return the exit code.
 */
int filter_command_check(int argc, char **argv);
int filter_command_eval(int argc, char **argv);
