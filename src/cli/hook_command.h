#pragma once
#include "cli/args.h"

/** Commands `grapnel hook …`; they return the exit code. */
extern const struct option_table hook_create_table;
int hook_command_create(const struct args *args);
int hook_command_list(const struct args *args);
int hook_command_show(const struct args *args);
int hook_command_log(const struct args *args);
int hook_command_delete(const struct args *args);
