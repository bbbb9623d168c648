#include "base/arena.h"

#include <assert.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/mem.h"

#if MEM_HAS_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

enum { FIRST_BLOCK = 4096, LARGEST_STEP = 1 << 20 };

struct arena_block {
	struct arena_block *older;
	size_t size;
	alignas(max_align_t) char bytes[];
};

/* ---- blocks that are kept for the next arena ---- */

/*
 * Requests and attempts come and go by the ten thousand, each with a block or
 * two, which are too large for the heap's own quick lists. So every thread
 * keeps a few of each common size. Not under sanitizers, which are to see
 * each block freed.
 */

enum {
	SIZES_KEPT = 4,
	/* Of the smallest size; of each next one half as many. */
	BYTES_KEPT = MEM_HAS_SANITIZER ? 0 : 1 << 20,
};

struct kept_blocks {
	struct arena_block *block;
	size_t bytes;
};

static _Thread_local struct kept_blocks kept_blocks[SIZES_KEPT];
static _Thread_local bool is_registered, is_ending;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;

static void
free_kept(void *context)
{
	struct kept_blocks *kept = context;

	for (size_t i = 0; i < SIZES_KEPT; i++) {
		while (kept[i].block) {
			struct arena_block *block = kept[i].block;

			kept[i].block = block->older;
			mem_free(block);
		}
	}
	is_ending = true;
}

static void
make_key(void)
{
	if (pthread_key_create(&key, free_kept) != 0)
		abort();
}

/** Those of blocks of this size; NULL: they are not kept. */
static struct kept_blocks *
kept_of_size(size_t size)
{
	for (size_t i = 0; i < SIZES_KEPT; i++) {
		if (size == (size_t)FIRST_BLOCK << i)
			return &kept_blocks[i];
	}
	return NULL;
}

static struct arena_block *
block_new(size_t size)
{
	struct kept_blocks *kept = kept_of_size(size);
	struct arena_block *block;

	if (kept && kept->block) {
		block = kept->block;
		kept->block = block->older;
		kept->bytes -= size;
		return block;
	}
	block = mem_resize(NULL, sizeof(*block) + size);
	block->size = size;
	return block;
}

static void
block_free(struct arena_block *block)
{
	struct kept_blocks *kept = kept_of_size(block->size);

	if (kept == NULL || is_ending ||
		kept->bytes + block->size >
			(size_t)BYTES_KEPT * FIRST_BLOCK / block->size) {
		mem_free(block);
		return;
	}
	if (!is_registered) {
		pthread_once(&key_once, make_key);
		pthread_setspecific(key, kept_blocks);
		is_registered = true;
	}
	block->older = kept->block;
	kept->block = block;
	kept->bytes += block->size;
}

/* ---- arenas ---- */

void
arena_release(struct arena *arena)
{
	if (arena == NULL)
		return;
	while (arena->block) {
		struct arena_block *older = arena->block->older;

		block_free(arena->block);
		arena->block = older;
	}
	*arena = (struct arena){0};
}

void
arena_reset(struct arena *arena)
{
	struct arena_block *kept = arena->block;

	for (struct arena_block *at = kept; at; at = at->older) {
		if (at->size > kept->size)
			kept = at;
	}
	while (arena->block) {
		struct arena_block *older = arena->block->older;

		if (arena->block != kept)
			block_free(arena->block);
		arena->block = older;
	}
	if (kept) {
		kept->older = NULL;
		arena->block = kept;
		ASAN_POISON_MEMORY_REGION(kept->bytes, kept->size);
	}
	arena->used = 0;
	arena->total = kept ? kept->size : 0;
}

