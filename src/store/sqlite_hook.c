#include "store/sqlite_hook.h"

#include "store/sqlite_row.h"
#include "store/sqlite_store.h"

enum { FORGOTTEN_AT_ONCE = 64 };

/* ---- changing ---- */

static enum err
set_count(struct sqlite_db *db, enum sqlite_sql sql,
	const struct hook_change *change, struct buf *why)
{
	sqlite3_stmt *stmt = db->statements[sql];

	sqlite_row_bind_text(stmt, 1, change->hook);
	sqlite_row_bind_text(stmt, 2, change->name);
	sqlite_row_bind_u64(stmt, 3, change->count);
	sqlite_row_bind_i64(stmt, 4, change->at);
	return sqlite_db_step(db, sql, NULL, why);
}

static enum err
note_seen(
	struct sqlite_db *db, const struct hook_change *change, struct buf *why)
{
	sqlite3_stmt *stmt = db->statements[SQL_HOOK_SEEN_FORGET];
	enum err err;

	sqlite_row_bind_text(stmt, 1, change->hook);
	sqlite_row_bind_i64(stmt, 2, change->forget_before);
	sqlite_row_bind_u64(stmt, 3, FORGOTTEN_AT_ONCE);
	err = sqlite_db_step(db, SQL_HOOK_SEEN_FORGET, NULL, why);
	if (err)
		return err;
	stmt = db->statements[SQL_HOOK_SEEN_SET];
	sqlite_row_bind_text(stmt, 1, change->hook);
	sqlite_row_bind_blob(stmt, 2, change->id);
	sqlite_row_bind_i64(stmt, 3, change->at);
	return sqlite_db_step(db, SQL_HOOK_SEEN_SET, NULL, why);
}

static enum err
forget_all(
	struct sqlite_db *db, const struct hook_change *change, struct buf *why)
{
	enum err err;

	sqlite_row_bind_text(
		db->statements[SQL_HOOK_COUNTS_REMOVE], 1, change->hook);
	sqlite_row_bind_text(
		db->statements[SQL_HOOK_SEEN_REMOVE], 1, change->hook);
	err = sqlite_db_step(db, SQL_HOOK_COUNTS_REMOVE, NULL, why);
	return err ? err : sqlite_db_step(db, SQL_HOOK_SEEN_REMOVE, NULL, why);
}

enum err
sqlite_hook_apply(
	struct sqlite_db *db, const struct hook_change *change, struct buf *why)
{
	enum err err = ERR_INVALID;

	switch (change->what) {
	case HOOK_RAISE:
		err = set_count(db, SQL_HOOK_RAISE, change, why);
		break;
	case HOOK_COUNT:
		err = set_count(db, SQL_HOOK_COUNT, change, why);
		break;
	case HOOK_SEEN: err = note_seen(db, change, why); break;
	case HOOK_FORGET: err = forget_all(db, change, why); break;
	}
	return err;
}

/* ---- reading ---- */

enum err
store_hook_counts(struct store *store, struct str hook, struct arena *arena,
	struct hook_count_list *ret)
{
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_HOOK_COUNTS, arena);

	*ret = (struct hook_count_list){
		.rows = arena_alloc_array(
			arena, HOOK_COUNTS_MAX, sizeof(*ret->rows))};
	sqlite_row_bind_text(reading.row.stmt, 1, hook);
	while (ret->count < HOOK_COUNTS_MAX && sqlite_reading_step(&reading)) {
		struct hook_count_row *row = &ret->rows[ret->count++];

		row->name = sqlite_row_str(&reading.row);
		row->count = sqlite_row_u64(&reading.row);
		row->last = sqlite_row_i64(&reading.row);
	}
	return sqlite_reading_end(&reading);
}

enum err
store_hook_seen(struct store *store, const struct hook_seen_query *query,
	struct arena *arena, struct hook_seen_list *ret)
{
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_HOOK_SEEN, arena);

	*ret = (struct hook_seen_list){
		.rows = arena_alloc_array(
			arena, query->limit, sizeof(*ret->rows))};
	sqlite_row_bind_text(reading.row.stmt, 1, query->hook);
	sqlite_row_bind_i64(reading.row.stmt, 2, query->since);
	sqlite_row_bind_u64(reading.row.stmt, 3, query->limit);
	while (ret->count < query->limit && sqlite_reading_step(&reading)) {
		struct hook_seen_row *row = &ret->rows[ret->count++];

		row->id = sqlite_row_str(&reading.row);
		row->at = sqlite_row_i64(&reading.row);
	}
	return sqlite_reading_end(&reading);
}
