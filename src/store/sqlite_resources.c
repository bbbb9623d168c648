#include "store/sqlite_resources.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "store/resource_map.h"
#include "store/sqlite_row.h"

/* Rows a commit writes of a round, at least; as many as it has events, so that
   a round brings no more events than rows. And how many it drops, at least. */
enum { ROWS_A_STEP = 256, ROWS_A_STATEMENT = 64, DROPS_A_STEP = 512 };

struct sqlite_resources {
	struct resource_map map;
	_Atomic uint64_t complete;

	/* The writer's. */
	struct resource_list todo; /* the round's */
	size_t at;		   /* in `todo` */
	size_t settled_at;
	size_t kept_max;
	uint64_t highest; /* event */
	uint64_t settled_highest;
	uint64_t mark;
	uint64_t next_mark; /* at the round's end */
	bool is_round;
	bool is_ending; /* the round, with this transaction */
	bool is_wanted;
	bool is_held; /* the last commit failed */
	struct arena scratch;
};

/** The row's parameters behind `at`; returns the last. */
static int
bind_row(sqlite3_stmt *stmt, int at, const struct resource_entry *entry)
{
	struct resource_name name = resource_map_name(entry->key);

	sqlite_row_bind_u64(stmt, ++at, name.workspace);
	sqlite_row_bind_text(stmt, ++at, name.type);
	sqlite_row_bind_text(stmt, ++at, name.id);
	sqlite_row_bind_u64(stmt, ++at, entry->now.last);
	sqlite_row_bind_u64(stmt, ++at, entry->now.is_deleted);
	sqlite_row_bind_i64(stmt, ++at, entry->now.updated);
	return at;
}

struct sqlite_resources *
sqlite_resources_new(void)
{
	struct sqlite_resources *resources = MEM_NEW(struct sqlite_resources);

	resource_map_init(&resources->map);
	resources->kept_max = SQLITE_RESOURCES_KEPT;
	return resources;
}

void
sqlite_resources_free(struct sqlite_resources *resources)
{
	if (resources == NULL)
		return;
	resource_map_release(&resources->map);
	resource_list_release(&resources->todo);
	arena_release(&resources->scratch);
	mem_free(resources);
}

/* ---- the start ---- */

static void
raise_complete(struct sqlite_resources *resources, uint64_t to)
{
	if (to > atomic_load_explicit(
			 &resources->complete, memory_order_relaxed))
		atomic_store_explicit(
			&resources->complete, to, memory_order_release);
}

/** One that the table does not have. */
static void
load_row(struct sqlite_resources *resources, struct sqlite_row *row)
{
	uint64_t workspace = sqlite_row_u64(row);
	struct str type = sqlite_row_str(row);
	struct str id = sqlite_row_str(row);
	struct resource_value value = {.last = sqlite_row_u64(row)};

	value.is_deleted = sqlite_row_u64(row) != 0;
	value.updated = sqlite_row_i64(row);
	resource_map_load(&resources->map,
		resource_map_key((uint32_t)workspace, type, id, row->arena),
		value);
}

enum err
sqlite_resources_load(struct sqlite_resources *resources, struct sqlite_db *db,
	struct buf *why)
{
	struct sqlite_row row = {.stmt = db->statements[SQL_RESOURCES_MARK],
		.arena = &resources->scratch};
	uint64_t mark = 0, highest = 0;
	enum err err = ERR_OK;
	int code = sqlite3_step(row.stmt);

