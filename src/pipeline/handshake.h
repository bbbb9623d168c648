#pragma once
#include "pipeline/worker.h"

/*
 * Proving that an endpoint wants the events: COM's GET with a challenge in the
 * header x-compute-ops-mgmt-verification-challenge, to be answered with status
 * 200 and {"verification": "<the challenge>"}. One try, with a time limit.
 */

/** Takes the caller's reference to the webhook. */
void handshake_start(struct worker *worker, const struct webhook *take_webhook);
