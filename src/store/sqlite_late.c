#include "store/sqlite_late.h"

#include <stdatomic.h>

#include "base/varint.h"
#include "store/sqlite_purge.h"
#include "store/sqlite_row.h"
#include "store/sqlite_write.h"

/* Rows written a commit because they lie behind, at least; as many as it adds
   deliveries, so that they do not become more. And how many events the mark
   may lie behind what is complete. */
enum { ROWS_A_STEP = 256, MARK_EVERY = 8192 };

void
sqlite_late_init(struct sqlite_late *late)
{
	*late = (struct sqlite_late){0};
	delivery_ring_init(&late->ring);
}

void
sqlite_late_release(struct sqlite_late *late)
{
	delivery_ring_release(&late->ring);
	arena_release(&late->rows);
}

/* ---- the start ---- */

static void
raise_highest(struct sqlite_late *late, uint64_t sequence)
{
	if (sequence > late->highest)
		late->highest = sequence;
}

static enum err
load_one(struct sqlite_late *late, struct sqlite_db *db,
	const struct delivery_ring_entry *entry, struct buf *why)
{
	sqlite3_stmt *stmt = db->statements[SQL_DELIVERY_WEBHOOK];
	enum err err = ERR_OK;
	int code;

	raise_highest(late, entry->sequence);
	sqlite_row_bind_u64(stmt, 1, entry->sequence);
	code = sqlite3_step(stmt);
	if (code == SQLITE_DONE) {
		if (!delivery_ring_load(&late->ring, entry)) {
			buf_printf(why,
				"the deliveries of event %llu are "
				"missing",
				(unsigned long long)entry->event);
			err = ERR_INVALID;
		}
	} else if (code != SQLITE_ROW) {
		err = sqlite_db_error(db, code, why);
	}
	sqlite3_reset(stmt);
	return err;
}

static enum err
load_event(struct sqlite_late *late, struct sqlite_db *db,
	struct sqlite_row *row, struct buf *why)
{
	struct delivery_ring_entry entry = {.event = sqlite_row_u64(row)};
	enum err err = ERR_OK;
	struct str webhooks;

	entry.workspace = (uint32_t)sqlite_row_u64(row);
	entry.created = sqlite_row_i64(row);
	entry.sequence = sqlite_row_u64(row);
	webhooks = sqlite_row_str(row);
	while (err == ERR_OK && varint_take(&webhooks, &entry.webhook)) {
		err = load_one(late, db, &entry, why);
		entry.sequence++;
	}
	return err;
}

static enum err
load_mark(struct sqlite_late *late, struct sqlite_db *db, struct buf *why)
{
	struct sqlite_row row = {.stmt = db->statements[SQL_LATE_MARK]};
	enum err err = ERR_OK;
	int code = sqlite3_step(row.stmt);

	if (code == SQLITE_ROW) {
		late->mark = sqlite_row_u64(&row);
		atomic_store(&late->complete, late->mark);
		late->highest_event = sqlite_row_u64(&row);
	} else {
		err = sqlite_db_error(db, code, why);
	}
	sqlite3_reset(row.stmt);
	return err;
}

enum err
sqlite_late_load(
	struct sqlite_late *late, struct sqlite_db *db, struct buf *why)
{
	struct sqlite_row row = {
		.stmt = db->statements[SQL_LATE_BEHIND], .arena = &late->rows};
	enum err err = load_mark(late, db, why);
	int code = SQLITE_DONE;

	late->look_at = late->highest_event + MARK_EVERY;
	if (err)
		return err;
	sqlite_row_bind_u64(row.stmt, 1, late->mark);
	while (err == ERR_OK && (code = sqlite3_step(row.stmt)) == SQLITE_ROW) {
		row.at = 0;
		err = load_event(late, db, &row, why);
		arena_reset(&late->rows);
	}
	if (err == ERR_OK && code != SQLITE_DONE)
		err = sqlite_db_error(db, code, why);
	sqlite3_reset(row.stmt);
	atomic_store(&late->shown_highest, late->highest);
	return err;
}

/* ---- which are late ---- */

/** Whether the event's row tells all of the delivery's. */
static bool
is_told_by(const struct event_row *event, const struct delivery_row *row,
	uint64_t sequence)
{
	return row->sequence == sequence && row->event == event->sequence &&
	       row->workspace == event->workspace &&
	       row->state == DELIVERY_WAITING && row->attempts == 0 &&
	       row->due == event->accepted && row->created == event->accepted &&
	       row->updated == event->accepted && row->resource == 0 &&
	       row->is_in_row && str_is_empty(row->reason);
}

/**
 * The unit's deliveries stand behind the event, and there is no other. Nothing
 * between them moves the mark, which would pass the event without them.
 */
