#include "pipeline/parcel.h"

#include <assert.h>

#include "base/mem.h"

struct parcel *
parcel_new(void)
{
	/* Not zeroed: mostly it carries little. */
	struct parcel *parcel = mem_resize(NULL, sizeof(*parcel));

	parcel->message = (struct message){0};
	parcel->count = 0;
	return parcel;
}

void
parcel_free(struct parcel *parcel)
{
	if (parcel == NULL)
		return;
	for (size_t i = 0; i < parcel->count; i++)
		payload_unref(parcel->items[i].payload);
	mem_free(parcel);
}

bool
parcel_fits(const struct delivery_row *row)
{
	return row->state == DELIVERY_WAITING && row->attempts == 0 &&
	       row->spent == 0 && row->since == 0 && row->due == row->created &&
	       row->updated == row->created;
}

void
parcel_add(struct parcel *parcel, const struct delivery_row *row,
	struct payload *payload)
{
	assert(parcel->count < PARCEL_MAX);
	parcel->items[parcel->count++] = (struct parcel_item){
		.sequence = row->sequence,
		.event = row->event,
		.webhook = row->webhook,
		.resource = row->resource,
		.created = row->created,
		.payload = payload_ref(payload),
		.workspace = row->workspace,
	};
}

void
parcel_row(const struct parcel_item *item, struct delivery_row *row)
{
	row->sequence = item->sequence;
	row->workspace = item->workspace;
	row->event = item->event;
	row->webhook = item->webhook;
	row->due = row->created = row->updated = item->created;
	row->resource = item->resource;
}
