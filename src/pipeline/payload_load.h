#pragma once
#include "pipeline/payload.h"
#include "store/store.h"

/*
 * What a delivery of a stored event sends. May block on the disk for a moment.
 */

/**
 * A payload with one reference, with no more than is sent: both states only
 * when it `is_whole`. NULL: it could not be read.
 */
struct payload *payload_load(
	struct store *store, uint64_t event, bool is_whole);
