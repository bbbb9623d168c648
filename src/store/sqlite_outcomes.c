#include "store/sqlite_outcomes.h"

#include <assert.h>
#include <stdlib.h>

#include "store/sqlite_late.h"
#include "store/sqlite_purge.h"
#include "store/sqlite_row.h"
#include "store/sqlite_write.h"

/* A stretch may hold so many other deliveries for each outcome. */
enum { STRETCH_FACTOR = 2, STRETCH_MIN = 4 };

/* How many places an outcome may be off, on average, to be sorted by
   insertion. */
enum { MOVES_EACH = 8 };

/* ---- what the statement asks ---- */

enum { ASK_STATE, ASK_ATTEMPTS, ASK_DUE, ASK_UPDATED, ASK_REASON, ASK_IS_ONE };

/** Rows are asked about in rising order. */
static struct sqlite_outcome *
find(struct sqlite_outcomes *outcomes, uint64_t sequence)
{
	while (outcomes->at < outcomes->sorted_count &&
		outcomes->sorted[outcomes->at]->sequence < sequence)
		outcomes->at++;
	if (outcomes->at == outcomes->sorted_count ||
		outcomes->sorted[outcomes->at]->sequence != sequence)
		return NULL;
	return outcomes->sorted[outcomes->at];
}

/** outcome(sequence, what); only of a row that is to be set beyond IS_ONE. */
static void
answer(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct sqlite_outcome *outcome = find(sqlite3_user_data(context),
		(uint64_t)sqlite3_value_int64(values[0]));
	const struct delivery_row *row;

	(void)count;
	if (outcome == NULL) {
		sqlite3_result_int(context, 0);
		return;
	}
	row = outcome->change->delivery;
	switch (sqlite3_value_int(values[1])) {
	case ASK_STATE:
		outcome->is_set = true;
		sqlite3_result_int(context, (int)row->state);
		break;
	case ASK_ATTEMPTS: sqlite3_result_int64(context, row->attempts); break;
	case ASK_DUE: sqlite3_result_int64(context, row->due); break;
	case ASK_UPDATED: sqlite3_result_int64(context, row->updated); break;
	case ASK_REASON:
		sqlite3_result_text(context,
			row->reason.len ? row->reason.ptr : "",
			(int)row->reason.len, SQLITE_STATIC);
		break;
	default: sqlite3_result_int(context, 1);
	}
}

enum err
sqlite_outcomes_register(
	struct sqlite_outcomes *outcomes, struct sqlite_db *db, struct buf *why)
{
	int code = sqlite3_create_function_v2(db->handle, "outcome", 2,
		SQLITE_UTF8 | SQLITE_DIRECTONLY, outcomes, answer, NULL, NULL,
		NULL);

	return code == SQLITE_OK ? ERR_OK : sqlite_db_error(db, code, why);
}

/* ---- which units ---- */

static bool
is_outcome(const struct store_unit *unit)
{
	if (unit->count == 0 || unit->changes[0].kind != STORE_DELIVERY_SET)
		return false;
	for (size_t i = 1; i < unit->count; i++) {
		enum store_change_kind kind = unit->changes[i].kind;

		if (kind != STORE_ATTEMPT_ADD && kind != STORE_HEALTH_SET)
			return false;
	}
	return true;
}

/** Whether it changes nothing that an outcome could see. */
static bool
is_publication(const struct store_unit *unit)
{
	for (size_t i = 0; i < unit->count; i++) {
		enum store_change_kind kind = unit->changes[i].kind;

		if (kind != STORE_EVENT_ADD && kind != STORE_RESOURCE_SET &&
			kind != STORE_DELIVERY_ADD)
			return false;
	}
	return true;
}

void
sqlite_outcomes_forget(struct sqlite_outcomes *outcomes)
{
	outcomes->count = 0;
	outcomes->taken = 0;
	outcomes->has_begun = false;
}

bool
sqlite_outcomes_take(
	struct sqlite_outcomes *outcomes, const struct store_change *change)
{
	if (outcomes->taken == outcomes->count ||
		outcomes->rows[outcomes->taken].change != change)
		return false;
	return outcomes->rows[outcomes->taken++].is_set;
}

static void
gather(struct sqlite_outcomes *outcomes, struct store_unit **units,
	size_t count)
{
	outcomes->count = 0;
	outcomes->taken = 0;
	outcomes->has_begun = true;
	for (size_t i = 0; i < count; i++) {
		if (is_outcome(units[i])) {
			if (outcomes->count == SQLITE_OUTCOMES_MAX)
				return;
			outcomes->rows[outcomes->count++] =
				(struct sqlite_outcome){
					.change = &units[i]->changes[0],
					.sequence =
						units[i]->changes[0]
							.delivery->sequence};
		} else if (!is_publication(units[i])) {
			return;
		}
	}
}

