#include "store/sqlite_resources.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"
#include "store/sqlite_row.h"

/* Rows a commit writes of a round, at least; more when it set more. */
enum { ROWS_A_STEP = 256, ROWS_A_STATEMENT = 64 };

struct value {
	uint64_t last; /* 0: there is no such row */
	int64_t updated;
	bool is_deleted;
};

struct entry {
	struct str key; /* behind it */
	struct value now;
	struct value shown; /* to readers, under the lock; last 0: see the
			       table */
	bool is_dirty;	    /* `now` is not in the table */
	bool is_used;	    /* since the last round began */
};

/** What a change of this transaction is undone by. */
struct undo {
	struct entry *entry;
	struct value former;
	bool was_dirty;
	bool is_new; /* the entry was made for it */
};

struct list {
	struct entry **entries;
	size_t count, cap;
};

struct sqlite_resources {
	/* Of the map's shape and of what entries show. The writer looks up
	   without it, as nobody else changes them. */
	pthread_mutex_t lock;
	struct map map;
	_Atomic uint64_t complete;

	/* The writer's. */
	struct list order; /* of keys; all but `fresh` ones */
	struct list fresh; /* made since the last round began */
	struct list todo;  /* the round's */
	size_t at;	   /* in `todo` */
	size_t settled_at;
	struct undo *undo;
	size_t undo_count, undo_cap;
	size_t dirty_count;
	size_t kept_max;
	uint64_t highest; /* event */
	uint64_t mark;
	uint64_t next_mark; /* at the round's end */
	bool is_round;
	bool is_ending; /* the round, with this transaction */
	bool is_wanted;
	bool is_held; /* the last commit failed */
	struct arena scratch;
};

/* ---- keys ---- */

struct key_head {
	uint32_t workspace;
	uint32_t type_len;
};

/** Of one workspace and type they are in the order of the table. */
static struct str
make_key(
	uint32_t workspace, struct str type, struct str id, struct arena *arena)
{
	struct key_head head = {workspace, (uint32_t)type.len};
	size_t len = sizeof(head) + type.len + id.len;
	char *key = arena_alloc_raw(arena, len);

	memcpy(key, &head, sizeof(head));
	if (type.len)
		memcpy(key + sizeof(head), type.ptr, type.len);
	if (id.len)
		memcpy(key + sizeof(head) + type.len, id.ptr, id.len);
	return str_make(key, len);
}

