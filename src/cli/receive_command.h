#pragma once
#include "cli/args.h"

/*
 * `grapnel receive`: a receiver for developing and trying out. It answers
 * every kind of handshake, prints what arrives, and never stops because of
 * what somebody sent.
 */
extern const struct option_table receive_table;

int receive_command(const struct args *args);
