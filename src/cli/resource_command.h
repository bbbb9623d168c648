#pragma once
#include "cli/args.h"

/* `grapnel resource …`: the last known states of resources. */

int resource_command_get(const struct args *args);
int resource_command_delete(const struct args *args);
