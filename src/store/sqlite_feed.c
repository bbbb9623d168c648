#include "store/sqlite_feed.h"

#include <assert.h>
#include <stddef.h>

/* ---- columns ---- */

enum column_kind {
	SEQUENCE, /* the row's key */
	PLACE,	  /* the row's key, told apart from it */
	NUMBER_64,
	NUMBER_32,
	CHOICE, /* an enum or an int */
	FLAG,
	TEXT,
	BYTES,
	EVENT_ID,
	EVENT_TYPE_AS_RECEIVED,
	EVENT_WEBHOOKS,
};

struct column {
	const char *name;
	enum column_kind kind;
	size_t at; /* in the row's struct */
};

#define EVENT(kind, name) \
	{ \
#name, kind, offsetof(struct event_row, name) \
	}
#define DELIVERY(kind, name) \
	{ \
#name, kind, offsetof(struct delivery_row, name) \
	}
#define ATTEMPT(kind, name) \
	{ \
#name, kind, offsetof(struct attempt_row, name) \
	}

static const struct column event_columns[] = {
	EVENT(SEQUENCE, sequence),
	EVENT(NUMBER_32, workspace),
	EVENT(CHOICE, operation),
	EVENT(CHOICE, form),
	EVENT(NUMBER_64, previous),
	EVENT(NUMBER_64, time),
	EVENT(NUMBER_64, accepted),
	EVENT(NUMBER_32, matched),
	EVENT(FLAG, is_id_given),
	EVENT(EVENT_ID, id),
	EVENT(TEXT, source),
	EVENT(TEXT, type),
	EVENT(EVENT_TYPE_AS_RECEIVED, type_as_received),
	EVENT(TEXT, subject),
	EVENT(TEXT, publisher),
	EVENT(TEXT, attributes),
	EVENT(BYTES, body),
	EVENT(NUMBER_64, first_delivery),
	{"webhooks", EVENT_WEBHOOKS, 0},
};

static const struct column delivery_columns[] = {
	DELIVERY(SEQUENCE, sequence),
	DELIVERY(NUMBER_32, workspace),
	DELIVERY(NUMBER_64, event),
	DELIVERY(NUMBER_64, webhook),
	DELIVERY(CHOICE, state),
	DELIVERY(NUMBER_32, attempts),
	DELIVERY(NUMBER_64, due),
	DELIVERY(NUMBER_64, created),
	DELIVERY(NUMBER_64, updated),
	DELIVERY(TEXT, reason),
	DELIVERY(NUMBER_64, resource),
	DELIVERY(FLAG, is_in_row),
};

static const struct column attempt_columns[] = {
	{"place", PLACE, 0},
	ATTEMPT(NUMBER_64, delivery),
	ATTEMPT(NUMBER_32, number),
	ATTEMPT(NUMBER_64, webhook),
	ATTEMPT(NUMBER_64, started),
	ATTEMPT(NUMBER_64, ended),
	ATTEMPT(CHOICE, status),
	ATTEMPT(FLAG, is_acknowledged),
	ATTEMPT(NUMBER_64, name_resolved),
	ATTEMPT(NUMBER_64, connected),
	ATTEMPT(NUMBER_64, tls_done),
	ATTEMPT(NUMBER_64, first_byte),
	ATTEMPT(TEXT, failure),
	ATTEMPT(TEXT, error),
	ATTEMPT(TEXT, destination),
	ATTEMPT(TEXT, request_head),
	ATTEMPT(TEXT, response_head),
	ATTEMPT(BYTES, response_body),
};

struct sqlite_feed_columns {
	const char *table;
	const struct column *columns;
	size_t count;
};

static const struct sqlite_feed_columns tables[SQLITE_FEED_TABLES] = {
	[SQLITE_FEED_EVENTS] = {"new_events", event_columns,
		COUNT_OF(event_columns)},
	[SQLITE_FEED_DELIVERIES] = {"new_deliveries", delivery_columns,
		COUNT_OF(delivery_columns)},
	[SQLITE_FEED_ATTEMPTS] = {"new_attempts", attempt_columns,
		COUNT_OF(attempt_columns)},
};

/** Whether the id is the one made of acceptance and sequence. */
static bool
has_own_id(const struct event_row *row)
{
	char text[UUID_TEXT_SIZE];

	if (row->is_id_given || row->id.len != UUID_TEXT_LEN)
		return false;
	uuid_format(uuid_from_sequence(row->accepted, row->sequence), text);
	return memcmp(text, row->id.ptr, UUID_TEXT_LEN) == 0;
}

/* ---- telling values ---- */

