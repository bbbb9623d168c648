#pragma once
#include "base/numbers.h"
#include "pipeline/payload.h"

/*
 * Payloads of deliveries that found no room in memory and wait on disk: when
 * their turn comes soon, their events need not be read back. What is put first
 * is asked for first, so a full shelf takes no more rather than give up what
 * is needed next; what nobody has asked for within SHELF_TIME goes. One
 * thread; a zeroed shelf is a valid empty one that holds nothing.
 */
#define SHELF_TIME INT64_C(10000000) /* microseconds */

struct shelved;

struct shelf {
	size_t bytes_max;
	size_t bytes;
	struct numbers by_event;
	struct shelved *oldest, *newest;
};

void shelf_release(struct shelf *shelf);

/** For one more delivery of the event; NULL is harmless. `now`: monotonic. */
void shelf_put(struct shelf *shelf, struct payload *payload, int64_t now);

/** A reference for one of the deliveries that it was put for, or NULL. */
struct payload *shelf_take(struct shelf *shelf, uint64_t event);

/** Drops what has been there for too long. */
void shelf_expire(struct shelf *shelf, int64_t now);
