#pragma once
#include "base/json_out.h"
#include "cli/args.h"

/*
 * How a webhook delivers (rule/webhook_options.h), as options of `grapnel
 * webhook create` and `patch`, with those of cli/webhook_way_options.h.
 */
extern const struct option_table webhook_delivery_table;

/** Whether one of them is given: then the hub's own interface is needed. */
bool webhook_delivery_options_given(const struct args *args);

/**
 * Writes the members that were given into the object that is open; "default"
 * is null. ERR_INVALID with the option's name.
 */
enum err webhook_delivery_options_write(const struct args *args,
	struct json_out *out, struct buf *why) MUST_USE;
