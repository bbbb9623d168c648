/* How large an event may be for who wants it. */
#include <stdatomic.h>

#include "pipeline/envelope.h"
#include "pipeline/ingest_work.h"

/* What the names of an envelope's members and its numbers take at most. */
enum { ENVELOPE_MAX = 1024 };

/** At most, without building it: text that is escaped grows sixfold. */
static size_t
most(const struct payload_facts *facts)
{
	return ENVELOPE_MAX +
	       6 * (facts->body.len + facts->rest.len + facts->attributes.len +
			   facts->id.len + facts->source.len + facts->type.len +
			   facts->subject.len);
}

static size_t
measure(const struct payload_facts *facts, struct arena *arena)
{
	struct payload *payload = payload_new(facts);
	struct envelope envelope;
	size_t len;

	envelope_build(PAYLOAD_CLOUDEVENT, payload, arena, &envelope);
	len = envelope.body.len;
	payload_unref(payload);
	return len;
}

bool
ingest_fits(struct ingest_work *work, const struct webhook *webhook,
	const struct payload_facts *facts)
{
	size_t max = work->ingest->options.greenlake_bytes_max;
	size_t len;

	if (max == 0 || !str_equal(webhook->dialect, STR("greenlake")) ||
		most(facts) <= max)
		return true;
	if (work->envelope_len == 0)
		work->envelope_len = measure(facts, work->arena);
	len = work->envelope_len;
	if (len <= max)
		return true;
	atomic_fetch_add_explicit(
		&work->ingest->oversized, 1, memory_order_relaxed);
	work->item->because = PUBLISH_TOO_LARGE;
	ingest_work_refuse(work, ERR_LIMIT,
		"as a CloudEvent the event has %zu bytes, and the GreenLake "
		"webhook \"%.*s\", which wants it, takes at most %zu; nothing "
		"was stored",
		len, STR_ARG(webhook->name), max);
	return false;
}
