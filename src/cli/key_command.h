#pragma once
#include "cli/args.h"

/* `grapnel key …`: who may use a hub. */

extern const struct option_table key_create_table;

int key_command_create(const struct args *args);
int key_command_list(const struct args *args);
int key_command_revoke(const struct args *args);
