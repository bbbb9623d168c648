#pragma once
#include "base/json.h"
#include "cli/args.h"

struct client; /* cli/client.h */

/* `grapnel scenario …`: checking blueprints, scenarios, their executions. */

extern const struct option_table scenario_check_table;
extern const struct option_table scenario_import_table;
extern const struct option_table scenario_show_table;
extern const struct option_table scenario_run_table;
extern const struct option_table scenario_history_table;
extern const struct option_table scenario_replay_table;
extern const struct option_table execution_list_table;

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
int execution_command_list(const struct args *args);
int execution_command_show(const struct args *args);

/* scenario_once_command.c: */

/** Waits for the next request of a scenario and shows what comes of it. */
int scenario_run_once(
	struct client *client, const struct args *args, struct str id);

/* Of an execution as the hub shows it. */
bool scenario_execution_is_over(struct json execution);
bool scenario_execution_went_well(struct json execution);

/**
 * The id of a scenario given by its id or, if only one is called so, its
 * name. Else it was told, and the exit code is not EXIT_DONE.
 */
int scenario_find_id(struct client *client, const char *text, const char **ret)
	MUST_USE;

/**
 * A blueprint's file as JSON text in the arena: JSON when it begins with a
 * brace, else YAML. False, with the sentence in `why`, when it cannot be read.
 */
bool scenario_read_file(const char *path, struct arena *arena,
	struct str *ret_json, struct buf *why);
