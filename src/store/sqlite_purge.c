#include "store/sqlite_purge.h"

#include <stdlib.h>

#include "base/mem.h"
#include "store/sqlite_row.h"

/* Deliveries looked at a commit; fewer when so many attempts, which are
   larger, go with them. */
enum { DELIVERIES_A_STEP = 4000, ATTEMPTS_A_STEP = 1000 };

static void
append(struct sqlite_purge *purge, uint64_t webhook)
{
	if (purge->count == purge->cap) {
		purge->cap = purge->cap ? purge->cap * 2 : 16;
		purge->removed = mem_resize(
			purge->removed, purge->cap * sizeof(uint64_t));
	}
	purge->removed[purge->count++] = webhook;
}

enum err
sqlite_purge_load(
	struct sqlite_purge *purge, struct sqlite_db *db, struct buf *why)
{
	sqlite3_stmt *stmt = db->statements[SQL_PURGE_ALL];
	enum err err = ERR_OK;
	int code;

	while ((code = sqlite3_step(stmt)) == SQLITE_ROW)
		append(purge, (uint64_t)sqlite3_column_int64(stmt, 0));
	if (code != SQLITE_DONE)
		err = sqlite_db_error(db, code, why);
	sqlite3_reset(stmt);
	purge->has_work = purge->count > 0;
	sqlite_purge_settle(purge);
	return err;
}

void
sqlite_purge_release(struct sqlite_purge *purge)
{
	mem_free(purge->removed);
	*purge = (struct sqlite_purge){0};
}

enum err
sqlite_purge_add(struct sqlite_purge *purge, struct sqlite_db *db,
	uint64_t webhook, struct buf *why)
{
	int64_t changed;
	enum err err;

	sqlite_row_bind_u64(db->statements[SQL_PURGE_ADD], 1, webhook);
	err = sqlite_db_step(db, SQL_PURGE_ADD, &changed, why);
	if (err == ERR_OK && changed == 0)
		return ERR_CONFLICT;
	if (err)
		return err;
	append(purge, webhook);
	purge->has_work = true;
	/* Keys of what is purged must not be given out again. */
	sqlite_row_bind_u64(db->statements[SQL_PURGE_MARK], 1, webhook);
	return sqlite_db_step(db, SQL_PURGE_MARK, NULL, why);
}

static int
compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

bool
sqlite_purge_has(const struct sqlite_purge *purge, uint64_t webhook)
{
	if (purge->count == 0)
		return false;
	for (size_t i = purge->settled; i < purge->count; i++) {
		if (purge->removed[i] == webhook)
			return true;
	}
	return purge->settled &&
	       bsearch(&webhook, purge->removed, purge->settled,
		       sizeof(uint64_t), compare) != NULL;
}

void
sqlite_purge_forget(struct sqlite_purge *purge, size_t count)
{
	purge->count = count;
}

void
sqlite_purge_settle(struct sqlite_purge *purge)
{
	if (purge->settled == purge->count)
		return;
	qsort(purge->removed, purge->count, sizeof(uint64_t), compare);
	purge->settled = purge->count;
}

struct job {
	uint64_t webhook;
	uint64_t after; /* deliveries up to here are done */
	uint64_t last;
};

/** The first job, or false in `*ret_found`. */
static enum err
next_job(
	struct sqlite_db *db, struct job *ret, bool *ret_found, struct buf *why)
{
	sqlite3_stmt *stmt = db->statements[SQL_PURGE_NEXT];
	struct sqlite_row row = {.stmt = stmt};
	enum err err = ERR_OK;
	int code = sqlite3_step(stmt);

	*ret_found = code == SQLITE_ROW;
	if (code == SQLITE_ROW) {
		ret->webhook = sqlite_row_u64(&row);
		ret->after = sqlite_row_u64(&row);
		ret->last = sqlite_row_u64(&row);
	} else if (code != SQLITE_DONE) {
		err = sqlite_db_error(db, code, why);
	}
	sqlite3_reset(stmt);
	return err;
}

/** The end of the next part of the deliveries; 0: there are none left. */
static enum err
range_end(struct sqlite_db *db, const struct job *job, uint64_t *ret,
	struct buf *why)
{
	sqlite3_stmt *stmt = db->statements[SQL_PURGE_RANGE];
	int64_t attempts = 0;
	enum err err = ERR_OK;
	int code = SQLITE_DONE;

	sqlite_row_bind_u64(stmt, 1, job->webhook);
	sqlite_row_bind_u64(stmt, 2, job->after);
	sqlite_row_bind_u64(stmt, 3, job->last);
	sqlite_row_bind_u64(stmt, 4, DELIVERIES_A_STEP);
	*ret = 0;
	while (attempts < ATTEMPTS_A_STEP &&
		(code = sqlite3_step(stmt)) == SQLITE_ROW) {
		*ret = (uint64_t)sqlite3_column_int64(stmt, 0);
		attempts += sqlite3_column_int64(stmt, 1);
	}
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		err = sqlite_db_error(db, code, why);
	sqlite3_reset(stmt);
	return err;
}

/** Each is bound the webhook, where it begins (after) and where it ends. */
static const enum sqlite_sql parts[] = {SQL_PURGE_ATTEMPTS, SQL_PURGE_PACKS,
	SQL_PURGE_DELIVERIES, SQL_PURGE_TRIED};

static enum err
purge_part(struct sqlite_db *db, const struct job *job, struct buf *why)
{
	sqlite3_stmt *stmt;
	uint64_t end = 0;
	enum err err = range_end(db, job, &end, why);

	if (err)
		return err;
	if (end == 0) {
		sqlite_row_bind_u64(
			db->statements[SQL_PURGE_REMOVE], 1, job->webhook);
		return sqlite_db_step(db, SQL_PURGE_REMOVE, NULL, why);
	}
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		stmt = db->statements[parts[i]];
		sqlite_row_bind_u64(stmt, 1, job->webhook);
		sqlite_row_bind_u64(stmt, 2, job->after);
		sqlite_row_bind_u64(stmt, 3, end);
		err = sqlite_db_step(db, parts[i], NULL, why);
		if (err)
			return err;
	}
	stmt = db->statements[SQL_PURGE_ADVANCE];
	sqlite_row_bind_u64(stmt, 1, job->webhook);
	sqlite_row_bind_u64(stmt, 2, end);
	return sqlite_db_step(db, SQL_PURGE_ADVANCE, NULL, why);
}

enum err
sqlite_purge_step(
	struct sqlite_purge *purge, struct sqlite_db *db, struct buf *why)
{
	struct job job;
	bool is_found;
	enum err err;

	if (!purge->has_work || purge->is_held)
		return ERR_OK;
	err = next_job(db, &job, &is_found, why);
	if (err)
		return err;
	if (is_found)
		return purge_part(db, &job, why);
	purge->has_work = false;
	return ERR_OK;
}