static void
add_block(struct arena *arena, size_t size)
{
	size_t first = arena->first ? arena->first : FIRST_BLOCK;
	size_t next = arena->step    ? arena->step
		      : arena->block ? arena->block->size * 2
				     : 0;
	size_t step = arena->block ? next : first;
	struct arena_block *block;

	if (step > LARGEST_STEP)
		step = LARGEST_STEP;
	/* Of a size that is kept, if there is one. */
	while (!arena->step && step < size &&
		step < (size_t)FIRST_BLOCK << (SIZES_KEPT - 1))
		step *= 2;
	if (step < size)
		step = size;
	block = block_new(step);
	ASAN_POISON_MEMORY_REGION(block->bytes, step);
	block->older = arena->block;
	arena->block = block;
	arena->used = 0;
	arena->total += step;
}

static inline size_t
align_up(size_t size)
{
	const size_t align = alignof(max_align_t);

	return (size + align - 1) & ~(align - 1);
}

/** How much of a block is in use when its last piece ends at `end`. */
static inline size_t
used_with_gap(const struct arena_block *block, size_t end)
{
	return block->size - end <= ARENA_GAP ? block->size : end + ARENA_GAP;
}

void *
arena_alloc_raw(struct arena *arena, size_t size)
{
	size_t room = align_up(size);
	void *at;

	assert(size < SIZE_MAX / 2);
	if (arena->block == NULL || arena->block->size - arena->used < room)
		add_block(arena, room);
	at = arena->block->bytes + arena->used;
	arena->used = used_with_gap(arena->block, arena->used + room);
	ASAN_UNPOISON_MEMORY_REGION(at, size);
	return at;
}

void
arena_shrink(struct arena *arena, const void *piece, size_t former, size_t size)
{
	struct arena_block *block = arena->block;
	size_t start;

	assert(size <= former);
	if (block == NULL)
		return;
	start = (uintptr_t)piece - (uintptr_t)block->bytes;
	if (start > arena->used || arena->used - start < align_up(former) ||
		used_with_gap(block, start + align_up(former)) != arena->used)
		return;
	arena->used = used_with_gap(block, start + align_up(size));
	ASAN_POISON_MEMORY_REGION(block->bytes + start + size, former - size);
}

void *
arena_alloc(struct arena *arena, size_t size)
{
	void *at = arena_alloc_raw(arena, size);

	memset(at, 0, size);
	return at;
}

void *
arena_alloc_array(struct arena *arena, size_t count, size_t size)
{
	assert(size == 0 || count <= SIZE_MAX / 2 / size);
	return arena_alloc(arena, count * size);
}

struct str
arena_copy(struct arena *arena, struct str bytes)
{
	char *at;

	if (bytes.len == 0)
		return STR("");
	at = arena_alloc_raw(arena, bytes.len + 1);
	memcpy(at, bytes.ptr, bytes.len);
	at[bytes.len] = '\0';
	return str_make(at, bytes.len);
}

struct buf
arena_buf(struct arena *arena, size_t max)
{
	char *at = arena_alloc_raw(arena, max + 1);

	assert(max > 0);
	at[0] = '\0';
	/* Its maximum keeps it from ever asking the heap for more. */
	return (struct buf){.ptr = at, .cap = max + 1, .max = max};
}

struct str
arena_copy_lower(struct arena *arena, struct str bytes)
{
	char *at = arena_alloc_raw(arena, bytes.len + 1);

	for (size_t i = 0; i < bytes.len; i++)
		at[i] = ascii_lower(bytes.ptr[i]);
	at[bytes.len] = '\0';
	return str_make(at, bytes.len);
}

struct str
arena_decimal(struct arena *arena, uint64_t value, unsigned digits)
{
	char text[STR_DECIMAL_SIZE];

	return arena_copy(arena, str_decimal(value, digits, text));
}

struct str
arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	int len;
	char *at;

	assert(format != NULL);
	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	assert(len >= 0);
	at = arena_alloc_raw(arena, (size_t)len + 1);
	va_start(args, format);
	vsnprintf(at, (size_t)len + 1, format, args);
	va_end(args);
	return str_make(at, (size_t)len);
}
