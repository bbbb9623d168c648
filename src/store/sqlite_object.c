#include "store/sqlite_object.h"

#include <assert.h>

#include "store/sqlite_row.h"
#include "store/sqlite_store.h"

/* ---- changing ---- */

static void
bind_key(sqlite3_stmt *stmt, const struct object_row *row, struct str id)
{
	sqlite_row_bind_u64(stmt, 1, row->workspace);
	sqlite_row_bind_u64(stmt, 2, row->kind);
	sqlite_row_bind_text(stmt, 3, id);
}

static enum sqlite_sql
set(struct sqlite_db *db, const struct object_row *row)
{
	enum sqlite_sql sql =
		row->revision == 1 ? SQL_OBJECT_ADD : SQL_OBJECT_SET;
	sqlite3_stmt *stmt = db->statements[sql];

	bind_key(stmt, row, row->id);
	sqlite_row_bind_text(stmt, 4, row->owner);
	sqlite_row_bind_u64(stmt, 5, row->revision);
	sqlite_row_bind_i64(stmt, 6, row->updated);
	sqlite_row_bind_text(stmt, 7, row->body);
	sqlite_row_bind_blob(stmt, 8, row->sealed);
	if (sql == SQL_OBJECT_ADD)
		sqlite_row_bind_i64(stmt, 9, row->created);
	return sql;
}

static enum sqlite_sql
bind_change(struct sqlite_db *db, const struct object_change *change)
{
	const struct object_row *row = &change->row;
	sqlite3_stmt *stmt;

	switch (change->what) {
	case OBJECT_SET: return set(db, row);
	case OBJECT_REMOVE:
		stmt = db->statements[SQL_OBJECT_REMOVE];
		bind_key(stmt, row, row->id);
		sqlite_row_bind_u64(stmt, 4, row->revision);
		return SQL_OBJECT_REMOVE;
	case OBJECT_REMOVE_OWNED: break;
	}
	bind_key(db->statements[SQL_OBJECT_REMOVE_OWNED], row, row->owner);
	return SQL_OBJECT_REMOVE_OWNED;
}

enum err
sqlite_object_apply(struct sqlite_db *db, const struct object_change *change,
	struct buf *why)
{
	enum sqlite_sql sql = bind_change(db, change);
	int64_t changed;
	enum err err = sqlite_db_step(db, sql, &changed, why);

	if (err)
		return err;
	return changed == 0 && change->what != OBJECT_REMOVE_OWNED
		       ? ERR_CONFLICT
		       : ERR_OK;
}

/* ---- reading ---- */

static void
read_row(struct sqlite_row *row, struct object_row *ret)
{
	ret->workspace = (uint32_t)sqlite_row_u64(row);
	ret->kind = (enum object_kind)sqlite_row_u64(row);
	ret->id = sqlite_row_str(row);
	ret->owner = sqlite_row_str(row);
	ret->revision = sqlite_row_u64(row);
	ret->created = sqlite_row_i64(row);
	ret->updated = sqlite_row_i64(row);
	ret->body = sqlite_row_str(row);
	ret->sealed = sqlite_row_str(row);
}

enum err
store_object(struct store *store, uint32_t workspace, enum object_kind kind,
	struct str id, struct arena *arena, struct object_row *ret)
{
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_OBJECT, arena);
	bool is_there;

	sqlite_row_bind_u64(reading.row.stmt, 1, workspace);
	sqlite_row_bind_u64(reading.row.stmt, 2, kind);
	sqlite_row_bind_text(reading.row.stmt, 3, id);
	is_there = sqlite_reading_step(&reading);
	if (is_there)
		read_row(&reading.row, ret);
	return sqlite_reading_end_single(&reading, is_there);
}

static enum sqlite_sql
sql_of(const struct object_query *query)
{
	if (query->workspace == 0)
		return SQL_OBJECTS_OF_ALL;
	return query->owner.len ? SQL_OBJECTS_OWNED : SQL_OBJECTS;
}

enum err
store_objects(struct store *store, const struct object_query *query,
	struct arena *arena, struct object_list *ret)
{
	enum sqlite_sql sql = sql_of(query);
	struct sqlite_reading reading;
	struct object_list list = {0};
	enum err err;

	assert(query->limit >= 1 && query->limit <= OBJECT_PAGE_MAX);
	list.rows = arena_alloc_array(arena, query->limit, sizeof(*list.rows));
	reading = sqlite_reading_begin(store, sql, arena);
	sqlite_row_bind_u64(reading.row.stmt, 1,
		query->workspace ? query->workspace : query->after_workspace);
	sqlite_row_bind_u64(reading.row.stmt, 2, query->kind);
	sqlite_row_bind_text(reading.row.stmt, 3, query->after_id);
	sqlite_row_bind_u64(reading.row.stmt, 4, query->limit);
	if (sql == SQL_OBJECTS_OWNED)
		sqlite_row_bind_text(reading.row.stmt, 5, query->owner);
	while (list.count < query->limit && sqlite_reading_step(&reading))
		read_row(&reading.row, &list.rows[list.count++]);
	err = sqlite_reading_end(&reading);
	if (err == ERR_OK)
		*ret = list;
	return err;
}
