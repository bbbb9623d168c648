#pragma once
#include "cli/args.h"

/** Commands `grapnel connection …`; they return the exit code. */
extern const struct option_table connection_create_table;
int connection_command_create(const struct args *args);
int connection_command_list(const struct args *args);
int connection_command_show(const struct args *args);
int connection_command_delete(const struct args *args);
