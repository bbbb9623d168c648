#include "store/sqlite_write.h"

#include <assert.h>

#include "store/sqlite_db.h"
#include "store/sqlite_flow.h"
#include "store/sqlite_hook.h"
#include "store/sqlite_late.h"
#include "store/sqlite_object.h"
#include "store/sqlite_outcomes.h"
#include "store/sqlite_purge.h"
#include "store/sqlite_resources.h"
#include "store/sqlite_retain.h"
#include "store/sqlite_row.h"

typedef enum err change_function(
	struct sqlite_write *write, const struct store_change *change);

static sqlite3_stmt *
statement(struct sqlite_write *write, enum sqlite_sql sql)
{
	return write->db->statements[sql];
}

static enum err
run(struct sqlite_write *write, enum sqlite_sql sql)
{
	return sqlite_db_step(write->db, sql, NULL, write->why);
}

/** ERR_CONFLICT when it changed no row. */
static enum err
run_expecting_change(struct sqlite_write *write, enum sqlite_sql sql)
{
	int64_t changed;
	enum err err = sqlite_db_step(write->db, sql, &changed, write->why);

	return err == ERR_OK && changed == 0 ? ERR_CONFLICT : err;
}

/** A number that a bound query gives. */
static enum err
query(struct sqlite_write *write, enum sqlite_sql sql, int64_t *ret)
{
	sqlite3_stmt *stmt = statement(write, sql);
	int code = sqlite3_step(stmt);
	enum err err = ERR_OK;

	if (code == SQLITE_ROW)
		*ret = sqlite3_column_int64(stmt, 0);
	else if (code == SQLITE_DONE)
		err = ERR_NOT_FOUND;
	else
		err = sqlite_db_error(write->db, code, write->why);
	sqlite3_reset(stmt);
	return err;
}

enum err
sqlite_write_waiting_of(
	struct sqlite_db *db, uint64_t webhook, int64_t *ret, struct buf *why)
{
	struct sqlite_write write = {.db = db, .why = why};

	sqlite_row_bind_u64(db->statements[SQL_WAITING_COUNT_OF], 1, webhook);
	return query(&write, SQL_WAITING_COUNT_OF, ret);
}

/** An event of the same (source, id), if it is old enough. */
static enum err
give_way(struct sqlite_write *write, const struct store_change *change)
{
	sqlite3_stmt *stmt = statement(write, SQL_EVENT_GIVE_WAY);

	sqlite_row_bind_u64(stmt, 1, change->event->workspace);
	sqlite_row_bind_text(stmt, 2, change->event->id);
	sqlite_row_bind_text(stmt, 3, change->event->source);
	sqlite_row_bind_i64(stmt, 4, change->repeats_from);
	return run_expecting_change(write, SQL_EVENT_GIVE_WAY);
}

static enum err
add_event_with_id(struct sqlite_write *write, const struct store_change *change,
	struct str webhooks)
{
	enum err err;

	sqlite_feeds_hold(write->batch.feeds, SQLITE_FEED_EVENTS, &change, 1);
	sqlite_feeds_name(write->batch.feeds, &webhooks);
	err = run_expecting_change(write, SQL_EVENT_ADD);
	if (err != ERR_CONFLICT || change->repeats_from == 0)
		return err;
	err = give_way(write, change);
	if (err)
		return err;
	return run_expecting_change(write, SQL_EVENT_ADD);
}

/** The one of the unit that is being applied, or NULL. */
static const struct event_row *
event_of_unit(const struct sqlite_write *write)
{
	for (size_t i = 0; i < write->unit->count; i++) {
		if (write->unit->changes[i].kind == STORE_EVENT_ADD)
			return write->unit->changes[i].event;
	}
	return NULL;
}

static enum err
add_event(struct sqlite_write *write, const struct store_change *change)
{
	struct str webhooks;
	enum err err;

	sqlite_resources_note(write->resources, change->event->sequence);
	write->is_late = sqlite_late_plan(write, change, &webhooks);
	if (!change->event->is_id_given)
		return sqlite_batch_add_event(&write->batch, change, webhooks);
	err = add_event_with_id(write, change, webhooks);
	return err ? err : sqlite_batch_add_type(&write->batch, change->event);
}

