#include "base/arena.h"

#include "base/random.h"
#include "check.h"

#if MEM_HAS_ASAN
#include <sanitizer/asan_interface.h>
#endif

TEST(arena, pieces_are_aligned_zeroed_and_do_not_overlap)
{
	static struct {
		unsigned char *at;
		size_t size;
	} pieces[500];
	struct arena arena = {0};

	random_test_seed(3);
	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		size_t size = random_below(i % 50 == 0 ? 100000 : 300);

		pieces[i].at = arena_alloc(&arena, size);
		pieces[i].size = size;
		CHECK_INT((uintptr_t)pieces[i].at % alignof(max_align_t), 0);
		for (size_t k = 0; k < size; k++)
			CHECK_INT(pieces[i].at[k], 0);
		memset(pieces[i].at, (int)(i % 256), size);
	}
	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		for (size_t k = 0; k < pieces[i].size; k++)
			CHECK_INT(pieces[i].at[k], i % 256);
	}
	arena_release(&arena);
}

TEST(arena, what_a_piece_does_not_need_is_given_to_the_next)
{
	struct arena arena = {0};
	char *first = arena_alloc(&arena, 1000);
	char *second = arena_alloc(&arena, 1000);

	arena_shrink(&arena, first, 1000, 10); /* not the last one: stays */
	CHECK(arena_alloc(&arena, 16) == second + 1008 + ARENA_GAP);
	second = arena_alloc(&arena, 1000);
	arena_shrink(&arena, second, 1000, 17);
	CHECK(arena_alloc(&arena, 16) == second + 32 + ARENA_GAP);
	arena_shrink(&arena, second, 17, 0);
	arena_release(&arena);
	arena_shrink(&arena, NULL, 0, 0);
}

TEST(arena, reset_keeps_one_block_and_uses_it_again)
{
	struct arena arena = {0};
	size_t total;

	for (int i = 0; i < 100; i++)
		arena_alloc(&arena, 3000);
	arena_reset(&arena);
	total = arena.total;
	CHECK(total >= 3000);
	for (int round = 0; round < 100; round++) {
		char *at = arena_alloc(&arena, total / 2);

		CHECK_INT(at[0] | at[total / 2 - 1], 0);
		memset(at, 1, total / 2);
		CHECK_INT(arena.total, total);
		arena_reset(&arena);
	}
	arena_release(&arena);
	CHECK(arena.block == NULL && arena.total == 0);
}

TEST(arena, empty_and_released_ones_are_harmless)
{
	struct arena arena = {0};

	arena_reset(&arena);
	arena_release(&arena);
	arena_release(&arena);
	arena_release(NULL);
	CHECK(arena_alloc(&arena, 0) != NULL);
	arena_release(&arena);
}

TEST(arena, copies_and_printed_texts_end_with_a_nul)
{
	struct arena arena = {0};
	struct str copy = arena_copy(&arena, str_make("a\0b", 3));
	struct str printed = arena_printf(&arena, "%d-%s", 42, "x");
	struct str nothing = arena_copy(&arena, str_make(NULL, 0));

	CHECK_STR(copy, str_make("a\0b", 3));
	CHECK_INT(copy.ptr[3], 0);
	CHECK_TEXT(printed.ptr, "42-x");
	CHECK_INT(printed.len, 4);
	CHECK_INT(nothing.len, 0);
	CHECK_INT(nothing.ptr[0], 0);
	arena_release(&arena);
}

TEST(arena, lower_copies_change_capital_letters_only)
{
	struct arena arena = {0};
	struct str copy = arena_copy_lower(&arena, STR("@AZ[az`{\xC3\x84"));

	CHECK_STR(copy, STR("@az[az`{\xC3\x84"));
	CHECK_INT(copy.ptr[copy.len], 0);
	arena_release(&arena);
}

TEST(arena, decimals_have_as_many_digits_as_asked_for)
{
	struct arena arena = {0};

	CHECK_STR(arena_decimal(&arena, 0, 1), STR("0"));
	CHECK_STR(arena_decimal(&arena, 0, 0), STR("0"));
	CHECK_STR(arena_decimal(&arena, 1234, 1), STR("1234"));
	CHECK_STR(arena_decimal(&arena, 42, 20), STR("00000000000000000042"));
	CHECK_STR(arena_decimal(&arena, UINT64_MAX, 20),
		STR("18446744073709551615"));
	arena_release(&arena);
}

TEST(arena, further_blocks_have_the_step_given)
{
	struct arena arena = {.first = 64, .step = 32};

	arena_alloc(&arena, 64);
	CHECK_INT(arena.total, 64);
	arena_alloc(&arena, 16);
	CHECK_INT(arena.total, 96);
	arena_alloc(&arena, 100);
	CHECK_INT(arena.total, 96 + 112);
	arena_release(&arena);
}

TEST(arena, a_buffer_in_it_takes_so_much_and_no_more)
{
	struct arena arena = {0};
	struct buf buf = arena_buf(&arena, 3);
	const char *start = buf.ptr;

	CHECK_STR(buf_str(&buf), STR(""));
	CHECK_OK(buf_append(&buf, STR("abc")));
	CHECK(buf_append_char(&buf, 'd') == ERR_LIMIT);
	CHECK_STR(buf_str(&buf), STR("abc"));
	CHECK(buf.ptr == start);
	arena_release(&arena);
}

/** Whether the sanitizer reports a use; as told where there is none. */
static bool
is_nobodys(const char *at, bool told)
{
#if MEM_HAS_ASAN
	(void)told;
	return __asan_address_is_poisoned(at);
#else
	(void)at;
	return told;
#endif
}

TEST(arena, bytes_beside_its_pieces_are_nobodys)
{
	struct arena arena = {0};
	char *first = arena_alloc(&arena, 5);
	char *second = arena_alloc(&arena, 32);

	CHECK(!is_nobodys(first + 4, false));
	CHECK(is_nobodys(first + 5, true));
	CHECK(is_nobodys(second - 1, true));
	CHECK(!is_nobodys(second + 31, false));
	CHECK(is_nobodys(second + 32, true));
	arena_shrink(&arena, second, 32, 9);
	CHECK(!is_nobodys(second + 8, false));
	CHECK(is_nobodys(second + 9, true));
	arena_reset(&arena);
	CHECK(is_nobodys(first, true));
	first = arena_alloc(&arena, 3);
	CHECK(!is_nobodys(first, false));
	arena_release(&arena);
}
