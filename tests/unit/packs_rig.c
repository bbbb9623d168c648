#include "packs_rig.h"

#include <sqlite3.h>

#include "base/random.h"
#include "store/explain.h"

void
packs_begin(struct packs *packs, uint64_t count, uint64_t hooks)
{
	static struct store_change all[PACKS_MANY];
	struct event_row event = test_event(1, &packs->arena);

	random_test_seed(count);
	packs->directory = check_temp_dir();
	packs->store = test_store_open(packs->directory);
	TEST_COMMIT(packs->store, ADD_EVENT(&event));
	for (uint64_t i = 1; i <= hooks; i++) {
		struct webhook_row hook = test_webhook(i);

		TEST_COMMIT(packs->store, ADD_WEBHOOK(&hook));
	}
	for (uint64_t i = 1; i <= count; i++) {
		packs->deliveries[i] = test_delivery(i, 1, 1 + i % hooks);
		all[i - 1] = (struct store_change)ADD_DELIVERY(
			&packs->deliveries[i]);
	}
	CHECK_OK(test_commit(packs->store, all, count));
}

void
packs_end(struct packs *packs)
{
	CHECK_INT(packs_count(packs, "SELECT integrity_check = 'ok'"
				     " FROM pragma_integrity_check"),
		1);
	store_close(packs->store);
	arena_release(&packs->arena);
}

int64_t
packs_count(const struct packs *packs, const char *sql)
{
	return test_count(packs->directory, sql);
}

int64_t
packs_shared(const struct packs *packs)
{
	return packs_count(packs, "SELECT count(*) FROM attempt_packs");
}

int64_t
packs_apart(const struct packs *packs)
{
	return packs_count(packs, "SELECT count(*) FROM attempts");
}

void
packs_unit(struct packs *packs, uint64_t sequence, size_t at)
{
	struct delivery_row *row = &packs->outcomes[at];
	struct attempt_row *attempt = &packs->attempts[sequence];

	if (attempt->delivery == 0)
		*attempt = test_attempt(sequence, 0,
			packs->deliveries[sequence].webhook,
			TEST_NOW + (int64_t)sequence * 1000);
	*row = packs->deliveries[sequence];
	row->state = DELIVERY_DELIVERED;
	row->attempts = 1;
	row->updated = TEST_NOW + (int64_t)sequence;
	packs->changes[at][0] = (struct store_change)SET_DELIVERY(row);
	packs->changes[at][1] = (struct store_change)ADD_ATTEMPT(attempt);
	packs->units[at] =
		(struct store_unit){.changes = packs->changes[at], .count = 2};
	packs->list[at] = &packs->units[at];
}

enum err
packs_deliver(struct packs *packs, uint64_t first, uint64_t last)
{
	size_t made = 0;

	for (uint64_t i = first; i <= last; i++)
		packs_unit(packs, i, made++);
	return store_commit(packs->store, packs->list, made, NULL);
}

static void
check_attempt(struct packs *packs, const struct attempt_row *got)
{
	const struct attempt_row *expected = &packs->attempts[got->delivery];

	CHECK_INT(got->webhook, expected->webhook);
	CHECK_INT(got->number, expected->number);
	CHECK_INT(got->started, expected->started);
	CHECK_INT(got->ended, expected->ended);
	CHECK_INT(got->status, expected->status);
	CHECK_STR(got->destination, expected->destination);
	CHECK_STR(got->request_head, expected->request_head);
	CHECK_STR(got->response_head, expected->response_head);
	CHECK_STR(got->response_body, expected->response_body);
}

void
packs_check(struct packs *packs, uint64_t sequence)
{
	struct attempt_rows rows;
	struct attempt_view view;

	CHECK_OK(store_attempts_of(
		packs->store, sequence, &packs->arena, &rows));
	CHECK_INT(rows.count, 1);
	CHECK_INT(rows.rows[0].delivery, sequence);
	check_attempt(packs, &rows.rows[0]);
	CHECK_OK(
		store_attempt(packs->store, packs->deliveries[sequence].webhook,
			sequence, rows.rows[0].number, &packs->arena, &view));
	CHECK_INT(view.attempt.delivery, sequence);
	check_attempt(packs, &view.attempt);
}

void
packs_check_all(struct packs *packs, uint64_t first, uint64_t last)
{
	for (uint64_t i = first; i <= last; i++)
		packs_check(packs, i);
}

size_t
packs_count_of(struct packs *packs, uint64_t sequence)
{
	struct attempt_rows rows;

	CHECK_OK(store_attempts_of(
		packs->store, sequence, &packs->arena, &rows));
	return rows.count;
}

void
packs_run_beside(const struct packs *packs, const char *sql)
{
	char path[1024];
	sqlite3 *handle;

	snprintf(path, sizeof(path), "%s/grapnel.db", packs->directory);
	CHECK_INT(sqlite3_open(path, &handle), SQLITE_OK);
	CHECK_INT(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(handle);
}

struct str
packs_noise(struct packs *packs, size_t len)
{
	char *bytes = arena_alloc(&packs->arena, len);

	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)('!' + random_below(90));
	return str_make(bytes, len);
}
