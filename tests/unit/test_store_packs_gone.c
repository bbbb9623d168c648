#include "base/random.h"
#include "fault_vfs.h"
#include "packs_rig.h"
#include "store/explain.h"
#include "store/retain.h"

/*
 * What becomes of a row that attempts share: with its webhook, its deliveries,
 * the commit that writes it, and a disk that lies.
 */

static struct packs packs;

/* ---- removing ---- */

TEST(store_packs_gone, a_removed_webhook_takes_its_own_and_nobody_elses)
{
	const struct store_change probe = {.kind = STORE_PROBE};
	int64_t others;

	packs_begin(&packs, PACKS_MANY, 2);
	for (uint64_t i = 1; i <= PACKS_MANY; i += 500)
		CHECK_OK(packs_deliver(&packs, i, i + 499));
	others = packs_count(
		&packs, "SELECT count(*) FROM attempt_packs WHERE webhook = 1");
	CHECK(others > 10);
	TEST_COMMIT(packs.store, REMOVE_WEBHOOK(2));
	for (int i = 0; packs_count(&packs, "SELECT count(*) FROM purges");
		i++) {
		struct attempt_list shown;

		CHECK_OK(store_attempts_shown(
			packs.store, 1, PACKS_MANY, 10, &packs.arena, &shown));
		CHECK_INT(shown.count, PACKS_MANY / 2);
		CHECK_OK(store_attempts_shown(
			packs.store, 2, PACKS_MANY, 10, &packs.arena, &shown));
		CHECK_INT(shown.count, 0);
		TEST_COMMIT(packs.store, probe);
		CHECK(i < 100);
	}
	CHECK_INT(
		packs_count(&packs,
			"SELECT count(*) FROM attempt_packs WHERE webhook = 2"),
		0);
	CHECK_INT(packs_shared(&packs), others);
	for (uint64_t i = 1; i <= PACKS_MANY; i++) {
		if (packs.deliveries[i].webhook == 1)
			packs_check(&packs, i);
		else
			CHECK_INT(packs_count_of(&packs, i), 0);
	}
	TEST_COMMIT(packs.store, REMOVE_WEBHOOK(1));
	while (packs_count(&packs, "SELECT count(*) FROM purges"))
		TEST_COMMIT(packs.store, probe);
	CHECK_INT(packs_shared(&packs), 0);
	CHECK_INT(packs_apart(&packs), 0);
	packs_end(&packs);
}

/** Those deliveries are old: a step of retention. */
static void
retire(const uint64_t *sequences, size_t total)
{
	static struct retain_step step;

	memset(&step, 0, sizeof(step));
	step.limits.deliveries_before = INT64_MAX;
	step.limits.events_before = step.limits.executions_before = INT64_MIN;
	step.delivery_count = total;
	memcpy(step.deliveries, sequences, total * sizeof(*sequences));
	TEST_COMMIT(packs.store, {.kind = STORE_RETAIN, .retain = &step});
	CHECK_INT(step.removed_deliveries, total);
}

/** Each pack has a delivery of its webhook, and each delivery its attempt. */
static void
check_retained(const bool *is_gone, uint64_t last)
{
	struct attempt_view view;

	CHECK_INT(
		packs_count(&packs,
			"SELECT count(*) FROM attempt_packs p WHERE NOT EXISTS"
			" (SELECT 1 FROM deliveries d WHERE d.sequence"
			" BETWEEN first AND last AND d.webhook = p.webhook)"),
		0);
	for (uint64_t i = 1; i <= last; i++) {
		if (!is_gone[i]) {
			packs_check(&packs, i);
			continue;
		}
		CHECK_INT(packs_count_of(&packs, i), 0);
		CHECK_INT(
			store_attempt(packs.store, packs.deliveries[i].webhook,
				i, 0, &packs.arena, &view),
			ERR_NOT_FOUND);
	}
}

static void
shuffle(uint64_t *order, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t at = (size_t)random_below(i);
		uint64_t one = order[i - 1];

		order[i - 1] = order[at];
		order[at] = one;
	}
}

/** All in this order, so many a step; another one stays the highest. */
static void
retire_all(const uint64_t *order, size_t count, size_t each)
{
	bool is_gone[PACKS_MANY + 1] = {0};

	for (size_t i = 0; i < count; i += each) {
		CHECK(packs_shared(&packs) > 0);
		retire(order + i, each);
		for (size_t n = i; n < i + each; n++)
			is_gone[order[n]] = true;
		check_retained(is_gone, count);
		arena_reset(&packs.arena);
	}
	CHECK_INT(packs_shared(&packs), 0);
	CHECK_INT(packs_apart(&packs), 0);
	CHECK_INT(packs_count(&packs, "SELECT count(*) FROM tried_blocks"), 0);
}