	if (code == SQLITE_ROW) {
		mark = sqlite_row_u64(&row);
		highest = sqlite_row_u64(&row);
	} else {
		err = sqlite_db_error(db, code, why);
	}
	sqlite3_reset(row.stmt);
	if (err)
		return err;
	row.stmt = db->statements[SQL_RESOURCES_BEHIND];
	sqlite_row_bind_u64(row.stmt, 1, mark);
	while ((code = sqlite3_step(row.stmt)) == SQLITE_ROW) {
		row.at = 0;
		load_row(resources, &row);
		arena_reset(&resources->scratch);
	}
	if (code != SQLITE_DONE)
		err = sqlite_db_error(db, code, why);
	sqlite3_reset(row.stmt);
	if (err)
		return err;
	resources->mark = mark;
	resources->highest = resources->settled_highest = highest;
	raise_complete(resources, resources->map.dirty_count
					  ? resources->mark
					  : resources->highest);
	return ERR_OK;
}

/* ---- within a transaction ---- */

void
sqlite_resources_note(struct sqlite_resources *resources, uint64_t sequence)
{
	if (sequence > resources->highest)
		resources->highest = sequence;
}

/** What the table says; it has no change of this transaction, since what is
 * changed has its entry. */
static enum err
read_table(struct sqlite_db *db, const struct resource_row *row,
	struct resource_value *ret, struct buf *why)
{
	sqlite3_stmt *stmt = db->statements[SQL_RESOURCE_LAST];
	enum err err = ERR_OK;
	int code;

	sqlite_row_bind_u64(stmt, 1, row->workspace);
	sqlite_row_bind_text(stmt, 2, row->type);
	sqlite_row_bind_text(stmt, 3, row->id);
	*ret = (struct resource_value){0};
	code = sqlite3_step(stmt);
	if (code == SQLITE_ROW) {
		ret->last = (uint64_t)sqlite3_column_int64(stmt, 0);
		ret->is_deleted = sqlite3_column_int64(stmt, 1) != 0;
		ret->updated = sqlite3_column_int64(stmt, 2);
	} else if (code != SQLITE_DONE) {
		err = sqlite_db_error(db, code, why);
	}
	sqlite3_reset(stmt);
	return err;
}

/** In the scratch memory, which it empties. */
static struct str
key_of(struct sqlite_resources *resources, const struct resource_row *row)
{
	arena_reset(&resources->scratch);
	return resource_map_key(
		row->workspace, row->type, row->id, &resources->scratch);
}

void
sqlite_resources_expect(
	struct sqlite_resources *resources, const struct resource_row *row)
{
	resource_map_expect(&resources->map, key_of(resources, row));
}

static enum err
find_entry(struct sqlite_resources *resources, struct sqlite_db *db,
	const struct resource_row *row, struct resource_entry **ret,
	struct buf *why)
{
	struct resource_value value;
	struct str key = key_of(resources, row);
	enum err err;

	*ret = resource_map_find(&resources->map, key);
	if (*ret)
		return ERR_OK;
	err = read_table(db, row, &value, why);
	if (err == ERR_OK)
		*ret = resource_map_add(&resources->map, key, value);
	return err;
}

/** Whether SQL_RESOURCES_BEHIND would make the row of the event. */
static bool
is_told_by(const struct event_row *event, const struct resource_row *row)
{
	bool is_created = event->operation == OPERATION_CREATED;

	if (event->form == EVENT_DATA || event->operation == OPERATION_NONE ||
		(event->form == EVENT_STATE &&
			is_created != (event->previous == 0)))
		return false;
	return event->sequence == row->last &&
	       event->workspace == row->workspace && row->id.len > 0 &&
	       str_equal(event->subject, row->id) &&
	       str_equal(event->type, row->type) &&
	       event->accepted == row->updated &&
	       (event->operation == OPERATION_DELETED) == row->is_deleted;
}

static enum err
write_at_once(struct sqlite_db *db, const struct resource_entry *entry,
	struct buf *why)
{
	bind_row(db->statements[SQL_RESOURCE_PUT], 0, entry);
	return sqlite_db_step(db, SQL_RESOURCE_PUT, NULL, why);
}

