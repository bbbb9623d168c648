#pragma once
#include "pipeline/payload.h"
#include "store/store.h"

/**
 * What deliveries of a stored event send, whole, with one reference; NULL when
 * it cannot be read, or what it would send is not kept any more. Any thread;
 * may block on the disk for a moment.
 */
struct payload *payload_read(struct store *store, uint64_t event);
