#pragma once
#include "cli/args.h"

/* `grapnel webhook replay` and `grapnel replay …`: sending again. */

extern const struct option_table webhook_replay_table;

int webhook_command_replay(const struct args *args);
int replay_command_list(const struct args *args);
int replay_command_show(const struct args *args);
int replay_command_cancel(const struct args *args);
