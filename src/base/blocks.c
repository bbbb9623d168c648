#include "base/blocks.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/compiler.h"
#include "base/mem.h"

enum {
	STEP = 256,	    /* sizes kept are multiples of it, … */
	KINDS = 16,	    /* … the first of them */
	EXPECTED_MAX = 512, /* bytes of the next piece that are asked for */
	PACK = 16,	    /* pieces that go from thread to thread together */
	BYTES_KEPT = MEM_HAS_SANITIZER ? 0 : 4 << 20, /* between threads */
};

struct block {
	struct block *next;
	struct block *next_pack; /* of the first of a pack */
};

struct list {
	struct block *first;
	unsigned count;
};

/* A thread's own. */
static _Thread_local struct list lists[KINDS];
static _Thread_local bool is_registered, is_ending;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct block *packs[KINDS]; /* under the lock, as is … */
static size_t bytes;		   /* … what they come to */

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;

static size_t
size_of(size_t kind)
{
	return (kind + 1) * STEP;
}

/** KINDS or more: none that is kept. */
static size_t
kind_of(size_t size)
{
	return size > 0 ? (size - 1) / STEP : 0;
}

static struct block *
pop(struct list *list)
{
	struct block *block = list->first;

	list->first = block->next;
	list->count--;
	return block;
}

/** Asks for the next one: another thread has written to it, mostly. */
static struct block *
pop_expecting(struct list *list, size_t size)
{
	struct block *block = pop(list);
	const char *next = (const char *)list->first;

	if (size > EXPECTED_MAX)
		size = EXPECTED_MAX;
	for (size_t i = 0; next && i < size; i += CACHE_LINE)
		__builtin_prefetch(next + i, 1);
	return block;
}

static void
push(struct list *list, struct block *block)
{
	block->next = list->first;
	list->first = block;
	list->count++;
}

/* ---- the end of a thread ---- */

static void
free_list(struct list *list)
{
	while (list->first)
		mem_free(pop(list));
}

static void
free_lists(void *context)
{
	struct list *mine = context;

	for (size_t kind = 0; kind < KINDS; kind++)
		free_list(&mine[kind]);
	is_ending = true;
}

static void
make_key(void)
{
	if (pthread_key_create(&key, free_lists) != 0)
		abort();
}

static void
register_thread(void)
{
	pthread_once(&key_once, make_key);
	pthread_setspecific(key, lists);
	is_registered = true;
}

/* ---- between threads ---- */

/** Hands a pack of them on, or frees it when enough are kept. */
static void
hand_on(size_t kind)
{
	struct list pack = {0};
	bool is_kept;

	for (int i = 0; i < PACK; i++)
		push(&pack, pop(&lists[kind]));
	pthread_mutex_lock(&lock);
	is_kept = bytes + PACK * size_of(kind) <= BYTES_KEPT;
	if (is_kept) {
		pack.first->next_pack = packs[kind];
		packs[kind] = pack.first;
		bytes += PACK * size_of(kind);
	}
	pthread_mutex_unlock(&lock);
	if (!is_kept)
		free_list(&pack);
}

/** Leaves the list empty when there is none. */
static void
fetch_pack(size_t kind)
{
	struct block *pack;

	pthread_mutex_lock(&lock);
	pack = packs[kind];
	if (pack) {
		packs[kind] = pack->next_pack;
		bytes -= PACK * size_of(kind);
	}
	pthread_mutex_unlock(&lock);
	lists[kind] = (struct list){pack, pack ? PACK : 0};
}

/* ---- pieces ---- */

void *
blocks_take(size_t size)
{
	size_t kind = kind_of(size);

	if (kind >= KINDS || BYTES_KEPT == 0)
		return mem_resize(NULL, size);
	if (lists[kind].first == NULL)
		fetch_pack(kind);
	if (lists[kind].first == NULL)
		return mem_resize(NULL, size_of(kind));
	if (!is_registered)
		register_thread();
	return pop_expecting(&lists[kind], size_of(kind));
}

void
blocks_give_back(void *block, size_t size)
{
	size_t kind = kind_of(size);

	if (block == NULL || kind >= KINDS || BYTES_KEPT == 0 || is_ending) {
		mem_free(block);
		return;
	}
	if (!is_registered)
		register_thread();
	push(&lists[kind], block);
	if (lists[kind].count == 2 * PACK)
		hand_on(kind);
}