TEST(store_packs_gone, retention_takes_a_row_with_its_last_delivery)
{
	enum { LAST = 639 };
	uint64_t order[LAST];

	packs_begin(&packs, LAST + 1, 3);
	CHECK_OK(packs_deliver(&packs, 1, LAST));
	for (uint64_t i = 0; i < LAST; i++)
		order[i] = i + 1;
	shuffle(order, LAST);
	retire_all(order, LAST, 71);
	packs_end(&packs);
}

TEST(store_packs_gone, retention_of_one_webhook_leaves_those_of_others)
{
	enum { LAST = 255 };
	uint64_t order[LAST];

	packs_begin(&packs, LAST + 1, 3);
	CHECK_OK(packs_deliver(&packs, 1, LAST));
	for (uint64_t i = 0; i < LAST; i++)
		order[i] = 1 + i / 85 + i % 85 * 3;
	retire_all(order, LAST, 85);
	packs_end(&packs);
}

/* Whichever is the last one. */
TEST(store_packs_gone, retention_one_by_one_leaves_all_others)
{
	enum { LAST = 127, FEW = 20 };
	uint64_t order[LAST];

	for (int is_back = 0; is_back < 2; is_back++) {
		memset(&packs, 0, sizeof(packs));
		packs_begin(&packs, LAST + 1, 1);
		for (uint64_t i = 0; i < LAST; i++)
			order[i] = is_back ? LAST - i : i + 1;
		CHECK_OK(packs_deliver(&packs, 1, FEW));
		CHECK_OK(packs_deliver(&packs, FEW + 1, LAST));
		retire_all(order, LAST, 1);
		packs_end(&packs);
	}
}

TEST(store_packs_gone, removed_deliveries_are_not_among_those_shown)
{
	static const uint64_t gone[] = {20, 18, 3};
	struct attempt_list shown;

	packs_begin(&packs, 21, 1);
	CHECK_OK(packs_deliver(&packs, 1, 20));
	CHECK(packs_shared(&packs) > 0);
	retire(gone, COUNT_OF(gone));
	CHECK_OK(store_attempts_shown(
		packs.store, 1, 10, 5, &packs.arena, &shown));
	CHECK_INT(shown.count, 10);
	for (size_t i = 0; i < shown.count; i++)
		CHECK_INT(shown.rows[i].attempt.delivery, i ? 18 - i : 19);
	packs_end(&packs);
}

/* ---- what is undone ---- */

TEST(store_packs_gone, a_unit_that_is_undone_leaves_none)
{
	enum { LAST = 300 };
	struct delivery_row none = test_delivery(PACKS_MANY + 1, 1, 1);
	struct store_change undone[2 * LAST + 1];
	struct attempt_list shown;
	size_t count = 0;

	packs_begin(&packs, LAST, 1);
	none.state = DELIVERY_DELIVERED;
	for (uint64_t i = 1; i <= LAST; i++) {
		packs_unit(&packs, i, i - 1);
		undone[count++] = packs.changes[i - 1][0];
		undone[count++] = packs.changes[i - 1][1];
	}
	undone[count] = (struct store_change)SET_DELIVERY(&none);
	CHECK_INT(test_conflict(packs.store, undone, count + 1), count);
	CHECK_INT(packs_shared(&packs), 0);
	CHECK_INT(packs_apart(&packs), 0);
	CHECK_OK(packs_deliver(&packs, 1, LAST));
	CHECK(packs_shared(&packs) > 0);
	packs_check_all(&packs, 1, LAST);
	CHECK_OK(store_attempts_shown(
		packs.store, 1, 2 * LAST, 5, &packs.arena, &shown));
	CHECK_INT(shown.count, LAST);
	packs_end(&packs);
}

TEST(store_packs_gone, units_that_conflict_add_nothing_to_those_beside_them)
{
	packs_begin(&packs, 100, 1);
	CHECK_OK(packs_deliver(&packs, 11, 40));
	CHECK_OK(packs_deliver(&packs, 1, 60));
	for (size_t i = 0; i < 60; i++)
		CHECK_INT(packs.units[i].result,
			i >= 10 && i < 40 ? ERR_CONFLICT : ERR_OK);
	packs_check_all(&packs, 1, 60);
	for (uint64_t i = 61; i <= 100; i++)
		CHECK_INT(packs_count_of(&packs, i), 0);
	packs_end(&packs);
}

TEST(store_packs_gone, a_commit_that_fails_leaves_none_and_the_next_has_them)
{
	fault_install();
	packs_begin(&packs, 400, 2);
	CHECK_OK(packs_deliver(&packs, 1, 20));
	for (int kind = 0; kind < FAULT_KINDS; kind++) {
		int64_t before = packs_shared(&packs);

		fault_arm((enum fault_kind)kind, 0, true);
		CHECK(packs_deliver(&packs, 21, 400) != ERR_OK);
		CHECK(fault_has_struck());
		fault_disarm();
		CHECK_INT(packs_shared(&packs), before);
		CHECK_INT(packs_count_of(&packs, 100), 0);
	}
	CHECK_OK(packs_deliver(&packs, 21, 400));
	CHECK(packs_shared(&packs) > 6);
	packs_check_all(&packs, 1, 400);
	packs_end(&packs);
}

