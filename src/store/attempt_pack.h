#pragma once
#include "base/arena.h"
#include "store/store.h"

/*
 * Attempts of one webhook's neighbouring deliveries as one run of bytes, each
 * told by what it does not share with the one before. What stands in a row of
 * its own takes some 400 bytes, and SQLite's work for eighteen columns; here
 * it is some 120 bytes. Only acknowledged first attempts are meant (number 0):
 * the others are looked for by what they failed of. Pure.
 *
 * An attempt is, in varints (base/varint.h): how far its delivery is behind
 * the one before (behind 0, the first); when it started, as how much later
 * than the one before; how long it took; its status; its four timings; then
 * six texts: failure, error, destination, request_head, response_head,
 * response_body. A text is its length, and then in turn how many bytes are
 * those of the same text before, at the same place, and how many others
 * follow, with these. Differences of times are folded (varint_fold).
 */
enum {
	/* Two rows of so many bytes fill a page of the database. */
	ATTEMPT_PACK_MAX = 2000,
};

struct attempt_pack {
	char bytes[ATTEMPT_PACK_MAX];
	size_t len;
	size_t count;
	const struct attempt_row *last; /* borrowed; NULL: it is empty */
};

static inline void
attempt_pack_clear(struct attempt_pack *pack)
{
	pack->len = 0;
	pack->count = 0;
	pack->last = NULL;
}

/**
 * One more, of a later delivery than those that are in it; borrowed until the
 * next one is added. False: there is no room for it, and nothing was added.
 */
bool attempt_pack_add(struct attempt_pack *pack, const struct attempt_row *row)
	MUST_USE;

/**
 * The attempt of `delivery` in what a pack of `webhook` held; its texts are
 * the arena's. ERR_NOT_FOUND: there is none. ERR_INVALID: those are not the
 * bytes of a pack, or more than one can have; so what is read is bounded.
 */
enum err attempt_pack_find(struct str bytes, uint64_t webhook,
	uint64_t delivery, struct arena *arena, struct attempt_row *ret)
	MUST_USE;
