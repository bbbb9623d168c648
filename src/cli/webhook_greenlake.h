#pragma once
#include "base/buf.h"
#include "cli/args.h"

/*
 * What `grapnel webhook create|patch --dialect greenlake` and `grapnel webhook
 * verify` have of their own: options, the body in that dialect's words, and
 * its paths.
 */
#define WEBHOOK_GREENLAKE_PATH "/events/v1beta1/webhooks"

extern const struct option_table webhook_greenlake_table;

/** Whether the command line speaks of that dialect. */
bool webhook_greenlake_is_meant(const struct args *args);

/**
 * Appends the body. With `is_whole` name, destination and secret must be
 * there. ERR_INVALID with the option's name, also for options that the
 * dialect does not have.
 */
enum err webhook_greenlake_write(const struct args *args, bool is_whole,
	struct buf *out, struct buf *why) MUST_USE;

/** `grapnel webhook verify`: the exit code. */
int webhook_greenlake_verify(const struct args *args);