/* A NULL pointer would be NULL, not the empty string. */

static void
tell_text(
	sqlite3_context *context, struct str text, sqlite3_destructor_type who)
{
	sqlite3_result_text64(
		context, text.ptr ? text.ptr : "", text.len, who, SQLITE_UTF8);
}

static void
tell_bytes(
	sqlite3_context *context, struct str bytes, sqlite3_destructor_type who)
{
	sqlite3_result_blob64(
		context, bytes.ptr ? bytes.ptr : "", bytes.len, who);
}

/* What can be worked out again need not be stored: 36 and ~20 bytes. */

/** Not part of tell_column(), which has no array to guard. */
static __attribute__((noinline)) void
tell_event_id(sqlite3_context *context, const struct event_row *row)
{
	if (!has_own_id(row))
		tell_text(context, row->id, SQLITE_STATIC);
}

static void
tell_type_as_received(sqlite3_context *context, const struct event_row *row)
{
	if (!str_equal(row->type_as_received, row->type))
		tell_text(context, row->type_as_received, SQLITE_STATIC);
}

static void
tell_webhooks(sqlite3_context *context, const struct sqlite_feed *feed)
{
	if (feed->webhooks[feed->at].len)
		tell_bytes(context, feed->webhooks[feed->at], SQLITE_STATIC);
}

/**
 * A row that is to be the table's last, one behind the one that was, needs no
 * key: SQLite takes that number by itself, and without a search.
 */
static void
tell_key(sqlite3_context *context, struct sqlite_feed *feed, int64_t key)
{
	feed->is_key_left =
		feed->is_last && feed->at > 0 && key == feed->key + 1;
	feed->is_last = feed->is_key_left || key > feed->highest;
	feed->key = key;
	if (feed->is_last)
		feed->highest = key;
	if (!feed->is_key_left)
		sqlite3_result_int64(context, key);
}

static inline void
tell(sqlite3_context *context, struct sqlite_feed *feed, int number,
	sqlite3_destructor_type who)
{
	const struct column *column = &feed->columns->columns[number];
	const void *value = (const char *)feed->row + column->at;

	switch (column->kind) {
	case SEQUENCE: tell_key(context, feed, *(const int64_t *)value); break;
	case PLACE: tell_key(context, feed, feed->places[feed->at]); break;
	case NUMBER_64:
		sqlite3_result_int64(context, *(const int64_t *)value);
		break;
	case NUMBER_32:
		sqlite3_result_int64(context, *(const uint32_t *)value);
		break;
	case CHOICE: sqlite3_result_int64(context, *(const int *)value); break;
	case FLAG: sqlite3_result_int64(context, *(const bool *)value); break;
	case TEXT: tell_text(context, *(const struct str *)value, who); break;
	case BYTES: tell_bytes(context, *(const struct str *)value, who); break;
	case EVENT_ID: tell_event_id(context, feed->row); break;
	case EVENT_TYPE_AS_RECEIVED:
		tell_type_as_received(context, feed->row);
		break;
	case EVENT_WEBHOOKS: tell_webhooks(context, feed); break;
	}
}

static int
tell_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int number)
{
	tell(context, CONTAINER_OF(cursor, struct sqlite_feed, cursor), number,
		SQLITE_STATIC);
	return SQLITE_OK;
}

void
sqlite_feed_tell_attempt(sqlite3_context *context,
	const struct attempt_row *row, int64_t place, int number)
{
	struct sqlite_feed feed = {.row = row,
		.places = &place,
		.highest = INT64_MAX,
		.columns = &tables[SQLITE_FEED_ATTEMPTS]};

	tell(context, &feed, number, SQLITE_TRANSIENT);
}

/* ---- what SQLite asks of a table ---- */

/** The next body, which another thread has written. */
static void
expect_body(const struct sqlite_feed *feed)
{
	const struct event_row *row;

	if (feed->columns != &tables[SQLITE_FEED_EVENTS] ||
		feed->at + 1 >= feed->count)
		return;
	row = feed->changes[feed->at + 1]->event;
	fetch_text(row->body.ptr, row->body.len);
}

static void
go_to(struct sqlite_feed *feed, size_t at)
{
	feed->at = at;
	expect_body(feed);
	if (at < feed->count)
		/* Each kind's pointer is at the same place. */
		feed->row = feed->changes[at]->event;
}

static int
declare(sqlite3 *handle, const struct sqlite_feed_columns *columns)
{
	CLEANUP(buf_release) struct buf text = {0};

	buf_printf(&text, "CREATE TABLE t (");
	for (size_t i = 0; i < columns->count; i++)
		buf_printf(
			&text, "%s%s", i ? ", " : "", columns->columns[i].name);
	buf_printf(&text, ")");
	return sqlite3_declare_vtab(handle, buf_text(&text));
}

