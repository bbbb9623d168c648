#include "store/sqlite_packed.h"

#include "base/mem.h"
#include "store/attempt_pack.h"
#include "store/sqlite_feed.h"
#include "store/sqlite_row.h"

enum { DELIVERY_COLUMN = 1 };

struct table {
	sqlite3_vtab base;
	struct sqlite_db *db;
};

/** At most one row: a delivery has one first attempt. */
struct cursor {
	sqlite3_vtab_cursor base;
	struct arena arena;
	struct attempt_row row;
	bool is_at_row;
};

static int
connect(sqlite3 *handle, void *context, int count, const char *const *words,
	sqlite3_vtab **ret, char **ret_error)
{
	int code = sqlite_feed_declare(handle, SQLITE_FEED_ATTEMPTS);
	struct table *table;

	(void)count;
	(void)words;
	(void)ret_error;
	if (code != SQLITE_OK)
		return code;
	table = MEM_NEW(struct table);
	table->db = context;
	*ret = &table->base;
	return SQLITE_OK;
}

static int
disconnect(sqlite3_vtab *base)
{
	mem_free(CONTAINER_OF(base, struct table, base));
	return SQLITE_OK;
}

/** By delivery, or not at all. */
static int
choose_way(sqlite3_vtab *base, sqlite3_index_info *info)
{
	(void)base;
	for (int i = 0; i < info->nConstraint; i++) {
		if (info->aConstraint[i].usable &&
			info->aConstraint[i].iColumn == DELIVERY_COLUMN &&
			info->aConstraint[i].op == SQLITE_INDEX_CONSTRAINT_EQ) {
			info->aConstraintUsage[i].argvIndex = 1;
			info->estimatedRows = 1;
			info->estimatedCost = 10;
			info->idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
			return SQLITE_OK;
		}
	}
	return SQLITE_CONSTRAINT;
}

static int
open_cursor(sqlite3_vtab *base, sqlite3_vtab_cursor **ret)
{
	struct cursor *cursor = MEM_NEW(struct cursor);

	(void)base;
	*ret = &cursor->base;
	return SQLITE_OK;
}

static int
close_cursor(sqlite3_vtab_cursor *base)
{
	struct cursor *cursor = CONTAINER_OF(base, struct cursor, base);

	arena_release(&cursor->arena);
	mem_free(cursor);
	return SQLITE_OK;
}

/** Looks into the present row of SQL_PACKS_AT. */
static int
look_into(struct cursor *cursor, sqlite3_stmt *stmt, uint64_t delivery)
{
	uint64_t webhook = (uint64_t)sqlite3_column_int64(stmt, 0);
	const char *bytes = sqlite3_column_blob(stmt, 1);
	size_t len = (size_t)sqlite3_column_bytes(stmt, 1);
	sqlite3_vtab *base = cursor->base.pVtab;
	enum err err = attempt_pack_find(str_make(bytes, len), webhook,
		delivery, &cursor->arena, &cursor->row);

	cursor->is_at_row = err == ERR_OK;
	if (err != ERR_INVALID)
		return SQLITE_OK;
	sqlite3_free(base->zErrMsg);
	base->zErrMsg = sqlite3_mprintf(
		"the attempts packed with that of delivery %lld are damaged",
		(long long)delivery);
	return SQLITE_CORRUPT_VTAB;
}

static int
begin(sqlite3_vtab_cursor *base, int way, const char *name, int count,
	sqlite3_value **values)
{
	struct cursor *cursor = CONTAINER_OF(base, struct cursor, base);
	struct table *table = CONTAINER_OF(base->pVtab, struct table, base);
	sqlite3_stmt *stmt = table->db->statements[SQL_PACKS_AT];
	uint64_t delivery = (uint64_t)sqlite3_value_int64(values[0]);
	int code = SQLITE_DONE;

	(void)way;
	(void)name;
	(void)count;
	arena_reset(&cursor->arena);
	cursor->is_at_row = false;
	sqlite_row_bind_u64(stmt, 1, delivery);
	while (!cursor->is_at_row &&
		(code = sqlite3_step(stmt)) == SQLITE_ROW) {
		code = look_into(cursor, stmt, delivery);
		if (code != SQLITE_OK)
			break;
	}
	sqlite3_reset(stmt);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int
next(sqlite3_vtab_cursor *base)
{
	CONTAINER_OF(base, struct cursor, base)->is_at_row = false;
	return SQLITE_OK;
}

static int
is_at_end(sqlite3_vtab_cursor *base)
{
	return !CONTAINER_OF(base, struct cursor, base)->is_at_row;
}

static int64_t
place_of(const struct attempt_row *row)
{
	return (int64_t)row->delivery * SQLITE_PLACES_EACH;
}

static int
tell_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int number)
{
	const struct attempt_row *row =
		&CONTAINER_OF(base, struct cursor, base)->row;

	sqlite_feed_tell_attempt(context, row, place_of(row), number);
	return SQLITE_OK;
}

static int
tell_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
	*ret = place_of(&CONTAINER_OF(base, struct cursor, base)->row);
	return SQLITE_OK;
}

static const sqlite3_module module = {
	.xConnect = connect,
	.xBestIndex = choose_way,
	.xDisconnect = disconnect,
	.xOpen = open_cursor,
	.xClose = close_cursor,
	.xFilter = begin,
	.xNext = next,
	.xEof = is_at_end,
	.xColumn = tell_column,
	.xRowid = tell_rowid,
};

enum err
sqlite_packed_register(struct sqlite_db *db, struct buf *why)
{
	int code = sqlite3_create_module_v2(
		db->handle, "packed_attempts", &module, db, NULL);

	return code == SQLITE_OK ? ERR_OK : sqlite_db_error(db, code, why);
}
