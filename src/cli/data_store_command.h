#pragma once
#include "cli/args.h"

/** Commands `grapnel data-store …`; they return the exit code. */
extern const struct option_table data_store_create_table;
extern const struct option_table data_store_records_table;
extern const struct option_table data_store_put_table;
extern const struct option_table data_store_delete_table;
int data_store_command_list(const struct args *args);
int data_store_command_create(const struct args *args);
int data_store_command_show(const struct args *args);
int data_store_command_records(const struct args *args);
int data_store_command_put(const struct args *args);
int data_store_command_get(const struct args *args);
int data_store_command_delete(const struct args *args);
int data_store_command_drop(const struct args *args);
