#include "packs_rig.h"

/* Which attempts share a row (sqlite_attempts.h). */

enum { LARGE = 2500 };

static struct packs packs;

TEST(store_packs, in_order_nearly_all_of_a_webhook_share_rows)
{
	packs_begin(&packs, PACKS_MANY, 1);
	for (uint64_t i = 1; i <= PACKS_MANY; i += 300)
		CHECK_OK(packs_deliver(&packs, i, i + 299));
	CHECK(packs_apart(&packs) < PACKS_MANY / 20);
	CHECK(packs_shared(&packs) < PACKS_MANY / 6);
	packs_check_all(&packs, 1, PACKS_MANY);
	packs_end(&packs);
}

TEST(store_packs, those_of_webhooks_between_each_other_share_rows_too)
{
	packs_begin(&packs, PACKS_MANY, 4);
	for (uint64_t i = 1; i <= PACKS_MANY; i += 300)
		CHECK_OK(packs_deliver(&packs, i, i + 299));
	CHECK(packs_apart(&packs) < PACKS_MANY / 5);
	CHECK(packs_shared(&packs) > 0);
	packs_check_all(&packs, 1, PACKS_MANY);
	packs_end(&packs);
}

TEST(store_packs, four_are_the_fewest_that_share_a_row)
{
	packs_begin(&packs, PACKS_MANY, 1);
	CHECK_OK(packs_deliver(&packs, 1, 3));
	CHECK_INT(packs_shared(&packs), 0);
	CHECK_INT(packs_apart(&packs), 3);
	CHECK_OK(packs_deliver(&packs, 11, 14));
	CHECK_INT(packs_shared(&packs), 1);
	CHECK_INT(packs_apart(&packs), 3);
	packs_check_all(&packs, 1, 3);
	packs_check_all(&packs, 11, 14);
	for (uint64_t i = 4; i < 11; i++)
		CHECK_INT(packs_count_of(&packs, i), 0);
	CHECK_INT(packs_count_of(&packs, 15), 0);
	packs_end(&packs);
}

/* Two stretches of 128: a reader looks no further behind. */
TEST(store_packs, no_row_reaches_into_the_next_stretch)
{
	packs_begin(&packs, PACKS_MANY, 1);
	CHECK_OK(packs_deliver(&packs, 125, 130));
	CHECK_INT(packs_shared(&packs), 0);
	CHECK_OK(packs_deliver(&packs, 250, 259));
	CHECK_INT(packs_shared(&packs), 2);
	CHECK_OK(packs_deliver(&packs, 384, 511));
	CHECK_INT(packs_count(&packs, "SELECT count(*) FROM attempt_packs"
				      " WHERE first / 128 <> last / 128"),
		0);
	CHECK_INT(packs_count(&packs, "SELECT max(last) FROM attempt_packs"),
		511);
	packs_check_all(&packs, 125, 130);
	packs_check_all(&packs, 250, 259);
	packs_check_all(&packs, 384, 511);
	packs_end(&packs);
}

/* A pack's first and last may lie a whole stretch apart. */
TEST(store_packs, those_at_both_ends_of_a_stretch_are_found)
{
	static const uint64_t apart[] = {256, 257, 382, 383};

	packs_begin(&packs, PACKS_MANY, 1);
	for (size_t i = 0; i < COUNT_OF(apart); i++)
		packs_unit(&packs, apart[i], i);
	CHECK_OK(store_commit(packs.store, packs.list, COUNT_OF(apart), NULL));
	CHECK_INT(packs_shared(&packs), 1);
	for (size_t i = 0; i < COUNT_OF(apart); i++)
		packs_check(&packs, apart[i]);
	for (uint64_t i = 250; i < 390; i++)
		CHECK_INT(packs_count_of(&packs, i),
			i == 256 || i == 257 || i == 382 || i == 383);
	packs_end(&packs);
}