static enum err
set_resource(struct sqlite_write *write, const struct store_change *change)
{
	return sqlite_resources_set(write->resources, write->db, change,
		event_of_unit(write), write->why);
}

static enum err
add_delivery(struct sqlite_write *write, const struct store_change *change)
{
	const struct delivery_row *row = change->delivery;
	enum err err;

	if (sqlite_purge_has(write->purge, row->webhook))
		return ERR_OK;
	sqlite_late_note(write->late, row->sequence);
	if (write->is_late)
		sqlite_late_add(write->late, row);
	err = write->is_late ? ERR_OK : sqlite_batch_add(&write->batch, change);
	if (err == ERR_OK && row->state == DELIVERY_WAITING)
		write->waiting++;
	return err;
}

/** Whether the delivery's webhook was removed: then it is as good as gone. */
static enum err
check_not_purged(struct sqlite_write *write, uint64_t delivery)
{
	int64_t webhook = 0;
	enum err err;

	if (sqlite_purge_is_empty(write->purge))
		return ERR_OK;
	sqlite_row_bind_u64(
		statement(write, SQL_DELIVERY_WEBHOOK), 1, delivery);
	err = query(write, SQL_DELIVERY_WEBHOOK, &webhook);
	if (err == ERR_NOT_FOUND)
		return ERR_CONFLICT;
	if (err)
		return err;
	return sqlite_purge_has(write->purge, (uint64_t)webhook) ? ERR_CONFLICT
								 : ERR_OK;
}

static enum err
run_delivery(struct sqlite_write *write, enum sqlite_sql sql,
	const struct delivery_row *row)
{
	sqlite3_stmt *stmt = statement(write, sql);

	sqlite_row_bind_u64(stmt, 1, row->sequence);
	sqlite_row_bind_u64(stmt, 2, row->state);
	sqlite_row_bind_u64(stmt, 3, row->attempts);
	sqlite_row_bind_i64(stmt, 4, row->due);
	sqlite_row_bind_i64(stmt, 5, row->updated);
	sqlite_row_bind_text(stmt, 6, row->reason);
	return run_expecting_change(write, sql);
}

static enum err
set_delivery(struct sqlite_write *write, const struct store_change *change)
{
	const struct delivery_row *row = change->delivery;
	enum err err = sqlite_outcomes_take(write->outcomes, change)
			       ? ERR_OK
			       : sqlite_late_set(write, change, false);

	if (err == ERR_OK)
		write->waiting -= row->state != DELIVERY_WAITING;
	if (err != ERR_NOT_FOUND)
		return err;
	err = ERR_OK;
	if (sqlite_batch_has_delivery(&write->batch, row->sequence))
		err = sqlite_batch_flush(&write->batch);
	if (err == ERR_OK)
		err = check_not_purged(write, row->sequence);
	if (err)
		return err;
	err = run_delivery(write, SQL_DELIVERY_SET, row);
	if (err == ERR_OK && row->state != DELIVERY_WAITING)
		write->waiting--;
	/* Skipped while its last attempt was on the way, which went well. */
	if (err == ERR_CONFLICT && row->state == DELIVERY_DELIVERED)
		err = run_delivery(write, SQL_DELIVERY_LATE, row);
	return err;
}

static enum err
repeat_delivery(struct sqlite_write *write, const struct store_change *change)
{
	const struct delivery_row *row = change->delivery;
	enum err err = check_not_purged(write, row->sequence);

	if (!err)
		err = run_delivery(write, SQL_DELIVERY_AGAIN, row);
	if (err == ERR_OK)
		write->waiting++;
	return err;
}

static enum err
count_attempt(struct sqlite_write *write, const struct store_change *change)
{
	const struct delivery_row *row = change->delivery;
	sqlite3_stmt *stmt = statement(write, SQL_DELIVERY_TRIED);
	enum err err = check_not_purged(write, row->sequence);

	if (err)
		return err;
	sqlite_row_bind_u64(stmt, 1, row->sequence);
	sqlite_row_bind_u64(stmt, 2, row->attempts);
	return run_expecting_change(write, SQL_DELIVERY_TRIED);
}