static bool
are_told(const struct sqlite_write *write, const struct store_change *event)
{
	const struct store_unit *unit = write->unit;
	const struct event_row *row = event->event;
	uint64_t next = row->first_delivery;

	for (size_t i = 0; i < unit->count; i++) {
		const struct store_change *change = &unit->changes[i];

		if ((change->kind == STORE_EVENT_ADD && change != event) ||
			(change > event && sqlite_write_moves_mark(change) &&
				next - row->first_delivery < row->matched))
			return false;
		if (change->kind != STORE_DELIVERY_ADD)
			continue;
		if (change < event ||
			!is_told_by(row, change->delivery, next) ||
			sqlite_purge_has(
				write->purge, change->delivery->webhook))
			return false;
		next++;
	}
	return next - row->first_delivery == row->matched;
}

static struct str
name_webhooks(
	struct arena *arena, const struct store_unit *unit, uint32_t count)
{
	char *text = arena_alloc_raw(arena, (size_t)count * VARINT_MAX);
	char *at = text;

	for (size_t i = 0; i < unit->count; i++) {
		if (unit->changes[i].kind == STORE_DELIVERY_ADD)
			at = varint_put(at, unit->changes[i].delivery->webhook);
	}
	return str_make(text, (size_t)(at - text));
}

bool
sqlite_late_plan(struct sqlite_write *write, const struct store_change *change,
	struct str *ret_webhooks)
{
	struct sqlite_late *late = write->late;
	const struct event_row *event = change->event;

	*ret_webhooks = STR("");
	if (event->sequence > late->highest_event)
		late->highest_event = event->sequence;
	if (event->matched == 0 || event->matched > SQLITE_LATE_EACH ||
		event->sequence <= late->mark ||
		!delivery_ring_admits(
			&late->ring, event->first_delivery, event->matched) ||
		!are_told(write, change))
		return false;
	*ret_webhooks = name_webhooks(&late->rows, write->unit, event->matched);
	return true;
}

void
sqlite_late_note(struct sqlite_late *late, uint64_t sequence)
{
	raise_highest(late, sequence);
	late->added++;
}

void
sqlite_late_add(struct sqlite_late *late, const struct delivery_row *row)
{
	delivery_ring_add(&late->ring, &(struct delivery_ring_entry){
					       .sequence = row->sequence,
					       .event = row->event,
					       .webhook = row->webhook,
					       .created = row->created,
					       .workspace = row->workspace,
				       });
}

/* ---- writing them ---- */

struct late_row {
	struct store_change change;
	struct delivery_row row;
};

/** Its row goes into the batch, as the outcome leaves it if there is one. */
static enum err
write_row(struct sqlite_write *write, const struct delivery_ring_entry *entry,
	const struct delivery_row *outcome)
{
	struct late_row *late = ARENA_NEW(&write->late->rows, struct late_row);

	late->change.kind = STORE_DELIVERY_ADD;
	late->change.delivery = &late->row;
	late->row = delivery_ring_row(entry);
	if (outcome) {
		late->row.state = outcome->state;
		late->row.attempts = outcome->attempts;
		late->row.due = outcome->due;
		late->row.updated = outcome->updated;
		late->row.reason = outcome->reason;
	}
	delivery_ring_take(&write->late->ring, entry->sequence);
	return sqlite_batch_add(&write->batch, &late->change);
}

enum err
sqlite_late_set(struct sqlite_write *write, const struct store_change *change,
	bool is_old)
{
	const struct delivery_ring *ring = &write->late->ring;
	uint64_t sequence = change->delivery->sequence;
	const struct delivery_ring_entry *entry =
		is_old ? delivery_ring_find_old(ring, sequence)
		       : delivery_ring_find(ring, sequence);

	if (entry == NULL)
		return ERR_NOT_FOUND;
	return write_row(write, entry, change->delivery);
}

enum err
sqlite_late_write(struct sqlite_write *write, uint64_t sequence)
{
	const struct delivery_ring_entry *entry =
		delivery_ring_find(&write->late->ring, sequence);

	return entry ? write_row(write, entry, NULL) : ERR_OK;
}

/** What the mark may be when this transaction stands. */
static uint64_t
complete_to(const struct sqlite_late *late)
{
	uint64_t lowest = delivery_ring_lowest_event(&late->ring);

	return lowest ? lowest - 1 : late->highest_event;
}

static enum err
move_mark(struct sqlite_write *write)
{
	struct sqlite_late *late = write->late;
	uint64_t to = complete_to(late);

	late->look_at = late->highest_event + MARK_EVERY;
	if (to <= late->mark)
		return ERR_OK;
	late->mark = to;
	sqlite_row_bind_u64(write->db->statements[SQL_LATE_MOVE_MARK], 1, to);
	return sqlite_db_step(write->db, SQL_LATE_MOVE_MARK, NULL, write->why);
}

