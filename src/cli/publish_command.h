#pragma once
#include "cli/args.h"

/* `grapnel publish`: resource states and events to a hub. */

extern const struct option_table publish_table;

int publish_command(const struct args *args);