static enum err
add_attempt(struct sqlite_write *write, const struct store_change *change)
{
	sqlite3_stmt *stmt = statement(write, SQL_ATTEMPT_ADD_DEBUG);
	int64_t place;
	enum err err;

	if (sqlite_purge_has(write->purge, change->attempt->webhook))
		return ERR_OK;
	if (change->attempt->number < ATTEMPT_DEBUG_FIRST)
		return sqlite_batch_add(&write->batch, change);
	/* Its delivery is looked for. */
	err = sqlite_late_write(write, change->attempt->delivery);
	if (err == ERR_OK)
		err = sqlite_batch_flush(&write->batch);
	if (err)
		return err;
	place = sqlite_attempts_apart(write->batch.attempts);
	sqlite_feeds_hold(write->batch.feeds, SQLITE_FEED_ATTEMPTS, &change, 1);
	sqlite_feeds_place(write->batch.feeds, &place);
	sqlite_row_bind_u64(stmt, 1, change->attempt->webhook);
	sqlite_row_bind_u64(stmt, 2, change->attempt->delivery);
	return run(write, SQL_ATTEMPT_ADD_DEBUG);
}

static enum err
add_webhook(struct sqlite_write *write, const struct store_change *change)
{
	const struct webhook_row *row = change->webhook;
	enum err err;

	sqlite_row_bind_webhook(statement(write, SQL_WEBHOOK_ADD), row, true);
	err = run(write, SQL_WEBHOOK_ADD);
	if (err)
		return err;
	sqlite_row_bind_health(
		statement(write, SQL_HEALTH_ADD), row->number, &row->health);
	return run(write, SQL_HEALTH_ADD);
}

static enum err
set_webhook(struct sqlite_write *write, const struct store_change *change)
{
	const struct webhook_row *row = change->webhook;
	enum err err;

	sqlite_row_bind_webhook(statement(write, SQL_WEBHOOK_SET), row, false);
	err = run_expecting_change(write, SQL_WEBHOOK_SET);
	if (err)
		return err;
	sqlite_row_bind_health(
		statement(write, SQL_HEALTH_SET), row->number, &row->health);
	return run(write, SQL_HEALTH_SET);
}

static enum err
remove_webhook(struct sqlite_write *write, const struct store_change *change)
{
	uint64_t number = change->webhook_number;
	int64_t waiting = 0;
	enum err err;

	err = sqlite_write_waiting_of(write->db, number, &waiting, write->why);
	if (err == ERR_OK)
		err = sqlite_purge_add(
			write->purge, write->db, number, write->why);
	if (err)
		return err;
	write->waiting -= waiting;
	sqlite_row_bind_u64(statement(write, SQL_HEALTH_REMOVE), 1, number);
	err = run(write, SQL_HEALTH_REMOVE);
	if (err)
		return err;
	sqlite_row_bind_u64(statement(write, SQL_WEBHOOK_REMOVE), 1, number);
	return run(write, SQL_WEBHOOK_REMOVE);
}

static enum err
set_health(struct sqlite_write *write, const struct store_change *change)
{
	return sqlite_batch_add(&write->batch, change);
}

static enum err
skip_deliveries(struct sqlite_write *write, const struct store_change *change)
{
	static const enum sqlite_sql both[] = {
		SQL_SKIP_UNTRIED, SQL_SKIP_RETRIED};

	if (sqlite_purge_has(write->purge, change->webhook_number))
		return ERR_OK;
	for (size_t i = 0; i < COUNT_OF(both); i++) {
		sqlite3_stmt *stmt = statement(write, both[i]);
		int64_t changed;
		enum err err;

		sqlite_row_bind_u64(stmt, 1, change->webhook_number);
		sqlite_row_bind_text(stmt, 2, change->reason);
		sqlite_row_bind_i64(stmt, 3, change->now);
		err = sqlite_db_step(write->db, both[i], &changed, write->why);
		if (err)
			return err;
		write->waiting -= changed;
	}
	return ERR_OK;
}

