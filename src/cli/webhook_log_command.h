#pragma once
#include "cli/args.h"

/* `grapnel webhook log`: what changed a webhook, and when. */

extern const struct option_table webhook_log_table;

int webhook_command_log(const struct args *args);
