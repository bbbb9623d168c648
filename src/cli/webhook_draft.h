#pragma once
#include "base/buf.h"
#include "cli/args.h"

/*
 * The JSON body that creates or changes a webhook, made from options. Pure.
 */

/** Whether the body is for the hub's own interface, rather than COM's. */
bool webhook_draft_is_native(const struct args *args, bool is_whole);

/**
 * Appends the body. With `is_whole` all members are written (state ENABLED
 * and no headers unless said); else only those that were given, and a header
 * of --remove-header as null. ERR_INVALID with the option's name.
 */
enum err webhook_draft_write(const struct args *args, bool is_whole,
	struct buf *out, struct buf *why) MUST_USE;