int
sqlite_feed_declare(sqlite3 *handle, enum sqlite_feed_table table)
{
	return declare(handle, &tables[table]);
}

static int
connect(sqlite3 *handle, void *context, int count, const char *const *words,
	sqlite3_vtab **ret, char **ret_error)
{
	struct sqlite_feed *feed = context;

	(void)count;
	(void)words;
	(void)ret_error;
	*ret = &feed->table;
	return declare(handle, feed->columns);
}

static int
disconnect(sqlite3_vtab *table)
{
	(void)table;
	return SQLITE_OK;
}

static int
choose_way(sqlite3_vtab *table, sqlite3_index_info *info)
{
	(void)table;
	info->estimatedRows = 64;
	return SQLITE_OK;
}

static int
open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **ret)
{
	*ret = &CONTAINER_OF(table, struct sqlite_feed, table)->cursor;
	return SQLITE_OK;
}

static int
close_cursor(sqlite3_vtab_cursor *cursor)
{
	(void)cursor;
	return SQLITE_OK;
}

static int
begin(sqlite3_vtab_cursor *cursor, int way, const char *name, int count,
	sqlite3_value **values)
{
	struct sqlite_feed *feed =
		CONTAINER_OF(cursor, struct sqlite_feed, cursor);

	(void)way;
	(void)name;
	(void)count;
	(void)values;
	feed->is_key_left = false;
	feed->is_last = false;
	go_to(feed, 0);
	return SQLITE_OK;
}

static int
next(sqlite3_vtab_cursor *cursor)
{
	struct sqlite_feed *feed =
		CONTAINER_OF(cursor, struct sqlite_feed, cursor);

	/* Were it otherwise, `highest` is wrong: nothing of it may stand, and
	   no key is left to SQLite any more. */
	if (feed->is_key_left &&
		sqlite3_last_insert_rowid(feed->handle) != feed->key) {
		feed->highest = INT64_MAX;
		return SQLITE_INTERNAL;
	}
	feed->is_key_left = false;
	go_to(feed, feed->at + 1);
	return SQLITE_OK;
}

static int
is_at_end(sqlite3_vtab_cursor *cursor)
{
	struct sqlite_feed *feed =
		CONTAINER_OF(cursor, struct sqlite_feed, cursor);

	return feed->at >= feed->count;
}

static int
tell_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *ret)
{
	*ret = (sqlite3_int64)CONTAINER_OF(cursor, struct sqlite_feed, cursor)
		       ->at;
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

/* ---- using them ---- */

enum err
sqlite_feeds_register(
	struct sqlite_feeds *feeds, struct sqlite_db *db, struct buf *why)
{
	for (size_t i = 0; i < SQLITE_FEED_TABLES; i++) {
		struct sqlite_feed *feed = &feeds->tables[i];
		int code;

		*feed = (struct sqlite_feed){
			.handle = db->handle, .columns = &tables[i]};
		code = sqlite3_create_module_v2(
			db->handle, tables[i].table, &module, feed, NULL);
		if (code != SQLITE_OK)
			return sqlite_db_error(db, code, why);
	}
	return ERR_OK;
}

enum err
sqlite_feeds_load(
	struct sqlite_feeds *feeds, struct sqlite_db *db, struct buf *why)
{
	sqlite3_stmt *stmt = db->statements[SQL_FEED_ENDS];
	enum err err = ERR_OK;
	int code = sqlite3_step(stmt);

	if (code != SQLITE_ROW)
		err = sqlite_db_error(db, code, why);
	for (int i = 0; code == SQLITE_ROW && i < SQLITE_FEED_TABLES; i++)
		feeds->tables[i].highest = sqlite3_column_int64(stmt, i);
	sqlite3_reset(stmt);
	return err;
}

void
sqlite_feeds_hold(struct sqlite_feeds *feeds, enum sqlite_feed_table table,
	const struct store_change *const *changes, size_t count)
{
	feeds->tables[table].changes = changes;
	feeds->tables[table].count = count;
	feeds->tables[table].places = NULL;
}

void
sqlite_feeds_place(struct sqlite_feeds *feeds, const int64_t *places)
{
	feeds->tables[SQLITE_FEED_ATTEMPTS].places = places;
}

void
sqlite_feeds_name(struct sqlite_feeds *feeds, const struct str *webhooks)
{
	feeds->tables[SQLITE_FEED_EVENTS].webhooks = webhooks;
}
