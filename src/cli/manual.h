#pragma once
#include "base/buf.h"

/*
 * The manual, made from the tables of commands and settings. What is made is
 * committed; a test compares.
 */

/** Appends docs/grapnel.1, the manual page. */
void manual_append_man(struct buf *out);

/** Appends docs/cli.md. */
void manual_append_markdown(struct buf *out);
