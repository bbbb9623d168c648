#include <pthread.h>

#include "base/chunks.h"
#include "check.h"

TEST(chunks, numbers_go_up_and_elements_are_zeroed)
{
	struct chunks chunks;

	chunks_init(&chunks, sizeof(uint64_t));
	for (uint32_t i = 0; i < 3 * CHUNKS_STEP; i++) {
		CHECK_INT(chunks_take(&chunks), i);
		CHECK_INT(*(uint64_t *)chunks_at(&chunks, i), 0);
		*(uint64_t *)chunks_at(&chunks, i) = i + 1;
	}
	CHECK_INT(chunks_count(&chunks), 3 * CHUNKS_STEP);
	chunks_release(&chunks);
}

TEST(chunks, elements_stay_where_they_are)
{
	struct chunks chunks;
	uint64_t *first;

	chunks_init(&chunks, sizeof(uint64_t));
	first = chunks_at(&chunks, chunks_take(&chunks));
	*first = 7;
	/* The directory grows several times on the way. */
	chunks_reach(&chunks, 100 * CHUNKS_STEP);
	CHECK(chunks_at(&chunks, 0) == first);
	CHECK_INT(*first, 7);
	*(uint64_t *)chunks_at(&chunks, 100 * CHUNKS_STEP) = 8;
	CHECK_INT(chunks_count(&chunks), 100 * CHUNKS_STEP + 1);
	chunks_release(&chunks);
}

TEST(chunks, a_number_given_back_is_taken_again_zeroed)
{
	struct chunks chunks;

	chunks_init(&chunks, sizeof(uint32_t));
	for (int i = 0; i < 10; i++)
		*(uint32_t *)chunks_at(&chunks, chunks_take(&chunks)) = 9;
	chunks_give(&chunks, 3);
	chunks_give(&chunks, 5);
	CHECK_INT(chunks_take(&chunks), 5);
	CHECK_INT(*(uint32_t *)chunks_at(&chunks, 5), 0);
	CHECK_INT(chunks_take(&chunks), 3);
	CHECK_INT(chunks_take(&chunks), 10);
	chunks_release(&chunks);
}

TEST(chunks, reaching_what_is_there_changes_nothing)
{
	struct chunks chunks;

	chunks_init(&chunks, 24);
	chunks_reach(&chunks, 10);
	chunks_reach(&chunks, 4);
	CHECK_INT(chunks_count(&chunks), 11);
	chunks_release(&chunks);
	/* Twice is harmless, as is one that never was. */
	chunks_release(&chunks);
}

enum { GROWN = 200 * CHUNKS_STEP };

/** Whatever number it is told of is there, as it was filled. */
static void *
read_on(void *argument)
{
	_Atomic uint32_t *told = ((void **)argument)[1];
	struct chunks *chunks = ((void **)argument)[0];
	uint32_t last;

	do {
		last = atomic_load_explicit(told, memory_order_acquire);
		for (uint32_t i = last > 300 ? last - 300 : 0; i < last; i++) {
			if (*(uint32_t *)chunks_at(chunks, i) != i * 3)
				return argument;
		}
	} while (last < GROWN);
	return NULL;
}

TEST(chunks, a_reader_finds_all_it_was_told_of_while_others_are_added)
{
	struct chunks chunks;
	_Atomic uint32_t told = 0;
	void *shared[] = {&chunks, &told};
	pthread_t thread;
	void *failure;

	chunks_init(&chunks, sizeof(uint32_t));
	CHECK_INT(pthread_create(&thread, NULL, read_on, shared), 0);
	for (uint32_t i = 0; i < GROWN; i++) {
		*(uint32_t *)chunks_at(&chunks, chunks_take(&chunks)) = i * 3;
		atomic_store_explicit(&told, i + 1, memory_order_release);
	}
	pthread_join(thread, &failure);
	CHECK(failure == NULL);
	chunks_release(&chunks);
}
