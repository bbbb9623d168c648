#pragma once
#include "cli/args.h"

/* `grapnel scenario …`: checking blueprints, scenarios, their executions. */

extern const struct option_table scenario_check_table;
extern const struct option_table scenario_import_table;
extern const struct option_table scenario_show_table;
extern const struct option_table scenario_run_table;
extern const struct option_table scenario_history_table;
extern const struct option_table scenario_replay_table;

/* Each returns the exit code. scenario_check_command.c: */
int scenario_command_check(const struct args *args);

/* scenario_command.c: */
int scenario_command_import(const struct args *args);
int scenario_command_list(const struct args *args);
int scenario_command_show(const struct args *args);
int scenario_command_enable(const struct args *args);
int scenario_command_disable(const struct args *args);
int scenario_command_delete(const struct args *args);

/* scenario_execution_command.c: */
int scenario_command_run(const struct args *args);
int scenario_command_history(const struct args *args);
int scenario_command_retry(const struct args *args);
int scenario_command_drop(const struct args *args);
int scenario_command_replay(const struct args *args);

/**
 * A blueprint's file as JSON text in the arena: JSON when it begins with a
 * brace, else YAML. False, with the sentence in `why`, when it cannot be read.
 */
bool scenario_read_file(const char *path, struct arena *arena,
	struct str *ret_json, struct buf *why);