TEST(store_packs, failed_and_repeated_ones_have_rows_of_their_own)
{
	packs_begin(&packs, PACKS_MANY, 1);
	for (uint64_t i = 1; i <= 400; i++) {
		packs.attempts[i] = test_attempt(i, 0, 1, TEST_NOW);
		packs.attempts[i].is_acknowledged = i % 2;
	}
	for (uint64_t i = 401; i <= 500; i++)
		packs.attempts[i] = test_attempt(i, 1, 1, TEST_NOW);
	CHECK_OK(packs_deliver(&packs, 1, 500));
	CHECK_INT(packs_count(&packs, "SELECT count(*) FROM attempts"
				      " WHERE is_acknowledged = 0"),
		200);
	CHECK_INT(packs_count(&packs,
			  "SELECT count(*) FROM attempts WHERE number = 1"),
		100);
	CHECK(packs_apart(&packs) < 330);
	CHECK(packs_shared(&packs) > 0);
	packs_check_all(&packs, 1, 400);
	for (uint64_t i = 401; i <= 500; i++)
		CHECK_INT(packs_count_of(&packs, i), 1);
	packs_end(&packs);
}

/* Places of repeated ones pass those that packed ones would have. */
TEST(store_packs, many_repeats_are_shown_once_beside_packed_ones)
{
	enum { FIRST = 400, LAST = 1600 };
	struct attempt_list shown;

	packs_begin(&packs, LAST, 1);
	CHECK_OK(packs_deliver(&packs, 1, FIRST));
	for (uint64_t i = FIRST + 1; i <= LAST; i++)
		packs.attempts[i] =
			test_attempt(i, 1, 1, TEST_NOW + (int64_t)i * 1000);
	CHECK_OK(packs_deliver(&packs, FIRST + 1, LAST));
	CHECK(packs_count(&packs, "SELECT count(*) FROM attempt_packs"
				  " WHERE last * 1024 < (SELECT max(place)"
				  " FROM attempts)") > 0);
	CHECK(packs_count(&packs,
		      "SELECT count(*) FROM attempts a JOIN attempt_packs p"
		      " ON place / 1024 BETWEEN first AND last") > 0);
	CHECK_OK(store_attempts_shown(
		packs.store, 1, 2 * LAST, 5, &packs.arena, &shown));
	CHECK_INT(shown.count, LAST);
	for (size_t i = 0; i < LAST; i++)
		CHECK_INT(shown.rows[i].attempt.delivery, LAST - i);
	packs_end(&packs);
}

/* ---- large ones ---- */

static void
make_large(uint64_t i)
{
	packs.attempts[i] =
		test_attempt(i, 0, packs.deliveries[i].webhook, TEST_NOW);
	if (i % 3 == 0)
		packs.attempts[i].response_body = packs_noise(&packs, LARGE);
	else if (i % 3 == 1)
		packs.attempts[i].response_head = packs_noise(&packs, LARGE);
	else
		packs.attempts[i].request_head = packs_noise(&packs, LARGE);
}

TEST(store_packs, large_ones_are_kept_whole_in_rows_of_their_own)
{
	packs_begin(&packs, PACKS_MANY, 1);
	for (uint64_t i = 1; i <= 256; i++)
		make_large(i);
	CHECK_OK(packs_deliver(&packs, 1, 256));
	CHECK_INT(packs_shared(&packs), 0);
	CHECK_INT(packs_apart(&packs), 256);
	packs_check_all(&packs, 1, 256);
	packs_end(&packs);
}

/* Else one large answer keeps the webhook's others from sharing. */
TEST(store_packs, large_ones_do_not_part_those_around_them)
{
	packs_begin(&packs, PACKS_MANY, 1);
	for (uint64_t i = 20; i <= 1000; i += 20)
		make_large(i);
	CHECK_OK(packs_deliver(&packs, 1, 1000));
	CHECK_INT(packs_count(&packs,
			  "SELECT count(*) FROM attempts WHERE length("
			  "request_head) + length(response_head)"
			  " + length(response_body) > 2000"),
		50);
	CHECK(packs_apart(&packs) < 250);
	packs_check_all(&packs, 1, 1000);
	packs_end(&packs);
}
