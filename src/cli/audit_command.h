#pragma once
#include "cli/args.h"

/* `grapnel audit`: who changed what, and when. */

extern const struct option_table audit_table;

int audit_command_list(const struct args *args);
