#pragma once
#include "pipeline/worker.h"

/*
 * Proving that an endpoint wants the events, by the webhook's kind of
 * handshake (a table in the .c). One try, with a time limit; the webhook's own
 * headers and its credential go with it.
 *
 *   com          GET with a challenge in the header
 *                x-compute-ops-mgmt-verification-challenge, to be answered
 *                with status 200 and {"verification": "<the challenge>"}
 *   cloudevents  OPTIONS with WebHook-Request-Origin (and -Rate, when the
 *                webhook has a rate), to be answered with a 2xx and
 *                WebHook-Allowed-Origin, that origin or *; WebHook-Allowed-Rate
 *                bounds the rate from then on (CloudEvents, HTTP 1.1 Web Hooks
 *                §4). No callback is offered: an answer that comes later than
 *                the response is none.
 *   none         is never made
 */

/** Takes the caller's reference to the webhook. */
void handshake_start(struct worker *worker, const struct webhook *take_webhook);

/**
 * A handshake that failed by the hub's own side (http_failure_is_ours) proves
 * nothing: it is made again after a pause, and the webhook waits meanwhile.
 * When the next one is due, monotonic; INT64_MAX: none is waiting.
 */
int64_t handshake_next_time(const struct worker *worker);
void handshake_run_due(struct worker *worker);

/** The next start makes them again. */
void handshake_forget_all(struct worker *worker);
