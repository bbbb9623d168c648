#pragma once
#include "base/mailbox.h"
#include "pipeline/payload.h"
#include "store/store.h"

/*
 * Fresh deliveries on their way to a worker, many in one message: a message,
 * and memory, for each of them would cost both threads more than all the rest
 * of handing them over. One thread at a time.
 */
enum { PARCEL_MAX = 512 };

struct parcel {
	struct message message;
	size_t count;
	struct parcel_item {
		uint64_t sequence;
		uint64_t event;
		uint64_t webhook;
		uint64_t resource;
		int64_t created;
		struct payload *payload; /* a reference, or NULL */
		uint32_t workspace;
	} items[PARCEL_MAX];
};

struct parcel *parcel_new(void);
/** Also the references of items that are still inside; NULL is harmless. */
void parcel_free(struct parcel *parcel);

/** Whether there is nothing to the row but what a parcel carries. */
bool parcel_fits(const struct delivery_row *row);

/** Adds one that fits; the parcel must not be full. */
void parcel_add(struct parcel *parcel, const struct delivery_row *row,
	struct payload *payload);

/**
 * An item's row again, in one that was zeroed, or written here before; its
 * payload's reference is the item's still.
 */
void parcel_row(const struct parcel_item *item, struct delivery_row *row);