enum err
sqlite_resources_set(struct sqlite_resources *resources, struct sqlite_db *db,
	const struct store_change *change, const struct event_row *event,
	struct buf *why)
{
	const struct resource_row *row = change->resource;
	struct resource_entry *entry;
	bool is_late;
	enum err err = find_entry(resources, db, row, &entry, why);

	if (err)
		return err;
	entry->is_used = true;
	if (entry->now.last != change->expected)
		return ERR_CONFLICT;
	/* Held against what is there, and nothing else. */
	if (row->last == entry->now.last &&
		row->is_deleted == entry->now.is_deleted)
		return ERR_OK;
	is_late = event && is_told_by(event, row) &&
		  row->last > sqlite_resources_complete(resources);
	resource_map_set(&resources->map, entry,
		(struct resource_value){
			row->last, row->updated, row->is_deleted},
		is_late);
	if (!is_late)
		return write_at_once(db, entry, why);
	/* It may come behind events that were accepted after it. */
	if (resources->next_mark >= row->last)
		resources->next_mark = row->last - 1;
	return ERR_OK;
}

size_t
sqlite_resources_place(const struct sqlite_resources *resources)
{
	return resources->map.undo_count;
}

void
sqlite_resources_undo(struct sqlite_resources *resources, size_t place)
{
	resource_map_undo(&resources->map, place);
}

void
sqlite_resources_forget(struct sqlite_resources *resources)
{
	resource_map_undo(&resources->map, 0);
	resources->at = resources->settled_at;
	resources->is_ending = false;
	resources->is_held = true;
}

/* ---- rounds ---- */

static enum err
write_rows(struct sqlite_resources *resources, struct sqlite_db *db,
	enum sqlite_sql sql, struct resource_entry *const *entries,
	size_t count, struct buf *why)
{
	int at = 0;

	for (size_t i = 0; i < count; i++) {
		resource_map_set(
			&resources->map, entries[i], entries[i]->now, false);
		at = bind_row(db->statements[sql], at, entries[i]);
	}
	return sqlite_db_step(db, sql, NULL, why);
}

static enum err
move_mark(struct sqlite_resources *resources, struct sqlite_db *db,
	struct buf *why)
{
	resources->is_ending = true;
	sqlite_row_bind_u64(db->statements[SQL_RESOURCES_MOVE_MARK], 1,
		resources->next_mark);
	return sqlite_db_step(db, SQL_RESOURCES_MOVE_MARK, NULL, why);
}

/** The round's next rows, at most `max`. */
static enum err
go_on(struct sqlite_resources *resources, struct sqlite_db *db, size_t max,
	struct buf *why)
{
	const struct resource_list *todo = &resources->todo;
	struct resource_entry *rows[ROWS_A_STATEMENT];
	enum err err = ERR_OK;
	size_t count = 0;

	for (; err == ERR_OK && resources->at < todo->count && max > 0;) {
		struct resource_entry *entry = todo->entries[resources->at++];

		/* Some were written at once meanwhile. */
		if (!entry->is_dirty)
			continue;
		max--;
		rows[count++] = entry;
		if (count < ROWS_A_STATEMENT)
			continue;
		err = write_rows(
			resources, db, SQL_RESOURCE_PUT_64, rows, count, why);
		count = 0;
	}
	for (size_t i = 0; err == ERR_OK && i < count; i++)
		err = write_rows(
			resources, db, SQL_RESOURCE_PUT, rows + i, 1, why);
	return err;
}

enum err
sqlite_resources_step(struct sqlite_resources *resources, struct sqlite_db *db,
	struct buf *why)
{
	size_t events = resources->highest - resources->settled_highest;
	size_t max = events > ROWS_A_STEP ? events : ROWS_A_STEP;
	enum err err;

	if (!resources->is_round || resources->is_held)
		return ERR_OK;
	err = go_on(resources, db, max, why);
	if (err == ERR_OK && resources->at == resources->todo.count)
		err = move_mark(resources, db, why);
	return err;
}

