#pragma once
#include "net/http_client.h"
#include "pipeline/payload.h"
#include "rule/webhook_options.h"

/*
 * What a delivery sends, by the webhook's payload form: one table of forms.
 * Pure.
 *
 *   resource           the payload's body, byte for byte
 *   cloudevent         CloudEvents 1.0 in structured mode
 *   cloudevent-binary  CloudEvents 1.0 in binary mode
 *   cloudevent-plain   as cloudevent, with the media type application/json
 *
 * A CloudEvent that came in goes out as it came: its id, source, type, time,
 * subject, data and extensions. A resource's state that was published becomes
 * an event of type grapnel.resource.created, .updated or .deleted with the
 * hub's source, the resource's id as subject, `sequence` to order by, and as
 * data {"type","id","operation","new","old"}, without `new` when it is
 * deleted and without `old` when it is created.
 *
 * The trace that a state was published in goes with its event as the extensions
 * traceparent and tracestate (CloudEvents' distributed tracing), so that each
 * event of a batch has its own; one that came in as a CloudEvent has them among
 * its own.
 *
 * Whatever the form, the header ce-sequence goes out with it (attempt): the
 * event's place in the order of acceptance, as 20 digits, unless the event has
 * a `sequence` of its own.
 */
struct envelope {
	struct str content_type;
	struct str body;
	const struct http_header *headers; /* beside Content-Type */
	size_t header_count;
	bool has_sequence; /* the event itself brings one, which goes out */
};

/** Whether this form needs a payload that is whole. */
bool envelope_needs_whole(enum webhook_payload form);

/** What is made is in `arena`, the rest the payload's own. */
void envelope_build(enum webhook_payload form, const struct payload *payload,
	struct arena *arena, struct envelope *ret);

/**
 * One body of many, in a form that knows batches: a JSON array (CloudEvents
 * JSON format §4). What is made is in `arena`.
 */
void envelope_build_batch(enum webhook_payload form,
	const struct payload *const *payloads, size_t count,
	struct arena *arena, struct envelope *ret);
