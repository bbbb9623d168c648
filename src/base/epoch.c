#include "base/epoch.h"

#include <sched.h>

#include "base/mem.h"

/* Of the reader's mark and its first look, and of the writer's last change
 * and its look at the marks, at least one sees the other. TSan does not know
 * fences; the sequentially consistent accesses beside them are enough on the
 * machines that it runs on. */
static inline void
full_fence(void)
{
#ifndef __SANITIZE_THREAD__
	atomic_thread_fence(memory_order_seq_cst);
#endif
}

void
epoch_init(struct epoch *epoch)
{
	*epoch = (struct epoch){.now = 1};
}

void
epoch_release(struct epoch *epoch, void (*free_context)(void *context))
{
	struct epoch_reader *reader = atomic_load(&epoch->readers);

	while (epoch->count)
		epoch_advance(epoch);
	while (reader) {
		struct epoch_reader *next = reader->next;

		if (free_context && reader->context)
			free_context(reader->context);
		mem_free(reader);
		reader = next;
	}
	mem_free(epoch->items);
	*epoch = (struct epoch){0};
}

static struct epoch_reader *
take_reader(struct epoch *epoch)
{
	struct epoch_reader *reader =
		atomic_load_explicit(&epoch->readers, memory_order_acquire);

	for (; reader; reader = reader->next) {
		bool is_taken = atomic_load_explicit(
			&reader->is_taken, memory_order_relaxed);

		if (!is_taken && !atomic_exchange_explicit(&reader->is_taken,
					 true, memory_order_acquire))
			return reader;
	}
	reader = MEM_NEW(struct epoch_reader);
	atomic_init(&reader->is_taken, true);
	reader->next =
		atomic_load_explicit(&epoch->readers, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(&epoch->readers,
		&reader->next, reader, memory_order_release,
		memory_order_relaxed)) {
	}
	return reader;
}

struct epoch_reader *
epoch_enter(struct epoch *epoch)
{
	struct epoch_reader *reader = take_reader(epoch);
	uint64_t now = atomic_load_explicit(&epoch->now, memory_order_acquire);

	atomic_exchange_explicit(&reader->active, now, memory_order_seq_cst);
	full_fence();
	return reader;
}

void
epoch_leave(struct epoch_reader *reader)
{
	atomic_store_explicit(&reader->active, 0, memory_order_release);
	atomic_store_explicit(&reader->is_taken, false, memory_order_release);
}

static void
grow(struct epoch *epoch)
{
	size_t cap = epoch->cap ? epoch->cap * 2 : 64;
	struct epoch_item *items = mem_alloc_array(cap, sizeof(*items));

	for (size_t i = 0; i < epoch->count; i++)
		items[i] = epoch->items[(epoch->head + i) & (epoch->cap - 1)];
	mem_free(epoch->items);
	epoch->items = items;
	epoch->head = 0;
	epoch->cap = cap;
}

void
epoch_retire(struct epoch *epoch, void (*release)(void *owner, uint64_t thing),
	void *owner, uint64_t thing)
{
	uint64_t now = atomic_load_explicit(&epoch->now, memory_order_relaxed);

	if (epoch->count == epoch->cap)
		grow(epoch);
	epoch->items[(epoch->head + epoch->count++) & (epoch->cap - 1)] =
		(struct epoch_item){now, release, owner, thing};
}

static void
free_memory(void *owner, uint64_t thing)
{
	(void)owner;
	mem_free((void *)(uintptr_t)thing);
}

void
epoch_retire_memory(struct epoch *epoch, void *memory)
{
	if (memory)
		epoch_retire(epoch, free_memory, NULL, (uintptr_t)memory);
}

/** Things retired before this epoch are in nobody's hands. */
static uint64_t
oldest_reader(struct epoch *epoch)
{
	uint64_t oldest =
		atomic_fetch_add_explicit(&epoch->now, 1, memory_order_seq_cst);
	struct epoch_reader *reader;

	oldest++;
	full_fence();
	reader = atomic_load_explicit(&epoch->readers, memory_order_seq_cst);
	for (; reader; reader = reader->next) {
		uint64_t active = atomic_load_explicit(
			&reader->active, memory_order_seq_cst);

		if (active && active < oldest)
			oldest = active;
	}
	return oldest;
}

void
epoch_advance(struct epoch *epoch)
{
	uint64_t oldest;

	if (epoch->count == 0 || epoch->is_advancing)
		return;
	epoch->is_advancing = true;
	oldest = oldest_reader(epoch);
	while (epoch->count && epoch->items[epoch->head].epoch < oldest) {
		struct epoch_item item = epoch->items[epoch->head];

		epoch->head = (epoch->head + 1) & (epoch->cap - 1);
		epoch->count--;
		item.release(item.owner, item.thing);
	}
	epoch->is_advancing = false;
}

void
epoch_wait(struct epoch *epoch)
{
	for (;;) {
		epoch_advance(epoch);
		if (epoch->count == 0)
			return;
		sched_yield();
	}
}
