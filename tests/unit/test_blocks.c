#include "base/blocks.h"

#include <pthread.h>
#include <stdint.h>

#include "base/mem.h"
#include "check.h"

enum { MANY = 100, ROUNDS = 200 };

TEST(blocks, a_piece_holds_what_was_asked_for)
{
	static const size_t sizes[] = {
		1, 16, 255, 256, 257, 1400, 4095, 4096, 4097, 100000};
	char *pieces[COUNT_OF(sizes)];

	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < COUNT_OF(sizes); i++) {
			pieces[i] = blocks_take(sizes[i]);
			CHECK_INT((uintptr_t)pieces[i] % _Alignof(max_align_t),
				0);
			memset(pieces[i], (int)i + 1, sizes[i]);
		}
		for (size_t i = 0; i < COUNT_OF(sizes); i++) {
			for (size_t k = 0; k < sizes[i]; k++)
				CHECK_INT(pieces[i][k], (int)i + 1);
			blocks_give_back(pieces[i], sizes[i]);
		}
	}
	blocks_give_back(NULL, 5);
}

TEST(blocks, what_was_given_back_is_used_again)
{
	void *piece = blocks_take(1000), *again;

	blocks_give_back(piece, 1000);
	again = blocks_take(900); /* of the same kind */
	CHECK(MEM_HAS_SANITIZER || again == piece);
	blocks_give_back(again, 900);
}

/** One makes them, the other ends them; a slot each. */
struct line {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	unsigned char *pieces[MANY];
	size_t count;
};

static void *
end_pieces(void *context)
{
	struct line *line = context;

	for (int i = 0; i < ROUNDS * MANY; i++) {
		unsigned char *piece;

		pthread_mutex_lock(&line->lock);
		while (line->count == 0)
			pthread_cond_wait(&line->moved, &line->lock);
		piece = line->pieces[--line->count];
		pthread_cond_signal(&line->moved);
		pthread_mutex_unlock(&line->lock);
		for (size_t k = 0; k < 600; k++)
			CHECK_INT(piece[k], piece[0]);
		blocks_give_back(piece, 600);
	}
	return NULL;
}

TEST(blocks, pieces_go_from_thread_to_thread_and_back)
{
	static struct line line = {
		PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, {0}, 0};
	pthread_t thread;

	CHECK_INT(pthread_create(&thread, NULL, end_pieces, &line), 0);
	for (int i = 0; i < ROUNDS * MANY; i++) {
		unsigned char *piece = blocks_take(600);

		memset(piece, i, 600);
		pthread_mutex_lock(&line.lock);
		while (line.count == MANY)
			pthread_cond_wait(&line.moved, &line.lock);
		line.pieces[line.count++] = piece;
		pthread_cond_signal(&line.moved);
		pthread_mutex_unlock(&line.lock);
	}
	pthread_join(thread, NULL);
}
