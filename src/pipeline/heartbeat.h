#pragma once
#include "pipeline/worker.h"

/*
 * What is done for a webhook although nothing happens to it: its endpoint is
 * asked for its rate from time to time (webhook_asks_rate), and its status
 * recovers when nothing has failed for long enough (health_time). Webhooks
 * that need neither have none.
 *
 * A worker's own; its thread only.
 */

/**
 * The webhook is this one now, or its health has moved. `is_fresh`: as in
 * dispatch_set_webhook; one without a handshake is asked for its rate now.
 */
void heartbeat_set(
	struct worker *worker, const struct webhook *webhook, bool is_fresh);

/** The webhook is gone. */
void heartbeat_remove(struct worker *worker, uint64_t webhook);

/** After alarm_ring_last(). */
void heartbeat_release(struct worker *worker);
