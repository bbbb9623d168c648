#pragma once
#include "api/route.h"
#include "base/uuid.h"
#include "rule/catalog.h"

/*
 * COM's deliveries: each item is one attempt. The ten most recent are listed
 * and the five most recent failures (reference §1.9); a single one is found as
 * long as it is kept.
 */
struct attempt_view; /* store/store.h */
struct json_out;     /* base/json_out.h */

enum {
	COM_DELIVERIES_RECENT = 10,
	COM_DELIVERIES_FAILED = 5,
	/* An attempt's number fits into the low bits of its id's sequence. */
	COM_ATTEMPTS_MAX = 64,
};

/**
 * The public id of an attempt: version 7, of the time when it started and
 * sequence of its delivery × COM_ATTEMPTS_MAX + its number. So it leads back
 * to both without an index.
 */
struct uuid com_delivery_id(
	int64_t started, uint64_t delivery, uint32_t number);

/** What com_delivery_id put in; noise for any other id. */
void com_delivery_id_read(
	struct uuid id, uint64_t *ret_delivery, uint32_t *ret_number);

/**
 * Appends the eventType: collection and verb, "compute-ops/servers:UPDATE". A
 * type that is not COM's keeps its name, one without operation has no verb.
 */
void com_event_type(struct buf *out, struct str type, enum operation operation);

/** Writes the item. `arena` is for looking into the body. */
void com_delivery_write(struct json_out *out, struct uuid webhook,
	const struct attempt_view *view, struct arena *arena);

void com_deliveries_list(struct api_call *call); /* blocks */
void com_deliveries_get(struct api_call *call);	 /* blocks */
