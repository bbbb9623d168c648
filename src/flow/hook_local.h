#pragma once
#include "flow/hooks.h"
#include "net/http_local.h"

/*
 * Hooks as destinations of this hub's own webhooks ("hook:{id}"): what comes
 * over net/http_local.h goes through the same door as what comes over the
 * network (flow/hook_receive.h), and the door's answer goes back. Its address
 * is "local"; a list of allowed networks is not held against it. What comes
 * faster than the hook's rate waits for it rather than being refused.
 */

/** From now on. The hooks must stay until no client of `local` runs. */
void hook_local_open(struct hooks *hooks, struct http_local *local);