/* ---- damage ---- */

/** Of webhook 1, the one that has delivery `sequence`. */
static void
damage(const char *how, uint64_t sequence, uint64_t *ret_first,
	uint64_t *ret_last)
{
	const char *which = arena_printf(&packs.arena,
		"FROM attempt_packs WHERE webhook = 1"
		" AND %llu BETWEEN first AND last",
		(unsigned long long)sequence)
				    .ptr;

	*ret_first = (uint64_t)packs_count(&packs,
		arena_printf(&packs.arena, "SELECT first %s", which).ptr);
	*ret_last = (uint64_t)packs_count(&packs,
		arena_printf(&packs.arena, "SELECT last %s", which).ptr);
	packs_run_beside(
		&packs, arena_printf(&packs.arena,
				"UPDATE attempt_packs SET attempts = %s"
				" WHERE first = (SELECT first %s)",
				how, which)
				.ptr);
}

/** Those of the damaged one are an error, all others are read. */
static void
check_damaged(uint64_t first, uint64_t last)
{
	struct attempt_rows rows;
	struct attempt_view view;
	size_t errors = 0;

	for (uint64_t i = 1; i <= 256; i++) {
		if (packs.deliveries[i].webhook != 1 || i < first || i > last) {
			packs_check(&packs, i);
			continue;
		}
		CHECK_INT(
			store_attempts_of(packs.store, i, &packs.arena, &rows),
			ERR_IO);
		CHECK_INT(store_attempt(
				  packs.store, 1, i, 0, &packs.arena, &view),
			ERR_IO);
		errors++;
	}
	CHECK(errors >= 4);
}

TEST(store_packs_gone, damaged_ones_are_an_error_and_all_others_are_read)
{
	static const char *const ways[] = {"x'ff'", "zeroblob(31)",
		"zeroblob(100000)", "substr(attempts, 1, 20)",
		"x'ffffffffffffffffffffffffffffff'"};

	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		struct attempt_list shown;
		uint64_t first, last;

		memset(&packs, 0, sizeof(packs));
		packs_begin(&packs, 256, 2);
		CHECK_OK(packs_deliver(&packs, 1, 256));
		damage(ways[i], 64, &first, &last);
		check_damaged(first, last);
		CHECK_INT(store_attempts_shown(
				  packs.store, 1, 200, 0, &packs.arena, &shown),
			ERR_IO);
		CHECK_OK(store_attempts_shown(
			packs.store, 2, 200, 0, &packs.arena, &shown));
		CHECK_INT(shown.count, 128);
		packs_end(&packs);
	}
}

/* ---- what was there before ---- */

/* Places were given one behind another: those that are now deliveries' own
   have attempts of others. */
static const char old_rows[] =
	"WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n"
	" WHERE i < 3000) INSERT INTO deliveries SELECT i, 1, 2, 1, i > 8,"
	" CASE WHEN i > 8 THEN 2 - i % 2 ELSE 0 END, i, i, i, '' FROM n;"
	"INSERT INTO attempts SELECT NULL, sequence, n, 1,"
	" 1600000000000000 + sequence * 1000 + n, 1600000000000000, 200,"
	" n = attempts - 1, 0, 0, 0, 0, '', '', '', 'old', '', x''"
	" FROM deliveries, (SELECT 0 AS n UNION SELECT 1)"
	" WHERE n < attempts AND sequence > 8 ORDER BY sequence, n";

enum { OLD = 1 + 2992 + 1496 };

TEST(store_packs_gone, rows_of_version_2_are_read_beside_new_ones)
{
	struct str sql = check_read_file(
		check_data_path("fixtures/store_version_2.sql"));
	struct attempt_list shown;

	packs.directory = check_temp_dir();
	packs_run_beside(&packs, sql.ptr);
	packs_run_beside(&packs, old_rows);
	CHECK_INT(packs_count(&packs, "SELECT count(*) FROM attempts"
				      " WHERE place % 1024 = 0"),
		4);
	packs.store = test_store_open(packs.directory);
	for (uint64_t i = 2; i <= 8; i++)
		packs.deliveries[i] = test_delivery(i, 2, 1);
	CHECK_OK(packs_deliver(&packs, 2, 8));
	CHECK_INT(packs_shared(&packs), 1);
	packs_check_all(&packs, 2, 8);
	for (uint64_t i = 9; i <= 3000; i++)
		CHECK_INT(packs_count_of(&packs, i), 2 - i % 2);
	CHECK_OK(store_attempts_shown(
		packs.store, 1, PACKS_MANY * 2, 5, &packs.arena, &shown));
	CHECK_INT(shown.count, OLD + 7);
	for (size_t i = 1; i < shown.count; i++)
		CHECK(shown.rows[i - 1].attempt.started >
			shown.rows[i].attempt.started);
	packs_end(&packs);
}
