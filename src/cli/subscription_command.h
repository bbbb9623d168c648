#pragma once
#include "cli/args.h"

/* `grapnel subscription …`: which events of which types webhooks want. */

extern const struct option_table subscription_create_table;
extern const struct option_table subscription_list_table;

/* Each returns the exit code. */
int subscription_command_create(const struct args *args);
int subscription_command_list(const struct args *args);
int subscription_command_delete(const struct args *args);
