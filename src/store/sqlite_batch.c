#include "store/sqlite_batch.h"

#include "store/sqlite_row.h"

static const struct table {
	enum store_change_kind kind;
	enum sqlite_sql sql;
} tables[SQLITE_FEED_TABLES] = {
	[SQLITE_FEED_EVENTS] = {STORE_EVENT_ADD, SQL_EVENTS_OWN_ADD},
	[SQLITE_FEED_DELIVERIES] = {STORE_DELIVERY_ADD, SQL_DELIVERIES_ADD},
	[SQLITE_FEED_ATTEMPTS] = {STORE_ATTEMPT_ADD, 0}, /* sqlite_attempts.h */
};

static enum err
run(struct sqlite_batch *batch, enum sqlite_sql sql)
{
	return sqlite_db_step(batch->db, sql, NULL, batch->why);
}

static enum err
write_rows(struct sqlite_batch *batch, enum sqlite_feed_table table)
{
	struct sqlite_batch_rows *rows = &batch->rows[table];
	enum err err = ERR_OK;

	if (rows->count > 0 && table == SQLITE_FEED_ATTEMPTS) {
		err = sqlite_attempts_write(batch->attempts, batch->db,
			batch->feeds, rows->changes, rows->count, batch->why);
	} else if (rows->count > 0) {
		sqlite_feeds_hold(
			batch->feeds, table, rows->changes, rows->count);
		sqlite_feeds_name(batch->feeds, batch->webhooks);
		err = run(batch, tables[table].sql);
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
		change->webhook_number,
		{.window = change->health.window,
			.count = change->health.count,
			.failures_in_a_row = change->health.failures_in_a_row}};
	if (at == batch->health_count)
		batch->health_count++;
	return err;
}

/* ---- types of events ---- */

static enum err
write_blocks(struct sqlite_batch *batch)
{
	sqlite3_stmt *stmt = batch->db->statements[SQL_TYPE_BLOCK_ADD];
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < batch->block_count; i++) {
		sqlite_row_bind_text(stmt, 1, batch->blocks[i].type);
		sqlite_row_bind_u64(stmt, 2, batch->blocks[i].number);
		err = run(batch, SQL_TYPE_BLOCK_ADD);
	}
	batch->block_count = 0;
	return err;
}

enum err
sqlite_batch_add_type(struct sqlite_batch *batch, const struct event_row *event)
{
	uint64_t number = event->sequence / SQLITE_TYPE_BLOCK;
	enum err err = ERR_OK;

	/* Mostly it is the last one. */
	for (size_t at = batch->block_count; at > 0; at--) {
		if (batch->blocks[at - 1].number == number &&
			str_equal(batch->blocks[at - 1].type, event->type))
			return ERR_OK;
	}
	if (batch->block_count == SQLITE_BATCH_BLOCKS)
		err = write_blocks(batch);
	batch->blocks[batch->block_count++] =
		(struct sqlite_batch_block){event->type, number};
	return err;
}

/* ---- all of it ---- */

static enum err
add_row(struct sqlite_batch *batch, enum sqlite_feed_table table,
	const struct store_change *change)
{
	struct sqlite_batch_rows *rows = &batch->rows[table];

	rows->changes[rows->count++] = change;
	return rows->count == SQLITE_BATCH_ROWS ? write_rows(batch, table)
						: ERR_OK;
}

enum err
sqlite_batch_add_event(struct sqlite_batch *batch,
	const struct store_change *change, struct str webhooks)
{
	enum err err = sqlite_batch_add_type(batch, change->event);

	if (err)
		return err;
	batch->webhooks[batch->rows[SQLITE_FEED_EVENTS].count] = webhooks;
	return add_row(batch, SQLITE_FEED_EVENTS, change);
}

enum err
sqlite_batch_add(struct sqlite_batch *batch, const struct store_change *change)
{
	enum sqlite_feed_table table = SQLITE_FEED_DELIVERIES;

	if (change->kind == STORE_HEALTH_SET)
		return add_health(batch, change);
	while (tables[table].kind != change->kind)
		table++;
	if (change->kind == STORE_DELIVERY_ADD &&
		(batch->rows[table].count == 0 ||
			change->delivery->sequence < batch->lowest_delivery))
		batch->lowest_delivery = change->delivery->sequence;
	return add_row(batch, table, change);
}

enum err
sqlite_batch_flush(struct sqlite_batch *batch)
{
	enum err err = ERR_OK;

	for (int i = 0; err == ERR_OK && i < SQLITE_FEED_TABLES; i++)
		err = write_rows(batch, (enum sqlite_feed_table)i);
	if (err == ERR_OK)
		err = write_blocks(batch);
	return err == ERR_OK ? write_healths(batch) : err;
}

void
sqlite_batch_forget(struct sqlite_batch *batch)
{
	for (size_t i = 0; i < SQLITE_FEED_TABLES; i++)
		batch->rows[i].count = 0;
	batch->health_count = 0;
	batch->block_count = 0;
	sqlite_attempts_forget(batch->attempts);
}

bool
sqlite_batch_has_delivery(const struct sqlite_batch *batch, uint64_t sequence)
{
	const struct sqlite_batch_rows *rows =
		&batch->rows[SQLITE_FEED_DELIVERIES];

	if (sequence < batch->lowest_delivery)
		return false;
	for (size_t i = 0; i < rows->count; i++) {
		if (rows->changes[i]->delivery->sequence == sequence)
			return true;
	}
	return false;
}
