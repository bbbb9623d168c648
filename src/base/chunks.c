#include "base/chunks.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

enum { FIRST_DIRECTORY = 8 };

static struct chunks_directory *
directory_of(const struct chunks *chunks)
{
	return atomic_load_explicit(&chunks->directory, memory_order_relaxed);
}

/** Twice the room; readers may still look at the former one. */
static void
grow_directory(struct chunks *chunks)
{
	struct chunks_directory *old = directory_of(chunks);
	uint32_t cap = old ? old->cap * 2 : FIRST_DIRECTORY;
	struct chunks_directory *larger = mem_alloc(
		sizeof(*larger) + (size_t)cap * sizeof(larger->chunk[0]));

	larger->older = old;
	larger->cap = cap;
	for (uint32_t i = 0; old && i < old->cap; i++)
		atomic_init(
			&larger->chunk[i], atomic_load_explicit(&old->chunk[i],
						   memory_order_relaxed));
	atomic_store_explicit(&chunks->directory, larger, memory_order_release);
}

void
chunks_init(struct chunks *chunks, size_t size)
{
	*chunks = (struct chunks){.size = size};
	grow_directory(chunks);
}

void
chunks_release(struct chunks *chunks)
{
	struct chunks_directory *directory = directory_of(chunks);
	uint32_t count = chunks_count(chunks);

	for (uint32_t i = 0; i < count; i += CHUNKS_STEP)
		mem_free(atomic_load(&directory->chunk[i / CHUNKS_STEP]));
	while (directory) {
		struct chunks_directory *older = directory->older;

		mem_free(directory);
		directory = older;
	}
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
		i <= number / CHUNKS_STEP; i++) {
		while (i >= directory_of(chunks)->cap)
			grow_directory(chunks);
		atomic_store_explicit(&directory_of(chunks)->chunk[i],
			mem_alloc_array(CHUNKS_STEP, chunks->size),
			memory_order_release);
	}
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
