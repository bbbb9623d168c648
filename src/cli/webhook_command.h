#pragma once
#include "cli/args.h"

/* `grapnel webhook …`: the webhooks of a hub, of every dialect. */

extern const struct option_table webhook_create_table;
extern const struct option_table webhook_patch_table;
extern const struct option_table webhook_enable_table;
extern const struct option_table webhook_list_table;
extern const struct option_table webhook_rotate_table;
extern const struct option_table delivery_retry_table;

/* Each returns the exit code. */
int webhook_command_create(const struct args *args);
int webhook_command_list(const struct args *args);
int webhook_command_get(const struct args *args);
int webhook_command_patch(const struct args *args);
int webhook_command_enable(const struct args *args);
int webhook_command_disable(const struct args *args);
int webhook_command_delete(const struct args *args);
int webhook_command_deliveries(const struct args *args);
int webhook_command_test(const struct args *args);
int webhook_command_rotate_secret(const struct args *args);
int webhook_command_retry(const struct args *args); /* a delivery */
