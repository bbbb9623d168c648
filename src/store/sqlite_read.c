#include <sys/stat.h>

#include "base/log.h"
#include "store/sqlite_pool.h"
#include "store/sqlite_resources.h"
#include "store/sqlite_store.h"

struct sqlite_reading
sqlite_reading_begin(
	struct store *store, enum sqlite_sql sql, struct arena *arena)
{
	struct sqlite_reading reading = {.store = store};

	reading.db = sqlite_pool_take(store->pool);
	reading.row.stmt = reading.db->statements[sql];
	reading.row.arena = arena;
	return reading;
}

bool
sqlite_reading_step(struct sqlite_reading *reading)
{
	CLEANUP(buf_release) struct buf why = {0};
	int code = sqlite3_step(reading->row.stmt);

	reading->row.at = 0;
	if (code == SQLITE_ROW)
		return true;
	if (code != SQLITE_DONE) {
		/* The signatures have no place for the sentence. */
		reading->err = sqlite_db_error(reading->db, code, &why);
		log_error("store.read", "error=\"%s\"", buf_text(&why));
	}
	return false;
}

enum err
sqlite_reading_end(struct sqlite_reading *reading)
{
	sqlite3_reset(reading->row.stmt);
	sqlite_pool_give(reading->store->pool, reading->db);
	return reading->err;
}

enum err
sqlite_reading_end_single(struct sqlite_reading *reading, bool is_there)
{
	enum err err = sqlite_reading_end(reading);

	return err == ERR_OK && !is_there ? ERR_NOT_FOUND : err;
}

enum err
store_counters(struct store *store, struct store_counters *ret, struct buf *why)
{
	uint64_t highest = sqlite_late_highest(&store->late);
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_COUNTERS, NULL);
	struct store_counters counters = {0};
	bool is_there = sqlite_reading_step(&reading);
	enum err err;

	if (is_there) {
		counters.event = sqlite_row_u64(&reading.row);
		counters.delivery = sqlite_row_u64(&reading.row);
		counters.webhook = sqlite_row_u64(&reading.row);
	}
	if (counters.delivery < highest)
		counters.delivery = highest;
	err = sqlite_reading_end_single(&reading, is_there);
	if (err == ERR_OK)
		*ret = counters;
	else if (why)
		buf_printf(why, "%s: the highest keys cannot be read",
			buf_text(&store->path));
	return err;
}

enum err
store_resource(struct store *store, uint32_t workspace, struct str type,
	struct str id, struct arena *arena, struct resource_row *ret)
{
	struct sqlite_reading reading;
	bool is_there;

	/* In this order: what is not in memory any more is in the table. */
	if (sqlite_resources_get(
		    store->resources, workspace, type, id, arena, ret))
		return ERR_OK;
	reading = sqlite_reading_begin(store, SQL_RESOURCE, arena);
	sqlite_row_bind_u64(reading.row.stmt, 1, workspace);
	sqlite_row_bind_text(reading.row.stmt, 2, type);
	sqlite_row_bind_text(reading.row.stmt, 3, id);
	is_there = sqlite_reading_step(&reading);
	if (is_there)
		sqlite_row_resource(&reading.row, ret);
	return sqlite_reading_end_single(&reading, is_there);
}

enum err
store_event(struct store *store, uint64_t sequence, struct arena *arena,
	struct event_row *ret)
{
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_EVENT, arena);
	bool is_there;

	sqlite_row_bind_u64(reading.row.stmt, 1, sequence);
	is_there = sqlite_reading_step(&reading);
	if (is_there)
		sqlite_row_event(&reading.row, ret);
	return sqlite_reading_end_single(&reading, is_there);
}

static enum err
event_by_given_id(struct store *store, uint32_t workspace, struct str id,
	struct arena *arena, struct event_row *ret)
{
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_EVENT_BY_GIVEN_ID, arena);
	bool is_there;

	sqlite_row_bind_u64(reading.row.stmt, 1, workspace);
	sqlite_row_bind_text(reading.row.stmt, 2, id);
	is_there = sqlite_reading_step(&reading);
	if (is_there)
		sqlite_row_event(&reading.row, ret);
	return sqlite_reading_end_single(&reading, is_there);
}

/** The id's sequence, if it may be one of ours. */
static bool
is_own_id(struct str id, uint64_t *ret_sequence)
{
	struct uuid uuid;

	if (uuid_parse(id, &uuid) || uuid.bytes[6] >> 4 != 7)
		return false;
	*ret_sequence = uuid_sequence(uuid);
	return true;
}

/** Ours may be spelled in either case; a publisher's is as it is. */
static bool
has_id(const struct event_row *row, struct str id)
{
	return row->is_id_given ? str_equal(row->id, id)
				: str_equal_nocase(row->id, id);
}

enum err
store_event_by_id(struct store *store, uint32_t workspace, struct str id,
	struct arena *arena, struct event_row *ret)
{
	struct event_row row;
	uint64_t sequence;

	if (is_own_id(id, &sequence)) {
		enum err err = store_event(store, sequence, arena, &row);
		bool is_it = err == ERR_OK && row.workspace == workspace &&
			     has_id(&row, id);

		if (is_it)
			*ret = row;
		if (is_it || (err && err != ERR_NOT_FOUND))
			return err;
	}
	/* A publisher's own ids may look like ours. */
	return event_by_given_id(store, workspace, id, arena, ret);
}

enum err
store_delivery(struct store *store, uint64_t sequence, struct arena *arena,
	struct delivery_row *ret)
{
	struct sqlite_reading reading;
	bool is_there;

	/* In this order (sqlite_late.h). */
	if (delivery_ring_get(&store->late.ring, sequence, ret))
		return ERR_OK;
	reading = sqlite_reading_begin(store, SQL_DELIVERY, arena);
	sqlite_row_bind_u64(reading.row.stmt, 1, sequence);
	is_there = sqlite_reading_step(&reading);
	if (is_there)
		sqlite_row_delivery(&reading.row, ret);
	return sqlite_reading_end_single(&reading, is_there);
}

static uint64_t
file_size(const struct buf *path)
{
	struct stat st;

	return stat(buf_text(path), &st) == 0 ? (uint64_t)st.st_size : 0;
}

enum err
store_stats(struct store *store, struct store_stats *ret)
{
	int64_t oldest_late = delivery_ring_oldest(&store->late.ring);
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_OLDEST_DUE, NULL);
	struct store_stats stats = {0};
	bool is_there;
	enum err err;

	sqlite_row_bind_u64(reading.row.stmt, 1, STORE_STATS_WEBHOOKS);
	is_there = sqlite_reading_step(&reading);
	if (is_there)
		stats.oldest_due = sqlite_row_i64(&reading.row);
	if (oldest_late &&
		(stats.oldest_due == 0 || oldest_late < stats.oldest_due))
		stats.oldest_due = oldest_late;
	err = sqlite_reading_end_single(&reading, is_there);
	if (err)
		return err;
	stats.waiting = (uint64_t)atomic_load(&store->waiting);
	stats.bytes = file_size(&store->path) + file_size(&store->wal_path);
	*ret = stats;
	return ERR_OK;
}
