#include "store/sqlite_batch.h"

#include <assert.h>

#include "store/sqlite_db.h"
#include "store/sqlite_row.h"

static int
bind_event(sqlite3_stmt *stmt, int at, const struct store_change *change)
{
	return sqlite_row_bind_event(stmt, at, change->event);
}

static int
bind_delivery(sqlite3_stmt *stmt, int at, const struct store_change *change)
{
	return sqlite_row_bind_delivery(stmt, at, change->delivery);
}

static int
bind_attempt(sqlite3_stmt *stmt, int at, const struct store_change *change)
{
	return sqlite_row_bind_attempt(stmt, at, change->attempt);
}

enum { EVENTS, DELIVERIES, ATTEMPTS };

/* How many rows one statement writes, the most first. */
static const size_t sizes[] = {SQLITE_BATCH_ROWS, 16, 4, 1};

static const struct table {
	enum store_change_kind kind;
	enum sqlite_sql sql[COUNT_OF(sizes)];
	/* Binds behind parameter `at`; returns the row's last. */
	int (*bind)(
		sqlite3_stmt *stmt, int at, const struct store_change *change);
} tables[SQLITE_BATCH_TABLES] = {
	[EVENTS] = {STORE_EVENT_ADD,
		{SQL_EVENT_OWN_ADD_64, SQL_EVENT_OWN_ADD_16,
			SQL_EVENT_OWN_ADD_4, SQL_EVENT_OWN_ADD},
		bind_event},
	[DELIVERIES] = {STORE_DELIVERY_ADD,
		{SQL_DELIVERY_ADD_64, SQL_DELIVERY_ADD_16, SQL_DELIVERY_ADD_4,
			SQL_DELIVERY_ADD},
		bind_delivery},
	[ATTEMPTS] = {STORE_ATTEMPT_ADD,
		{SQL_ATTEMPT_ADD_64, SQL_ATTEMPT_ADD_16, SQL_ATTEMPT_ADD_4,
			SQL_ATTEMPT_ADD},
		bind_attempt},
};

static enum err
run(struct sqlite_batch *batch, enum sqlite_sql sql)
{
	return sqlite_db_step(batch->db, sql, NULL, batch->why);
}

static enum err
write_at_once(struct sqlite_batch *batch, const struct table *table,
	size_t size, const struct store_change *const *changes)
{
	sqlite3_stmt *stmt = batch->db->statements[table->sql[size]];
	int at = 0;

	for (size_t i = 0; i < sizes[size]; i++)
		at = table->bind(stmt, at, changes[i]);
	assert(at == sqlite3_bind_parameter_count(stmt));
	return run(batch, table->sql[size]);
}

static enum err
write_rows(struct sqlite_batch *batch, size_t number)
{
	struct sqlite_batch_rows *rows = &batch->rows[number];
	enum err err = ERR_OK;
	size_t at = 0;

	for (size_t size = 0; err == ERR_OK && at < rows->count;) {
		if (rows->count - at < sizes[size]) {
			size++;
			continue;
		}
		err = write_at_once(
			batch, &tables[number], size, rows->changes + at);
		at += sizes[size];
	}
	rows->count = 0;
	return err;
}

/* ---- health ---- */

static enum err
write_healths(struct sqlite_batch *batch)
{
	sqlite3_stmt *stmt = batch->db->statements[SQL_HEALTH_SET];
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < batch->health_count; i++) {
		sqlite_row_bind_health(stmt, batch->healths[i].webhook,
			&batch->healths[i].health);
		err = run(batch, SQL_HEALTH_SET);
	}
	batch->health_count = 0;
	return err;
}

static enum err
add_health(struct sqlite_batch *batch, const struct store_change *change)
{
	size_t at = 0;
	enum err err = ERR_OK;

	while (at < batch->health_count &&
		batch->healths[at].webhook != change->webhook_number)
		at++;
	if (at == SQLITE_BATCH_HEALTHS) {
		err = write_healths(batch);
		at = 0;
	}
	batch->healths[at] = (struct sqlite_batch_health){
		change->webhook_number, change->health};
	if (at == batch->health_count)
		batch->health_count++;
	return err;
}

/* ---- all of it ---- */

enum err
sqlite_batch_add(struct sqlite_batch *batch, const struct store_change *change)
{
	size_t number = 0;
	struct sqlite_batch_rows *rows;

	if (change->kind == STORE_HEALTH_SET)
		return add_health(batch, change);
	while (tables[number].kind != change->kind)
		number++;
	rows = &batch->rows[number];
	rows->changes[rows->count++] = change;
	return rows->count == SQLITE_BATCH_ROWS ? write_rows(batch, number)
						: ERR_OK;
}

enum err
sqlite_batch_flush(struct sqlite_batch *batch)
{
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < SQLITE_BATCH_TABLES; i++)
		err = write_rows(batch, i);
	return err == ERR_OK ? write_healths(batch) : err;
}

void
sqlite_batch_forget(struct sqlite_batch *batch)
{
	for (size_t i = 0; i < SQLITE_BATCH_TABLES; i++)
		batch->rows[i].count = 0;
	batch->health_count = 0;
}

bool
sqlite_batch_has_delivery(const struct sqlite_batch *batch, uint64_t sequence)
{
	const struct sqlite_batch_rows *rows = &batch->rows[DELIVERIES];

	for (size_t i = 0; i < rows->count; i++) {
		if (rows->changes[i]->delivery->sequence == sequence)
			return true;
	}
	return false;
}