static enum err
add_key(struct sqlite_write *write, const struct store_change *change)
{
	sqlite_row_bind_key(statement(write, SQL_KEY_ADD), change->key);
	return run_expecting_change(write, SQL_KEY_ADD);
}

static enum err
remove_key(struct sqlite_write *write, const struct store_change *change)
{
	sqlite_row_bind_text(
		statement(write, SQL_KEY_REMOVE), 1, change->key_id);
	return run_expecting_change(write, SQL_KEY_REMOVE);
}

static enum err
change_object(struct sqlite_write *write, const struct store_change *change)
{
	return sqlite_object_apply(write->db, change->object, write->why);
}

static enum err
change_flow(struct sqlite_write *write, const struct store_change *change)
{
	return sqlite_flow_apply(write->db, change->flow, write->why);
}

static enum err
change_hook(struct sqlite_write *write, const struct store_change *change)
{
	return sqlite_hook_apply(write->db, change->hook, write->why);
}

static enum err
retain(struct sqlite_write *write, const struct store_change *change)
{
	enum err err =
		sqlite_retain_step(write->db, change->retain, write->why);

	sqlite_attempts_forget(write->batch.attempts);
	write->has_retained = true;
	if (change->retain->is_behind)
		sqlite_resources_want(write->resources);
	write->has_shrunk |=
		change->retain->has_shrunk && !change->retain->is_shrinking;
	return err;
}

static enum err
probe(struct sqlite_write *write, const struct store_change *change)
{
	(void)change;
	return run(write, SQL_PROBE);
}

/** What is to be written before a change is applied. */
enum want {
	WANTS_NOTHING,
	WANTS_BATCH, /* what was gathered */
	WANTS_ROWS,  /* and the rows of late deliveries (sqlite_late.h) */
};

static const struct kind {
	change_function *apply;
	bool can_conflict;
	enum want want;
} kinds[] = {
	[STORE_EVENT_ADD] = {add_event, true, WANTS_NOTHING},
	[STORE_RESOURCE_SET] = {set_resource, true, WANTS_NOTHING},
	[STORE_DELIVERY_ADD] = {add_delivery, false, WANTS_NOTHING},
	[STORE_DELIVERY_SET] = {set_delivery, true, WANTS_NOTHING},
	[STORE_DELIVERY_AGAIN] = {repeat_delivery, true, WANTS_BATCH},
	[STORE_DELIVERY_TRIED] = {count_attempt, true, WANTS_BATCH},
	[STORE_ATTEMPT_ADD] = {add_attempt, false, WANTS_NOTHING},
	[STORE_WEBHOOK_ADD] = {add_webhook, false, WANTS_BATCH},
	[STORE_WEBHOOK_SET] = {set_webhook, true, WANTS_BATCH},
	[STORE_WEBHOOK_REMOVE] = {remove_webhook, true, WANTS_ROWS},
	[STORE_HEALTH_SET] = {set_health, false, WANTS_NOTHING},
	[STORE_DELIVERIES_SKIP] = {skip_deliveries, false, WANTS_ROWS},
	[STORE_KEY_ADD] = {add_key, true, WANTS_BATCH},
	[STORE_KEY_REMOVE] = {remove_key, true, WANTS_BATCH},
	[STORE_OBJECT] = {change_object, true, WANTS_BATCH},
	[STORE_FLOW] = {change_flow, true, WANTS_NOTHING},
	[STORE_HOOK] = {change_hook, false, WANTS_BATCH},
	[STORE_RETAIN] = {retain, false, WANTS_ROWS},
	[STORE_PROBE] = {probe, false, WANTS_BATCH},
};

static const struct kind *
kind_of(const struct store_change *change)
{
	assert((size_t)change->kind < COUNT_OF(kinds));
	return &kinds[change->kind];
}

bool
sqlite_write_moves_mark(const struct store_change *change)
{
	return kind_of(change)->want == WANTS_ROWS;
}

