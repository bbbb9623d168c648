#pragma once
#include "pipeline/worker.h"

/*
 * Proving that an endpoint wants the events, by the webhook's kind of
 * handshake (a table in the .c). One try, with a time limit, unless it says
 * otherwise; the webhook's own headers and its credential go with it.
 *
 *   com          GET with a challenge in the header
 *                x-compute-ops-mgmt-verification-challenge, to be answered
 *                with status 200 and {"verification": "<the challenge>"}
 *   cloudevents  OPTIONS with WebHook-Request-Origin (and -Rate, when the
 *                webhook has a rate), to be answered with a 2xx and
 *                WebHook-Allowed-Origin, that origin or *; WebHook-Allowed-Rate
 *                bounds the rate from then on (CloudEvents, HTTP 1.1 Web Hooks
 *                §4). With a public URL WebHook-Request-Callback is offered: a
 *                2xx without consent then waits for a call there
 *                (pipeline/callback.h), until callback_timeout
 *   greenlake    POST of a CloudEvent of type com.hpe.greenlake.events.
 *                v1beta1.webhooks.verification, signed as deliveries are, to
 *                be answered with a 2xx and {"verification": "<hex>"}, the
 *                HMAC-SHA256 of data.challengeRequest by the webhook's secret
 *                or its second one. As many tries as the options say. The
 *                rate is asked for before, by OPTIONS (rate_probe.h)
 *   none         is made to probe a disabled webhook only: a POST of a test
 *                event in the webhook's form, signed, to be answered with a
 *                2xx. It is no delivery; nothing of it is kept
 */

/** Takes the caller's reference to the webhook. */
void handshake_start(struct worker *worker, const struct webhook *take_webhook);
