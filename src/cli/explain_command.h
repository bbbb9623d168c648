#pragma once
#include "cli/args.h"

/* `grapnel event …` and `grapnel delivery …`: what happened. */

extern const struct option_table event_list_table;
extern const struct option_table delivery_list_table;

int explain_command_events(const struct args *args);
int explain_command_event(const struct args *args);
int explain_command_match(const struct args *args);
int explain_command_deliveries(const struct args *args);
int explain_command_delivery(const struct args *args);
