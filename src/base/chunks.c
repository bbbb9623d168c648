#include "base/chunks.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

void
chunks_init(struct chunks *chunks, size_t size)
{
	*chunks = (struct chunks){.size = size};
	/* Pages that nobody touches are not there. */
	chunks->directory =
		mem_alloc_array(CHUNKS_MAX, sizeof(*chunks->directory));
}

void
chunks_release(struct chunks *chunks)
{
	uint32_t count = chunks_count(chunks);

	for (uint32_t i = 0; i < count; i += CHUNKS_STEP)
		mem_free(atomic_load(&chunks->directory[i / CHUNKS_STEP]));
	mem_free(chunks->directory);
	mem_free(chunks->free);
	*chunks = (struct chunks){0};
}

void
chunks_reach(struct chunks *chunks, uint32_t number)
{
	uint32_t count = chunks_count(chunks);

	if (number < count)
		return;
	assert(number / CHUNKS_STEP < CHUNKS_MAX);
	for (uint32_t i = (count + CHUNKS_STEP - 1) / CHUNKS_STEP;
		i <= number / CHUNKS_STEP; i++)
		atomic_store_explicit(&chunks->directory[i],
			mem_alloc_array(CHUNKS_STEP, chunks->size),
			memory_order_release);
	atomic_store_explicit(&chunks->count, number + 1, memory_order_release);
}

uint32_t
chunks_take(struct chunks *chunks)
{
	uint32_t number;

	if (chunks->free_count) {
		number = chunks->free[--chunks->free_count];
		memset(chunks_at(chunks, number), 0, chunks->size);
		return number;
	}
	number = chunks_count(chunks);
	chunks_reach(chunks, number);
	return number;
}

void
chunks_give(struct chunks *chunks, uint32_t number)
{
	if (chunks->free_count == chunks->free_cap) {
		chunks->free_cap = chunks->free_cap ? chunks->free_cap * 2 : 64;
		chunks->free = mem_resize(
			chunks->free, chunks->free_cap * sizeof(*chunks->free));
	}
	chunks->free[chunks->free_count++] = number;
}