enum err
sqlite_late_write_all(struct sqlite_write *write)
{
	struct delivery_ring *ring = &write->late->ring;
	const struct delivery_ring_entry *entry;
	enum err err = ERR_OK;

	for (uint64_t at = 0;
		err == ERR_OK && (entry = delivery_ring_next(ring, at));) {
		at = entry->sequence + 1;
		err = write_row(write, entry, NULL);
	}
	for (size_t i = 0; err == ERR_OK && i < ring->added_count; i++) {
		entry = delivery_ring_added(ring, i);
		if (entry)
			err = write_row(write, entry, NULL);
	}
	return err ? err : move_mark(write);
}

static bool
lies_behind(
	const struct sqlite_late *late, const struct delivery_ring_entry *entry)
{
	return entry->sequence + SQLITE_LATE_LAG < late->highest ||
	       entry->event + SQLITE_LATE_LAG < late->highest_event;
}

enum err
sqlite_late_step(struct sqlite_write *write)
{
	struct sqlite_late *late = write->late;
	size_t left = late->added > ROWS_A_STEP ? late->added : ROWS_A_STEP;
	const struct delivery_ring_entry *entry;
	enum err err = ERR_OK;

	if (late->is_wanted)
		return sqlite_late_write_all(write);
	if (late->is_held)
		return ERR_OK;
	for (uint64_t at = 0; err == ERR_OK && left > 0; left--) {
		entry = delivery_ring_next(&late->ring, at);
		if (entry == NULL || !lies_behind(late, entry))
			break;
		at = entry->sequence + 1;
		err = write_row(write, entry, NULL);
	}
	if (err == ERR_OK && late->highest_event >= late->look_at)
		err = move_mark(write);
	return err;
}

/* ---- transactions ---- */

struct sqlite_late_place
sqlite_late_place(const struct sqlite_late *late)
{
	return (struct sqlite_late_place){
		delivery_ring_place(&late->ring), late->mark};
}

void
sqlite_late_undo(struct sqlite_late *late, struct sqlite_late_place place)
{
	delivery_ring_undo(&late->ring, place.ring);
	late->mark = place.mark;
}

static void
end(struct sqlite_late *late, bool has_failed)
{
	late->added = 0;
	late->is_held = has_failed;
	late->is_wanted = false;
	arena_reset(&late->rows);
}

void
sqlite_late_settle(struct sqlite_late *late)
{
	delivery_ring_settle(&late->ring);
	atomic_store_explicit(
		&late->complete, late->mark, memory_order_release);
	atomic_store_explicit(
		&late->shown_highest, late->highest, memory_order_relaxed);
	end(late, false);
}

void
sqlite_late_forget(struct sqlite_late *late)
{
	sqlite_late_undo(late,
		(struct sqlite_late_place){.mark = sqlite_late_complete(late)});
	end(late, true);
}

bool
sqlite_late_want(struct sqlite_late *late)
{
	late->is_wanted =
		late->ring.count > 0 || late->highest_event > late->mark;
	return late->is_wanted;
}

/* ---- any thread ---- */

uint64_t
sqlite_late_complete(const struct sqlite_late *late)
{
	return atomic_load_explicit(&late->complete, memory_order_acquire);
}

struct delivery_list
sqlite_late_list(struct sqlite_late *late,
	const struct delivery_ring_query *query, struct arena *arena)
{
	if (query->event && query->event <= sqlite_late_complete(late))
		return (struct delivery_list){0};
	return delivery_ring_list(&late->ring, query, arena);
}

uint64_t
sqlite_late_highest(const struct sqlite_late *late)
{
	return atomic_load_explicit(&late->shown_highest, memory_order_relaxed);
}

void
sqlite_late_merge(const struct delivery_list *late, size_t limit,
	struct arena *arena, struct delivery_list *rows)
{
	struct delivery_row *merged = arena_alloc_array(
		arena, late->count + rows->count, sizeof(*merged));
	size_t count = 0, a = 0, b = 0;

	while (count < limit && (a < late->count || b < rows->count)) {
		bool is_late =
			b == rows->count ||
			(a < late->count && late->rows[a].sequence <
						    rows->rows[b].sequence);

		if (is_late) {
			merged[count++] = late->rows[a++];
			continue;
		}
		if (a < late->count &&
			late->rows[a].sequence == rows->rows[b].sequence)
			a++;
		merged[count++] = rows->rows[b++];
	}
	rows->rows = merged;
	rows->count = count;
}
