#include "store/sqlite_retain.h"

#include "base/log.h"
#include "store/sqlite_retain_flow.h"
#include "store/sqlite_row.h"
#include "store/sqlite_store.h"

enum {
	/* Rows a step may remove, attempts not counted. */
	ROWS_A_STEP = 256,
	/* Pages moved a step, and how many stay free for what comes next. */
	PAGES_A_STEP = 64,
	PAGES_KEPT_FREE = 256,
	/* Databases up to this many bytes are written anew when opened. */
	REWRITE_MAX = 64 << 20,
};

struct removal {
	struct sqlite_db *db;
	struct retain_step *step;
	size_t rows_left;
	struct buf *why;
};

/** A number that a bound query gives; ERR_NOT_FOUND without a row. */
static enum err
query(struct removal *removal, enum sqlite_sql sql, int64_t *ret)
{
	sqlite3_stmt *stmt = removal->db->statements[sql];
	int code = sqlite3_step(stmt);
	enum err err = ERR_OK;

	if (code == SQLITE_ROW)
		*ret = sqlite3_column_int64(stmt, 0);
	else if (code == SQLITE_DONE)
		err = ERR_NOT_FOUND;
	else
		err = sqlite_db_error(removal->db, code, removal->why);
	sqlite3_reset(stmt);
	return err;
}

/** What is left of it, once its row is gone. */
static enum err
remove_traces(struct removal *removal, uint64_t sequence, int64_t webhook)
{
	/* Each is bound the webhook and the delivery. */
	static const enum sqlite_sql parts[] = {
		SQL_RETAIN_PACK, SQL_RETAIN_TRIED};
	struct sqlite_db *db = removal->db;
	enum err err;

	sqlite_row_bind_u64(db->statements[SQL_RETAIN_ATTEMPTS], 1, sequence);
	err = sqlite_db_step(db, SQL_RETAIN_ATTEMPTS, NULL, removal->why);
	for (size_t i = 0; err == ERR_OK && i < COUNT_OF(parts); i++) {
		sqlite_row_bind_i64(db->statements[parts[i]], 1, webhook);
		sqlite_row_bind_u64(db->statements[parts[i]], 2, sequence);
		err = sqlite_db_step(db, parts[i], NULL, removal->why);
	}
	return err;
}

/** Unless it waits, is not old, or is the highest one. */
static enum err
remove_delivery(struct removal *removal, uint64_t sequence, int64_t before)
{
	struct sqlite_db *db = removal->db;
	sqlite3_stmt *stmt = db->statements[SQL_RETAIN_DELIVERY];
	int64_t changed, webhook = 0;
	enum err err;

	sqlite_row_bind_u64(db->statements[SQL_DELIVERY_WEBHOOK], 1, sequence);
	err = query(removal, SQL_DELIVERY_WEBHOOK, &webhook);
	if (err)
		return err == ERR_NOT_FOUND ? ERR_OK : err;
	sqlite_row_bind_u64(stmt, 1, sequence);
	sqlite_row_bind_i64(stmt, 2, before);
	err = sqlite_db_step(db, SQL_RETAIN_DELIVERY, &changed, removal->why);
	if (err || changed == 0)
		return err;
	removal->step->removed_deliveries++;
	removal->rows_left--;
	return remove_traces(removal, sequence, webhook);
}

static enum err
remove_deliveries(struct removal *removal)
{
	struct retain_step *step = removal->step;

	for (size_t i = 0; i < step->delivery_count; i++) {
		enum err err = remove_delivery(removal, step->deliveries[i],
			step->limits.deliveries_before);

		if (err)
			return err;
	}
	return ERR_OK;
}

/** The event's deliveries, as many as the step may still remove. */
static enum err
list_deliveries(struct removal *removal, uint64_t event,
	uint64_t list[ROWS_A_STEP], size_t *ret_count)
{
	struct sqlite_db *db = removal->db;
	sqlite3_stmt *stmt = db->statements[SQL_RETAIN_OF_EVENT];
	int code = SQLITE_DONE;

	*ret_count = 0;
	sqlite_row_bind_u64(stmt, 1, event);
	while (*ret_count < removal->rows_left &&
		(code = sqlite3_step(stmt)) == SQLITE_ROW)
		list[(*ret_count)++] = (uint64_t)sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	if (code != SQLITE_DONE && code != SQLITE_ROW)
		return sqlite_db_error(db, code, removal->why);
	return ERR_OK;
}

