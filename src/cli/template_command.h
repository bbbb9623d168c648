#pragma once

/*
 * `grapnel template …`: trying expressions of scenarios out, without a hub.
 * Both read their arguments themselves and return the exit code.
 */

/** `check TEXT… | -`: whether templates are well-formed. */
int template_command_check(int argc, char **argv);

/** `eval TEXT [BINDINGS.json] | --batch`. */
int template_command_eval(int argc, char **argv);

/** `functions`: the tables of docs/template.md. */
int template_command_functions(int argc, char **argv);
