#pragma once
#include "base/json_out.h"
#include "cli/args.h"

/*
 * By which way a webhook's destination is reached (TLS, proxy, allow-lists),
 * as options of `grapnel webhook create` and `patch`.
 */
extern const struct option_table webhook_way_table;

/** Whether one of them is given: then the hub's own interface is needed. */
bool webhook_way_options_given(const struct args *args);

/**
 * Writes the members that were given into the object that is open; "default"
 * is null. Reads the PEM files that are named. ERR_INVALID with the option's
 * name, or as file_read() says.
 */
enum err webhook_way_options_write(const struct args *args,
	struct json_out *out, struct buf *why) MUST_USE;
