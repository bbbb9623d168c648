#pragma once
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A growing array whose elements never move, so that readers may look at
 * elements while one writer adds others. Elements are known by number; a
 * number that was given back is handed out again, its element zeroed.
 *
 * One writer at a time. A reader looks only at numbers that it was told of by
 * a store-release after chunks_take().
 */
enum {
	CHUNKS_STEP = 256, /* elements a chunk */
	CHUNKS_MAX = 1 << 18,
};

/** Where the chunks are; a larger one takes its place, it stays till the end.
 */
struct chunks_directory {
	struct chunks_directory *older;
	uint32_t cap;
	_Atomic(char *) chunk[];
};

struct chunks {
	size_t size; /* of an element */
	_Atomic(struct chunks_directory *) directory;
	_Atomic uint32_t count; /* numbers ever handed out */
	uint32_t *free;		/* a stack */
	uint32_t free_count;
	uint32_t free_cap;
};

void chunks_init(struct chunks *chunks, size_t size);
void chunks_release(struct chunks *chunks);

uint32_t chunks_take(struct chunks *chunks);
void chunks_give(struct chunks *chunks, uint32_t number);

/** Makes sure that all numbers up to this one can be looked at. */
void chunks_reach(struct chunks *chunks, uint32_t number);

static inline uint32_t
chunks_count(const struct chunks *chunks)
{
	return atomic_load_explicit(&chunks->count, memory_order_acquire);
}

static inline void *
chunks_at(const struct chunks *chunks, uint32_t number)
{
	struct chunks_directory *directory =
		atomic_load_explicit(&chunks->directory, memory_order_acquire);

	return atomic_load_explicit(&directory->chunk[number / CHUNKS_STEP],
		       memory_order_acquire) +
	       (size_t)(number % CHUNKS_STEP) * chunks->size;
}
