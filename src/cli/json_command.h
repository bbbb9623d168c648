#pragma once

/*
 * grapnel json check FILE…: says of each file whether it holds one JSON text
 * as base/json reads it. "-" is standard input.
 *
 * `argv[0]` is the first FILE. One line a file goes to standard output:
 *   FILE: valid
 *   FILE: invalid: line 1 column 2: expected a value
 * A file that cannot be read is told on standard error. Returns the exit
 * status: 0 when all are valid, 1 when one is not, 2 when one cannot be read
 * or no FILE is given. Blocks; reads files of up to JSON_TEXT_MAX bytes.
 */
int json_command_check(int argc, char **argv);
