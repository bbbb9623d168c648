#pragma once
#include "pipeline/webhooks.h"

/*
 * Looks after webhooks that their health has disabled and that want to be
 * probed: a thread that knows when each probe is due (webhook.probe_at) and
 * starts it then. What comes of it, and when the next one is, the registry
 * decides.
 */
struct prober;

struct prober *prober_start(struct webhooks *webhooks);
/** Ends the thread; before the writer is stopped. NULL is harmless. */
void prober_stop(struct prober *prober);
/** When nobody tells of webhooks any more. NULL is harmless. */
void prober_free(struct prober *prober);

/** The webhook is like this now. Any thread; never blocks for long. */
void prober_note(struct prober *prober, const struct webhook *webhook);
void prober_forget(struct prober *prober, uint64_t webhook);