/** An event whose id we made cannot be there already. */
static bool
can_conflict(const struct store_change *change)
{
	if (change->kind == STORE_EVENT_ADD)
		return change->event->is_id_given;
	if (change->kind == STORE_FLOW)
		return sqlite_flow_can_conflict(change->flow);
	return kind_of(change)->can_conflict;
}

/** A conflict at the first change leaves nothing to undo. */
static bool
needs_savepoint(const struct store_unit *unit)
{
	for (size_t i = 1; i < unit->count; i++) {
		if (can_conflict(&unit->changes[i]))
			return true;
	}
	return false;
}

static enum err
apply_all(struct sqlite_write *write, struct store_unit *unit)
{
	for (size_t i = 0; i < unit->count; i++) {
		const struct store_change *change = &unit->changes[i];
		enum want want = kind_of(change)->want;
		enum err err = ERR_OK;

		if (want == WANTS_ROWS)
			err = sqlite_late_write_all(write);
		if (err == ERR_OK && want != WANTS_NOTHING)
			err = sqlite_batch_flush(&write->batch);
		if (err == ERR_OK)
			err = kind_of(change)->apply(write, change);
		if (err) {
			unit->conflicted = i;
			return err;
		}
	}
	return ERR_OK;
}

static enum err
apply_with_savepoint(struct sqlite_write *write, struct store_unit *unit)
{
	int64_t waiting = write->waiting;
	size_t removed = write->purge->count;
	size_t place = sqlite_resources_place(write->resources);
	struct sqlite_late_place late = sqlite_late_place(write->late);
	/* A roll-back must not take what earlier units have left. */
	enum err err = sqlite_batch_flush(&write->batch);

	if (err == ERR_OK)
		err = run(write, SQL_SAVEPOINT);
	if (err)
		return err;
	unit->result = apply_all(write, unit);
	if (unit->result != ERR_OK && unit->result != ERR_CONFLICT)
		return unit->result;
	if (unit->result == ERR_CONFLICT) {
		write->waiting = waiting;
		sqlite_batch_forget(&write->batch);
		sqlite_purge_forget(write->purge, removed);
		sqlite_resources_undo(write->resources, place);
		sqlite_late_undo(write->late, late);
		err = run(write, SQL_SAVEPOINT_ROLLBACK);
		if (err)
			return err;
	}
	return run(write, SQL_SAVEPOINT_RELEASE);
}

static bool
has_event(const struct store_unit *unit)
{
	for (size_t i = 0; i < unit->count; i++) {
		if (unit->changes[i].kind == STORE_EVENT_ADD &&
			!unit->changes[i].is_own)
			return true;
	}
	return false;
}

static enum err
write_unit(struct sqlite_write *write, struct store_unit *unit)
{
	unit->conflicted = 0;
	write->unit = unit;
	write->is_late = false;
	if (write->is_full && has_event(unit)) {
		unit->result = ERR_LIMIT;
		return ERR_OK;
	}
	if (needs_savepoint(unit))
		return apply_with_savepoint(write, unit);
	unit->result = apply_all(write, unit);
	return unit->result == ERR_CONFLICT ? ERR_OK : unit->result;
}

/** What takes long to come to from its rows. */
static void
expect_unit(struct sqlite_write *write, const struct store_unit *unit)
{
	for (size_t i = 0; i < unit->count; i++) {
		if (unit->changes[i].kind == STORE_RESOURCE_SET)
			sqlite_resources_expect(
				write->resources, unit->changes[i].resource);
	}
}

enum err
sqlite_write_units(
	struct sqlite_write *write, struct store_unit **units, size_t count)
{
	enum err err = ERR_OK;

	sqlite_outcomes_forget(write->outcomes);
	for (size_t i = 0; err == ERR_OK && i < count; i++) {
		if (i + SQLITE_RESOURCES_AHEAD < count)
			expect_unit(write, units[i + SQLITE_RESOURCES_AHEAD]);
		err = sqlite_outcomes_set(write, units + i, count - i);
		if (err == ERR_OK)
			err = write_unit(write, units[i]);
	}
	if (err == ERR_OK)
		err = sqlite_late_step(write);
	return err == ERR_OK ? sqlite_batch_flush(&write->batch) : err;
}
