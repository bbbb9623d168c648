#pragma once
#include "cli/args.h"

/* `grapnel event-type …`: the catalog of event types. */

extern const struct option_table event_type_list_table;
extern const struct option_table event_type_show_table;
extern const struct option_table event_type_register_table;

/* Each returns the exit code. */
int event_type_command_list(const struct args *args);
int event_type_command_show(const struct args *args);
int event_type_command_register(const struct args *args);
int event_type_command_delete(const struct args *args);
