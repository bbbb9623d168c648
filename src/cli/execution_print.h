#pragma once
#include "cli/client.h"

/*
 * An execution of a scenario for people: what it is, then its steps, each with
 * what went in and what came out in a line. Of a step that failed it tells
 * why, and what the service was sent and answered. Lines that are too long end
 * with an ellipsis; `--json` has everything.
 */
void execution_append(
	struct client *client, struct json execution, struct buf *out);

/** One of its steps. */
void execution_append_step(
	struct client *client, struct json step, struct buf *out);
