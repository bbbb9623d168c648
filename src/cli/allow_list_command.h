#pragma once
#include "cli/args.h"

/** Commands `grapnel allow-list …`; they return the exit code. */
extern const struct option_table allow_list_create_table;
extern const struct option_table allow_list_patch_table;
int allow_list_command_create(const struct args *args);
int allow_list_command_patch(const struct args *args);
int allow_list_command_list(const struct args *args);
int allow_list_command_delete(const struct args *args);