/** The event with its deliveries, if it is old and nothing of it waits. */
static enum err
remove_event(struct removal *removal, const struct retain_event *event)
{
	struct sqlite_db *db = removal->db;
	uint64_t deliveries[ROWS_A_STEP];
	int64_t is_waited_for = 0, changed = 0;
	size_t count;
	enum err err;

	sqlite_row_bind_u64(
		db->statements[SQL_RETAIN_CHECK], 1, event->sequence);
	sqlite_row_bind_i64(db->statements[SQL_RETAIN_CHECK], 2,
		removal->step->limits.events_before);
	err = query(removal, SQL_RETAIN_CHECK, &is_waited_for);
	if (err || is_waited_for)
		return err == ERR_NOT_FOUND ? ERR_OK : err;
	err = list_deliveries(removal, event->sequence, deliveries, &count);
	for (size_t i = 0; err == ERR_OK && i < count; i++)
		err = remove_delivery(removal, deliveries[i], INT64_MAX);
	if (err || removal->rows_left == 0)
		return err;
	/* What leads to it goes before, on the same conditions. */
	sqlite_row_bind_u64(
		db->statements[SQL_RETAIN_BLOCK], 1, event->sequence);
	err = sqlite_db_step(db, SQL_RETAIN_BLOCK, NULL, removal->why);
	if (err)
		return err;
	sqlite_row_bind_u64(
		db->statements[SQL_RETAIN_EVENT], 1, event->sequence);
	err = sqlite_db_step(db, SQL_RETAIN_EVENT, &changed, removal->why);
	removal->step->removed_events += (uint64_t)changed;
	removal->rows_left -= changed ? 1 : 0;
	return err;
}

/** Those that stay do not name what is gone. */
static enum err
part_successors(struct removal *removal, size_t count)
{
	struct sqlite_db *db = removal->db;
	sqlite3_stmt *stmt = db->statements[SQL_RETAIN_PART];

	for (size_t i = 0; i < count; i++) {
		const struct retain_event *event = &removal->step->events[i];
		enum err err;

		if (event->successor == 0)
			continue;
		sqlite_row_bind_u64(stmt, 1, event->successor);
		sqlite_row_bind_u64(stmt, 2, event->sequence);
		err = sqlite_db_step(db, SQL_RETAIN_PART, NULL, removal->why);
		if (err)
			return err;
	}
	return ERR_OK;
}

static enum err
remove_events(struct removal *removal)
{
	struct retain_step *step = removal->step;
	size_t at = 0;

	for (; at < step->event_count && removal->rows_left > 0; at++) {
		enum err err = remove_event(removal, &step->events[at]);

		if (err)
			return err;
	}
	step->is_unfinished = removal->rows_left == 0;
	return part_successors(removal, at);
}

/* ---- giving space back ---- */

static enum err
count_pages(struct removal *removal, int64_t *ret_used, int64_t *ret_free)
{
	int64_t all = 0;
	enum err err = query(removal, SQL_PAGES, &all);

	if (err == ERR_OK)
		err = query(removal, SQL_PAGES_FREE, ret_free);
	if (err == ERR_OK)
		*ret_used = all - *ret_free;
	return err;
}

static bool
is_worth_shrinking(int64_t used, int64_t free)
{
	return free > PAGES_KEPT_FREE + PAGES_A_STEP + used / 16;
}

/** Moves some pages from the file's end to its holes, if they are many. */
static enum err
shrink(struct removal *removal)
{
	CLEANUP(buf_release) struct buf text = {0};
	int64_t used = 0, free = 0, mode = 0;
	enum err err = query(removal, SQL_PAGES_MODE, &mode);

	if (err == ERR_OK && mode != 0)
		err = count_pages(removal, &used, &free);
	if (err || !is_worth_shrinking(used, free))
		return err;
	buf_printf(&text, "PRAGMA incremental_vacuum(%d)", PAGES_A_STEP);
	err = sqlite_db_run(removal->db, buf_text(&text), removal->why);
	removal->step->has_shrunk = true;
	removal->step->is_shrinking =
		is_worth_shrinking(used, free - PAGES_A_STEP);
	return err;
}

enum err
sqlite_retain_step(
	struct sqlite_db *db, struct retain_step *step, struct buf *why)
{
	struct removal removal = {
		.db = db, .step = step, .rows_left = ROWS_A_STEP, .why = why};
	enum err err;

	step->removed_events = 0;
	step->removed_deliveries = 0;
	step->removed_executions = 0;
	step->is_unfinished = false;
	step->has_shrunk = false;
	step->is_shrinking = false;
	err = remove_deliveries(&removal);
	if (err == ERR_OK)
		err = remove_events(&removal);
	if (err == ERR_OK)
		err = sqlite_retain_flow_remove(db, step, why);
	if (err == ERR_OK)
		err = shrink(&removal);
	return err;
}

enum err
sqlite_retain_used(struct sqlite_db *db, uint64_t *ret, struct buf *why)
{
	struct removal removal = {.db = db, .why = why};
	int64_t used = 0, free = 0, size = 0;
	enum err err = count_pages(&removal, &used, &free);

	if (err == ERR_OK)
		err = query(&removal, SQL_PAGE_SIZE, &size);
	*ret = (uint64_t)(used * size);
	return err;
}

void
sqlite_retain_prepare(struct sqlite_db *db)
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
