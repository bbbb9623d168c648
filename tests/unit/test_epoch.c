#include <pthread.h>

#include "base/epoch.h"
#include "base/mem.h"
#include "check.h"

static void
note(void *owner, uint64_t thing)
{
	uint64_t *log = owner;

	*log = *log * 10 + thing;
}

TEST(epoch, without_readers_all_is_released_at_once_in_order)
{
	struct epoch epoch;
	uint64_t log = 0;

	epoch_init(&epoch);
	for (uint64_t i = 1; i <= 5; i++)
		epoch_retire(&epoch, note, &log, i);
	CHECK_INT(log, 0);
	epoch_advance(&epoch);
	CHECK_INT(log, 12345);
	epoch_release(&epoch, NULL);
}

TEST(epoch, what_a_reader_may_hold_waits_for_it)
{
	struct epoch epoch;
	struct epoch_reader *reader;
	uint64_t log = 0;

	epoch_init(&epoch);
	epoch_retire(&epoch, note, &log, 1);
	reader = epoch_enter(&epoch);
	epoch_retire(&epoch, note, &log, 2);
	epoch_advance(&epoch);
	epoch_advance(&epoch);
	/* It entered in the epoch that both were retired in. */
	CHECK_INT(log, 0);
	epoch_leave(reader);
	epoch_advance(&epoch);
	CHECK_INT(log, 12);
	epoch_release(&epoch, NULL);
}

TEST(epoch, a_later_reader_holds_nothing_up)
{
	struct epoch epoch;
	struct epoch_reader *first, *second;
	uint64_t log = 0;

	epoch_init(&epoch);
	first = epoch_enter(&epoch);
	epoch_retire(&epoch, note, &log, 1);
	epoch_advance(&epoch);
	second = epoch_enter(&epoch);
	CHECK(first != second);
	epoch_retire(&epoch, note, &log, 2);
	epoch_leave(first);
	epoch_advance(&epoch);
	CHECK_INT(log, 1);
	epoch_leave(second);
	epoch_advance(&epoch);
	CHECK_INT(log, 12);
	epoch_release(&epoch, NULL);
}

TEST(epoch, a_reader_that_left_is_used_again_with_its_context)
{
	struct epoch epoch;
	struct epoch_reader *reader;
	int context;

	epoch_init(&epoch);
	reader = epoch_enter(&epoch);
	reader->context = &context;
	epoch_leave(reader);
	CHECK(epoch_enter(&epoch) == reader);
	CHECK(reader->context == &context);
	epoch_leave(reader);
	epoch_release(&epoch, NULL);
}

static void
free_context(void *context)
{
	++*(int *)context;
}

TEST(epoch, release_gives_every_context_back_and_leaves_nothing)
{
	struct epoch epoch;
	struct epoch_reader *readers[3];
	uint64_t log = 0;
	int freed = 0;

	epoch_init(&epoch);
	for (int i = 0; i < 3; i++) {
		readers[i] = epoch_enter(&epoch);
		readers[i]->context = i < 2 ? &freed : NULL;
	}
	for (int i = 0; i < 3; i++)
		epoch_leave(readers[i]);
	epoch_retire(&epoch, note, &log, 4);
	epoch_retire_memory(&epoch, mem_alloc(10));
	epoch_retire_memory(&epoch, NULL);
	epoch_release(&epoch, free_context);
	CHECK_INT(freed, 2);
	CHECK_INT(log, 4);
}

static void
retire_again(void *owner, uint64_t thing)
{
	struct epoch *epoch = owner;

	if (thing)
		epoch_retire(epoch, retire_again, epoch, thing - 1);
	epoch_advance(epoch); /* from within: harmless */
}

TEST(epoch, releasing_may_retire_more)
{
	struct epoch epoch;

	epoch_init(&epoch);
	epoch_retire(&epoch, retire_again, &epoch, 200);
	epoch_wait(&epoch);
	CHECK_INT(epoch.count, 0);
	epoch_release(&epoch, NULL);
}

/* ---- with readers of their own threads ---- */

enum { READERS = 3, CHANGES = 3000 };

struct race {
	struct epoch epoch;
	_Atomic(uint64_t *) shown;
	_Atomic bool is_over;
	_Atomic int bad;
};

static void
spoil(void *owner, uint64_t thing)
{
	uint64_t *memory = (uint64_t *)(uintptr_t)thing;

	(void)owner;
	*memory = 0;
	mem_free(memory);
}

static void *
look_on(void *argument)
{
	struct race *race = argument;

	while (!atomic_load(&race->is_over)) {
		struct epoch_reader *reader = epoch_enter(&race->epoch);
		uint64_t *memory = atomic_load_explicit(
			&race->shown, memory_order_acquire);

		for (int i = 0; i < 10; i++) {
			if (*memory != 42)
				atomic_fetch_add(&race->bad, 1);
		}
		epoch_leave(reader);
	}
	return NULL;
}

static uint64_t *
make(void)
{
	uint64_t *memory = mem_alloc(sizeof(*memory));

	*memory = 42;
	return memory;
}

TEST(epoch, no_reader_sees_what_was_released)
{
	struct race race = {0};
	pthread_t threads[READERS];

	epoch_init(&race.epoch);
	atomic_store(&race.shown, make());
	for (int i = 0; i < READERS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, look_on, &race), 0);
	for (int i = 0; i < CHANGES; i++) {
		uint64_t *old = atomic_load(&race.shown);

		atomic_store_explicit(
			&race.shown, make(), memory_order_release);
		epoch_retire(&race.epoch, spoil, NULL, (uintptr_t)old);
		epoch_advance(&race.epoch);
		if (i % 500 == 0)
			epoch_wait(&race.epoch);
	}
	atomic_store(&race.is_over, true);
	for (int i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	CHECK_INT(atomic_load(&race.bad), 0);
	epoch_retire(
		&race.epoch, spoil, NULL, (uintptr_t)atomic_load(&race.shown));
	epoch_release(&race.epoch, NULL);
}
