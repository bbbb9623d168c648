#pragma once
#include "cli/args.h"

/** `grapnel version`: of the program itself; asks no hub. */
int version_command(const struct args *args);
