#include "store/sqlite_space.h"

#include "base/log.h"
#include "store/retain.h"

enum {
	/* Pages moved a step, and how many stay free for what comes next. */
	PAGES_A_STEP = 64,
	PAGES_KEPT_FREE = 256,
	/* Databases up to this many bytes are written anew when opened. */
	REWRITE_MAX = 64 << 20,
};

/** What a PRAGMA gives, which has a row always. */
static enum err
query(struct sqlite_db *db, enum sqlite_sql sql, int64_t *ret, struct buf *why)
{
	sqlite3_stmt *stmt = db->statements[sql];
	int code = sqlite3_step(stmt);
	enum err err = ERR_OK;

	if (code == SQLITE_ROW)
		*ret = sqlite3_column_int64(stmt, 0);
	else
		err = sqlite_db_error(db, code, why);
	sqlite3_reset(stmt);
	return err;
}

static enum err
count_pages(struct sqlite_db *db, int64_t *ret_used, int64_t *ret_free,
	struct buf *why)
{
	int64_t all = 0;
	enum err err = query(db, SQL_PAGES, &all, why);

	if (err == ERR_OK)
		err = query(db, SQL_PAGES_FREE, ret_free, why);
	if (err == ERR_OK)
		*ret_used = all - *ret_free;
	return err;
}

static bool
is_worth_shrinking(int64_t used, int64_t free)
{
	return free > PAGES_KEPT_FREE + PAGES_A_STEP + used / 16;
}

enum err
sqlite_space_shrink(
	struct sqlite_db *db, struct retain_step *step, struct buf *why)
{
	CLEANUP(buf_release) struct buf text = {0};
	int64_t used = 0, free = 0, mode = 0;
	enum err err = query(db, SQL_PAGES_MODE, &mode, why);

	if (err == ERR_OK && mode != 0)
		err = count_pages(db, &used, &free, why);
	if (err || !is_worth_shrinking(used, free))
		return err;
	buf_printf(&text, "PRAGMA incremental_vacuum(%d)", PAGES_A_STEP);
	err = sqlite_db_run(db, buf_text(&text), why);
	step->has_shrunk = true;
	step->is_shrinking = is_worth_shrinking(used, free - PAGES_A_STEP);
	return err;
}

enum err
sqlite_space_used(struct sqlite_db *db, uint64_t *ret, struct buf *why)
{
	int64_t used = 0, free = 0, size = 0;
	enum err err = count_pages(db, &used, &free, why);

	if (err == ERR_OK)
		err = query(db, SQL_PAGE_SIZE, &size, why);
	*ret = (uint64_t)(used * size);
	return err;
}

void
sqlite_space_prepare(struct sqlite_db *db)
{
	CLEANUP(buf_release) struct buf why = {0};
	int64_t mode = 0, size = 0;
	enum err err = sqlite_db_number(db, "PRAGMA auto_vacuum", &mode, &why);

	if (err == ERR_OK && mode == 0)
		err = sqlite_db_number(db,
			"SELECT page_count * page_size"
			" FROM pragma_page_count, pragma_page_size",
			&size, &why);
	if (err == ERR_OK && mode == 0 && size <= REWRITE_MAX) {
		/* It attaches a file of its own. */
		sqlite3_limit(db->handle, SQLITE_LIMIT_ATTACHED, 1);
		err = sqlite_db_run(
			db, "PRAGMA auto_vacuum = INCREMENTAL; VACUUM", &why);
		sqlite3_limit(db->handle, SQLITE_LIMIT_ATTACHED, 0);
	}
	if (err)
		log_warning("store.rewrite", "error=\"%s\"", buf_text(&why));
}
