#pragma once
#include <stdalign.h>

#include "base/buf.h"
#include "base/mem.h"

/*
 * Memory that lives and dies together: a request, an attempt, a parse.
 * Allocation is a pointer bump; there is no free of a single piece. Blocks
 * are kept by arena_reset() so that a long-lived arena stops calling the heap.
 * Owned by one thread at a time.
 *
 * A zeroed struct arena is a valid empty one. What goes into an arena is
 * bounded by whoever accepts the input (body size, filter length), not here.
 */
struct arena_block;

/** Bytes between two pieces, whose use the address sanitizer reports. */
enum { ARENA_GAP = MEM_HAS_ASAN ? 16 : 0 };

struct arena {
	struct arena_block *block; /* the one in use; older ones behind it */
	size_t used;		   /* bytes of `block` in use */
	size_t total;		   /* bytes taken from the heap, all blocks */
	size_t first;		   /* size of the first block; 0: 4 KiB */
	size_t step;		   /* of others; 0: twice the one before */
};

void arena_release(struct arena *arena);

/** Forget all pieces; keeps at most one block (the largest). */
void arena_reset(struct arena *arena);

/** `size` zeroed bytes, aligned for any type. Never NULL. */
void *arena_alloc(struct arena *arena, size_t size);

/** The same, not zeroed. */
void *arena_alloc_raw(struct arena *arena, size_t size);

/**
 * Of the `former` bytes at `piece` only `size` are needed. The rest is given
 * back if nothing was allocated since.
 */
void arena_shrink(
	struct arena *arena, const void *piece, size_t former, size_t size);

/** `count` zeroed elements; a product that overflows aborts. */
void *arena_alloc_array(struct arena *arena, size_t count, size_t size);

/** A copy, followed by a NUL that does not count; an empty one takes nothing.
 */
struct str arena_copy(struct arena *arena, struct str bytes);

/** The same with ASCII's capital letters made small. */
struct str arena_copy_lower(struct arena *arena, struct str bytes);

/**
 * An empty buffer of at most `max` bytes, which are the arena's: not to be
 * released.
 */
struct buf arena_buf(struct arena *arena, size_t max);

/** A formatted text, NUL-terminated. */
struct str arena_printf(struct arena *arena, const char *format, ...)
	PRINTF_LIKE(2, 3);

/** A decimal number of at least `digits` digits, NUL-terminated. */
struct str arena_decimal(struct arena *arena, uint64_t value, unsigned digits);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
