#include "store/replay.h"
#include "store/sqlite_store.h"

enum err
store_replay_skipped(struct store *store, uint64_t webhook, int64_t since,
	size_t max, struct replay_skipped *ret)
{
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_REPLAY_SKIPPED, NULL);
	bool is_there;

	*ret = (struct replay_skipped){0};
	sqlite_row_bind_u64(reading.row.stmt, 1, webhook);
	sqlite_row_bind_i64(reading.row.stmt, 2, since);
	sqlite_row_bind_u64(reading.row.stmt, 3, max);
	is_there = sqlite_reading_step(&reading);
	if (is_there) {
		ret->count = sqlite_row_u64(&reading.row);
		ret->first_created = sqlite_row_i64(&reading.row);
		ret->is_more = ret->count == max;
	}
	return sqlite_reading_end_single(&reading, is_there);
}

static struct sqlite_reading
begin_ended(struct store *store, enum sqlite_sql sql,
	const struct replay_query *query, struct arena *arena)
{
	struct sqlite_reading reading = sqlite_reading_begin(store, sql, arena);
	sqlite3_stmt *stmt = reading.row.stmt;

	sqlite_row_bind_u64(stmt, 1, query->webhook);
	sqlite_row_bind_u64(stmt, 2, query->state);
	sqlite_row_bind_u64(stmt, 3, query->after);
	sqlite_row_bind_u64(stmt, 4, query->last);
	return reading;
}

enum err
store_replay_ended(struct store *store, const struct replay_query *query,
	size_t limit, struct arena *arena, struct delivery_list *ret)
{
	struct sqlite_reading reading =
		begin_ended(store, SQL_REPLAY_ENDED, query, arena);

	sqlite_row_bind_u64(reading.row.stmt, 5, limit);
	ret->rows = arena_alloc_array(arena, limit, sizeof(*ret->rows));
	ret->count = 0;
	while (ret->count < limit && sqlite_reading_step(&reading))
		sqlite_row_delivery(&reading.row, &ret->rows[ret->count++]);
	return sqlite_reading_end(&reading);
}

enum err
store_replay_count(
	struct store *store, const struct replay_query *query, uint64_t *ret)
{
	struct sqlite_reading reading =
		begin_ended(store, SQL_REPLAY_COUNT, query, NULL);
	bool is_there = sqlite_reading_step(&reading);

	*ret = is_there ? sqlite_row_u64(&reading.row) : 0;
	return sqlite_reading_end(&reading);
}

enum err
store_delivery_to(struct store *store, uint64_t event, uint64_t webhook,
	struct arena *arena, struct delivery_row *ret)
{
	const struct delivery_ring_query query = {
		.webhook = webhook, .event = event, .limit = 1};
	struct delivery_list late =
		sqlite_late_list(&store->late, &query, arena);
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_DELIVERY_TO, arena);
	bool is_there;

	sqlite_row_bind_u64(reading.row.stmt, 1, event);
	sqlite_row_bind_u64(reading.row.stmt, 2, webhook);
	is_there = sqlite_reading_step(&reading);
	if (is_there)
		sqlite_row_delivery(&reading.row, ret);
	/* One that is sent again comes later than that of the event itself. */
	if (!is_there && late.count) {
		*ret = late.rows[0];
		is_there = true;
	}
	return sqlite_reading_end_single(&reading, is_there);
}

enum err
store_replay_first(
	struct store *store, uint64_t *ret_sequence, int64_t *ret_accepted)
{
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_EVENT_FROM, NULL);
	bool is_there;

	sqlite_row_bind_u64(reading.row.stmt, 1, 1);
	is_there = sqlite_reading_step(&reading);
	if (is_there) {
		*ret_sequence = sqlite_row_u64(&reading.row);
		*ret_accepted = sqlite_row_i64(&reading.row);
	}
	return sqlite_reading_end_single(&reading, is_there);
}

/** `end` is one above the last key in use. */
static enum err
find_range(struct store *store, enum sqlite_sql at, int64_t from, int64_t to,
	uint64_t end, struct replay_range *ret)
{
	uint64_t first, behind;
	enum err err =
		sqlite_explain_range(store, at, from, to, &first, &behind);

	ret->first = first ? first : 1;
	ret->last = (behind < end ? behind : end) - 1;
	return err;
}

enum err
store_replay_deliveries(
	struct store *store, int64_t from, int64_t to, struct replay_range *ret)
{
	struct store_counters counters;
	enum err err = store_counters(store, &counters, NULL);

	return err ? err
		   : find_range(store, SQL_DELIVERY_AT, from, to,
			     counters.delivery + 1, ret);
}

enum err
store_replay_events(
	struct store *store, int64_t from, int64_t to, struct replay_range *ret)
{
	struct store_counters counters;
	enum err err = store_counters(store, &counters, NULL);

	return err ? err
		   : find_range(store, SQL_EVENT_FROM, from, to,
			     counters.event + 1, ret);
}