static bool
is_too_much_kept(const struct sqlite_resources *resources)
{
	return resource_map_kept(&resources->map) > resources->kept_max;
}

/** What is to be written now, and what need not be kept. */
static void
begin_round(struct sqlite_resources *resources)
{
	struct resource_map *map = &resources->map;
	bool must_drop = is_too_much_kept(resources);

	resource_map_gather(map, must_drop, &resources->todo);
	/* Should so many be in use, not every round is to look for idle ones.
	   Only one that has looked may say so. */
	if (must_drop)
		resources->kept_max = resource_map_kept(map) * 2;
	if (resources->kept_max < SQLITE_RESOURCES_KEPT)
		resources->kept_max = SQLITE_RESOURCES_KEPT;
	resources->at = resources->settled_at = 0;
	resources->next_mark = resources->highest;
	resources->is_wanted = false;
	resources->is_round = true;
}

static bool
is_due(const struct sqlite_resources *resources)
{
	return resources->is_wanted || is_too_much_kept(resources) ||
	       resources->highest - resources->mark >= SQLITE_RESOURCES_LAG;
}

/* ---- between transactions ---- */

void
sqlite_resources_settle(struct sqlite_resources *resources)
{
	/* More than were added, or memory would follow the publishers. */
	size_t changes = resources->map.undo_count;
	size_t drops = changes > DROPS_A_STEP ? changes : DROPS_A_STEP;

	resource_map_show(&resources->map);
	resources->settled_at = resources->at;
	resources->settled_highest = resources->highest;
	resources->is_held = false;
	if (resources->is_ending) {
		resources->is_ending = false;
		resources->is_round = false;
		resources->mark = resources->next_mark;
		raise_complete(resources, resources->mark);
	}
	if (resources->map.dirty_count == 0)
		raise_complete(resources, resources->highest);
	resource_map_drop(&resources->map, drops);
	if (!resources->is_round && is_due(resources))
		begin_round(resources);
}

void
sqlite_resources_want(struct sqlite_resources *resources)
{
	resources->is_wanted = true;
}

enum err
sqlite_resources_flush(struct sqlite_resources *resources, struct sqlite_db *db,
	struct buf *why)
{
	enum err err;

	/* Nothing, or nothing was loaded. */
	if (resources->highest == resources->mark)
		return ERR_OK;
	begin_round(resources);
	err = sqlite_db_step(db, SQL_BEGIN, NULL, why);
	if (err == ERR_OK)
		err = go_on(resources, db, SIZE_MAX, why);
	if (err == ERR_OK)
		err = move_mark(resources, db, why);
	if (err == ERR_OK)
		err = sqlite_db_step(db, SQL_COMMIT, NULL, why);
	if (err) {
		if (!sqlite3_get_autocommit(db->handle))
			(void)!sqlite_db_step(db, SQL_ROLLBACK, NULL, NULL);
		sqlite_resources_forget(resources);
		return err;
	}
	sqlite_resources_settle(resources);
	return ERR_OK;
}

size_t
sqlite_resources_in_memory(const struct sqlite_resources *resources)
{
	return resources->map.map.count;
}

/* ---- any thread ---- */

bool
sqlite_resources_get(struct sqlite_resources *resources, uint32_t workspace,
	struct str type, struct str id, struct arena *arena,
	struct resource_row *ret)
{
	struct resource_value value;

	if (!resource_map_get(&resources->map,
		    resource_map_key(workspace, type, id, arena), &value))
		return false;
	*ret = (struct resource_row){
		.workspace = workspace,
		.type = arena_copy(arena, type),
		.id = arena_copy(arena, id),
		.last = value.last,
		.is_deleted = value.is_deleted,
		.updated = value.updated,
	};
	return true;
}

uint64_t
sqlite_resources_complete(const struct sqlite_resources *resources)
{
	return atomic_load_explicit(&resources->complete, memory_order_acquire);
}