static int
compare(const void *left, const void *right)
{
	struct str a = (*(struct entry *const *)left)->key;
	struct str b = (*(struct entry *const *)right)->key;
	size_t shorter = a.len < b.len ? a.len : b.len;
	int order = memcmp(a.ptr, b.ptr, shorter);

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

/** The row's parameters behind `at`; returns the last. */
static int
bind_row(sqlite3_stmt *stmt, int at, struct str key, const struct value *value)
{
	struct key_head head;
	const char *text = key.ptr + sizeof(head);

	memcpy(&head, key.ptr, sizeof(head));
	sqlite_row_bind_u64(stmt, ++at, head.workspace);
	sqlite_row_bind_text(stmt, ++at, str_make(text, head.type_len));
	sqlite_row_bind_text(stmt, ++at,
		str_make(text + head.type_len,
			key.len - sizeof(head) - head.type_len));
	sqlite_row_bind_u64(stmt, ++at, value->last);
	sqlite_row_bind_u64(stmt, ++at, value->is_deleted);
	sqlite_row_bind_i64(stmt, ++at, value->updated);
	return at;
}

/* ---- entries ---- */

static void
append(struct list *list, struct entry *entry)
{
	if (list->count == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 64;
		list->entries = mem_resize(
			list->entries, list->cap * sizeof(struct entry *));
	}
	list->entries[list->count++] = entry;
}

static struct entry *
make_entry(struct sqlite_resources *resources, struct str key)
{
	struct entry *entry = mem_alloc(sizeof(*entry) + key.len);

	memcpy(entry + 1, key.ptr, key.len);
	entry->key = str_make((const char *)(entry + 1), key.len);
	pthread_mutex_lock(&resources->lock);
	map_put(&resources->map, entry->key, entry);
	pthread_mutex_unlock(&resources->lock);
	return entry;
}

/** The lock is held. */
static void
drop_entry(struct sqlite_resources *resources, struct entry *entry)
{
	map_remove(&resources->map, entry->key);
	mem_free(entry);
}

static void
set_dirty(struct sqlite_resources *resources, struct entry *entry, bool is)
{
	resources->dirty_count -= entry->is_dirty;
	resources->dirty_count += is;
	entry->is_dirty = is;
}

/** Before the entry changes. */
static void
remember(struct sqlite_resources *resources, struct entry *entry, bool is_new)
{
	if (resources->undo_count == resources->undo_cap) {
		resources->undo_cap =
			resources->undo_cap ? resources->undo_cap * 2 : 64;
		resources->undo = mem_resize(resources->undo,
			resources->undo_cap * sizeof(struct undo));
	}
	resources->undo[resources->undo_count++] =
		(struct undo){entry, entry->now, entry->is_dirty, is_new};
}

struct sqlite_resources *
sqlite_resources_new(void)
{
	struct sqlite_resources *resources = MEM_NEW(struct sqlite_resources);

	pthread_mutex_init(&resources->lock, NULL);
	resources->kept_max = SQLITE_RESOURCES_KEPT;
	return resources;
}

void
sqlite_resources_free(struct sqlite_resources *resources)
{
	struct entry *entry;
	size_t at = 0;

	if (resources == NULL)
		return;
	while ((entry = map_next(&resources->map, &at)) != NULL)
		mem_free(entry);
	map_release(&resources->map);
	mem_free(resources->order.entries);
	mem_free(resources->fresh.entries);
	mem_free(resources->todo.entries);
	mem_free(resources->undo);
	arena_release(&resources->scratch);
	pthread_mutex_destroy(&resources->lock);
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
load_entry(struct sqlite_resources *resources, struct sqlite_row *row)
{
	uint64_t workspace = sqlite_row_u64(row);
	struct str type = sqlite_row_str(row);
	struct str id = sqlite_row_str(row);
	struct entry *entry = make_entry(
		resources, make_key((uint32_t)workspace, type, id, row->arena));

	entry->now.last = sqlite_row_u64(row);
	entry->now.is_deleted = sqlite_row_u64(row) != 0;
	entry->now.updated = sqlite_row_i64(row);
	entry->shown = entry->now;
	set_dirty(resources, entry, true);
	append(&resources->fresh, entry);
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
		load_entry(resources, &row);
		arena_reset(&resources->scratch);
	}
	if (code != SQLITE_DONE)
		err = sqlite_db_error(db, code, why);
	sqlite3_reset(row.stmt);
	if (err)
		return err;
	resources->mark = mark;
	resources->highest = highest;
	raise_complete(resources,
		resources->dirty_count ? resources->mark : resources->highest);
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
	struct value *ret, struct buf *why)
{
	sqlite3_stmt *stmt = db->statements[SQL_RESOURCE_LAST];
	enum err err = ERR_OK;
	int code;

	sqlite_row_bind_u64(stmt, 1, row->workspace);
	sqlite_row_bind_text(stmt, 2, row->type);
	sqlite_row_bind_text(stmt, 3, row->id);
	*ret = (struct value){0};
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

static enum err
find_entry(struct sqlite_resources *resources, struct sqlite_db *db,
	const struct resource_row *row, struct entry **ret, struct buf *why)
{
	struct str key;
	struct value value;
	enum err err;

	arena_reset(&resources->scratch);
	key = make_key(row->workspace, row->type, row->id, &resources->scratch);
	*ret = map_get(&resources->map, key);
	if (*ret)
		return ERR_OK;
	err = read_table(db, row, &value, why);
	if (err)
		return err;
	*ret = make_entry(resources, key);
	(*ret)->now = value;
	remember(resources, *ret, true);
	return ERR_OK;
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
write_at_once(struct sqlite_db *db, const struct entry *entry, struct buf *why)
{
	bind_row(db->statements[SQL_RESOURCE_PUT], 0, entry->key, &entry->now);
	return sqlite_db_step(db, SQL_RESOURCE_PUT, NULL, why);
}

enum err
sqlite_resources_set(struct sqlite_resources *resources, struct sqlite_db *db,
	const struct store_change *change, const struct event_row *event,
	struct buf *why)
{
	const struct resource_row *row = change->resource;
	struct entry *entry;
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
	remember(resources, entry, false);
	entry->now = (struct value){row->last, row->updated, row->is_deleted};
	set_dirty(resources, entry, is_late);
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
	return resources->undo_count;
}

void
sqlite_resources_undo(struct sqlite_resources *resources, size_t place)
{
	pthread_mutex_lock(&resources->lock);
	while (resources->undo_count > place) {
		struct undo undo = resources->undo[--resources->undo_count];

		undo.entry->now = undo.former;
		set_dirty(resources, undo.entry, undo.was_dirty);
		if (undo.is_new)
			drop_entry(resources, undo.entry);
	}
	pthread_mutex_unlock(&resources->lock);
}

void
sqlite_resources_forget(struct sqlite_resources *resources)
{
	sqlite_resources_undo(resources, 0);
	resources->at = resources->settled_at;
	resources->is_ending = false;
	resources->is_held = true;
}

/* ---- rounds ---- */

static enum err
write_rows(struct sqlite_resources *resources, struct sqlite_db *db,
	enum sqlite_sql sql, struct entry *const *entries, size_t count,
	struct buf *why)
{
	int at = 0;

	for (size_t i = 0; i < count; i++) {
		remember(resources, entries[i], false);
		set_dirty(resources, entries[i], false);
		at = bind_row(db->statements[sql], at, entries[i]->key,
			&entries[i]->now);
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
	const struct list *todo = &resources->todo;
	struct entry *rows[ROWS_A_STATEMENT];
	enum err err = ERR_OK;
	size_t count = 0;

	for (; err == ERR_OK && resources->at < todo->count && max > 0;) {
		struct entry *entry = todo->entries[resources->at++];

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
	size_t max = resources->undo_count > ROWS_A_STEP ? resources->undo_count
							 : ROWS_A_STEP;
	enum err err;

	if (!resources->is_round || resources->is_held)
		return ERR_OK;
	err = go_on(resources, db, max, why);
	if (err == ERR_OK && resources->at == resources->todo.count)
		err = move_mark(resources, db, why);
	return err;
}

/** The next of two sorted lists. */
static struct entry *
next_of(const struct list *a, size_t *a_at, const struct list *b, size_t *b_at)
{
	if (*a_at == a->count)
		return *b_at == b->count ? NULL : b->entries[(*b_at)++];
	if (*b_at == b->count ||
		compare(&a->entries[*a_at], &b->entries[*b_at]) < 0)
		return a->entries[(*a_at)++];
	return b->entries[(*b_at)++];
}

/** What is to be written now, and what need not be kept. */
static void
begin_round(struct sqlite_resources *resources)
{
	struct list *fresh = &resources->fresh;
	struct list merged = {0};
	bool must_drop = resources->map.count > resources->kept_max;
	size_t order_at = 0, fresh_at = 0;
	struct entry *entry;

	if (fresh->count)
		qsort(fresh->entries, fresh->count, sizeof(struct entry *),
			compare);
	resources->todo.count = 0;
	pthread_mutex_lock(&resources->lock);
	while ((entry = next_of(&resources->order, &order_at, fresh,
			&fresh_at)) != NULL) {
		if (must_drop && !entry->is_used && !entry->is_dirty) {
			drop_entry(resources, entry);
			continue;
		}
		entry->is_used = false;
		append(&merged, entry);
		if (entry->is_dirty)
			append(&resources->todo, entry);
	}
	pthread_mutex_unlock(&resources->lock);
	mem_free(resources->order.entries);
	resources->order = merged;
	fresh->count = 0;
	resources->kept_max = SQLITE_RESOURCES_KEPT;
	if (merged.count * 2 > resources->kept_max)
		resources->kept_max = merged.count * 2;
	resources->at = resources->settled_at = 0;
	resources->next_mark = resources->highest;
	resources->is_wanted = false;
	resources->is_round = true;
}

static bool
is_due(const struct sqlite_resources *resources)
{
	return resources->is_wanted ||
	       resources->map.count > resources->kept_max ||
	       resources->highest - resources->mark >= SQLITE_RESOURCES_LAG;
}

/* ---- between transactions ---- */

static void
show(struct sqlite_resources *resources)
{
	if (resources->undo_count == 0)
		return;
	pthread_mutex_lock(&resources->lock);
	for (size_t i = 0; i < resources->undo_count; i++) {
		const struct undo *undo = &resources->undo[i];

		undo->entry->shown = undo->entry->now;
		if (undo->is_new)
			append(&resources->fresh, undo->entry);
	}
	pthread_mutex_unlock(&resources->lock);
	resources->undo_count = 0;
}

void
sqlite_resources_settle(struct sqlite_resources *resources)
{
	show(resources);
	resources->settled_at = resources->at;
	resources->is_held = false;
	if (resources->is_ending) {
		resources->is_ending = false;
		resources->is_round = false;
		resources->mark = resources->next_mark;
		raise_complete(resources, resources->mark);
	}
	if (resources->dirty_count == 0)
		raise_complete(resources, resources->highest);
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

/* ---- any thread ---- */

bool
sqlite_resources_get(struct sqlite_resources *resources, uint32_t workspace,
	struct str type, struct str id, struct arena *arena,
	struct resource_row *ret)
{
	struct str key = make_key(workspace, type, id, arena);
	const struct entry *entry;
	struct value value = {0};

	pthread_mutex_lock(&resources->lock);
	entry = map_get(&resources->map, key);
	if (entry)
		value = entry->shown;
	pthread_mutex_unlock(&resources->lock);
	if (value.last == 0)
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