static int
compare(const void *left, const void *right)
{
	uint64_t a = (*(struct sqlite_outcome *const *)left)->sequence;
	uint64_t b = (*(struct sqlite_outcome *const *)right)->sequence;

	return a < b ? -1 : a > b;
}

/**
 * By insertion, since they come in nearly this order; false, with the order
 * that it has by then, when that would be long.
 */
static bool
sort_nearly_sorted(struct sqlite_outcome **sorted, size_t count)
{
	size_t moves_left = count * MOVES_EACH;

	for (size_t i = 1; i < count; i++) {
		struct sqlite_outcome *one = sorted[i];
		size_t at = i;

		while (at > 0 && sorted[at - 1]->sequence > one->sequence &&
			moves_left > 0) {
			sorted[at] = sorted[at - 1];
			at--;
			moves_left--;
		}
		sorted[at] = one;
		if (moves_left == 0)
			return false;
	}
	return true;
}

/** The first of one delivery's outcomes is to come first: none is set ahead. */
static void
sort(struct sqlite_outcomes *outcomes)
{
	struct sqlite_outcome **sorted = outcomes->sorted;
	size_t kept = 0;

	for (size_t i = 0; i < outcomes->count; i++)
		sorted[i] = &outcomes->rows[i];
	if (!sort_nearly_sorted(sorted, outcomes->count))
		qsort(sorted, outcomes->count, sizeof(struct sqlite_outcome *),
			compare);
	for (size_t i = 0; i < outcomes->count;) {
		size_t next = i + 1;

		while (next < outcomes->count &&
			sorted[next]->sequence == sorted[i]->sequence)
			next++;
		if (next == i + 1)
			sorted[kept++] = sorted[i];
		i = next;
	}
	outcomes->sorted_count = kept;
}

/** One behind the last of the outcomes from `from` on that lie close. */
static size_t
end_of_stretch(const struct sqlite_outcomes *outcomes, size_t from)
{
	uint64_t first = outcomes->sorted[from]->sequence;
	size_t end = from + 1;

	while (end < outcomes->sorted_count &&
		outcomes->sorted[end]->sequence - first <
			(end - from + 1) * STRETCH_FACTOR + STRETCH_MIN)
		end++;
	return end;
}

static enum err
set_stretch(struct sqlite_outcomes *outcomes, struct sqlite_db *db, size_t from,
	size_t end, struct buf *why)
{
	sqlite3_stmt *stmt = db->statements[SQL_DELIVERIES_SET];
	int64_t changed;
	size_t set = 0;
	enum err err;

	outcomes->at = from;
	sqlite_row_bind_u64(stmt, 1, outcomes->sorted[from]->sequence);
	sqlite_row_bind_u64(stmt, 2, outcomes->sorted[end - 1]->sequence);
	err = sqlite_db_step(db, SQL_DELIVERIES_SET, &changed, why);
	for (size_t i = from; i < end; i++)
		set += outcomes->sorted[i]->is_set;
	assert(err || set == (size_t)changed);
	return err;
}

/** At the start, and where what was gathered ended before an outcome. */
static bool
is_time(const struct sqlite_outcomes *outcomes, const struct store_unit *unit)
{
	return !outcomes->has_begun ||
	       (outcomes->taken == outcomes->count && is_outcome(unit));
}

/** The rows of those that have none yet; only others stay to be set. */
static enum err
set_late(struct sqlite_write *write)
{
	struct sqlite_outcomes *outcomes = write->outcomes;
	size_t kept = 0;

	for (size_t i = 0; i < outcomes->sorted_count; i++) {
		struct sqlite_outcome *outcome = outcomes->sorted[i];
		enum err err = sqlite_late_set(write, outcome->change, true);

		if (err && err != ERR_NOT_FOUND)
			return err;
		outcome->is_set = err == ERR_OK;
		if (err)
			outcomes->sorted[kept++] = outcome;
	}
	outcomes->sorted_count = kept;
	return ERR_OK;
}

enum err
sqlite_outcomes_set(
	struct sqlite_write *write, struct store_unit **units, size_t count)
{
	struct sqlite_outcomes *outcomes = write->outcomes;
	enum err err;
	size_t end;

	if (!is_time(outcomes, units[0]))
		return ERR_OK;
	gather(outcomes, units, count);
	sort(outcomes);
	err = set_late(write);
	if (err || outcomes->sorted_count == 0 ||
		!sqlite_purge_is_empty(write->purge))
		return err;
	err = sqlite_batch_flush(&write->batch);
	for (size_t at = 0; err == ERR_OK && at < outcomes->sorted_count;
		at = end) {
		end = end_of_stretch(outcomes, at);
		if (end > at + 1)
			err = set_stretch(
				outcomes, write->db, at, end, write->why);
	}
	return err;
}
