#include "flow/sql.h"

#include <sqlite3.h>

/* A SQLite file: the one that the connection names, and no other. */
enum {
	PROGRESS_STEPS = 10000,
	BUSY_MILLISECONDS = 5000,
};

struct session {
	struct sql_work *work;
	sqlite3 *handle;
	sqlite3_stmt *statement;
};

/* ---- errors ---- */

static const struct meaning {
	int code;
	enum failure_kind kind;
} meanings[] = {
	{SQLITE_BUSY, FAILURE_CONNECTION},
	{SQLITE_LOCKED, FAILURE_CONNECTION},
	{SQLITE_IOERR, FAILURE_CONNECTION},
	{SQLITE_FULL, FAILURE_OUT_OF_SPACE},
	{SQLITE_CANTOPEN, FAILURE_CONFIGURATION},
	{SQLITE_NOTADB, FAILURE_CONFIGURATION},
	{SQLITE_READONLY, FAILURE_CONFIGURATION},
	{SQLITE_PERM, FAILURE_CONFIGURATION},
	{SQLITE_AUTH, FAILURE_CONFIGURATION},
	{SQLITE_CORRUPT, FAILURE_RUNTIME},
	{SQLITE_NOMEM, FAILURE_RUNTIME},
};

static enum failure_kind
fail(const struct session *session, int code)
{
	enum failure_kind kind = FAILURE_DATA;
	int extended = sqlite3_extended_errcode(session->handle);

	for (size_t i = 0; i < COUNT_OF(meanings); i++) {
		if (meanings[i].code == (code & 0xFF))
			kind = meanings[i].kind;
	}
	if (extended == SQLITE_CONSTRAINT_UNIQUE ||
		extended == SQLITE_CONSTRAINT_PRIMARYKEY)
		kind = FAILURE_DUPLICATE_DATA;
	if ((code & 0xFF) == SQLITE_INTERRUPT)
		return sql_stopped(session->work);
	return failure_set(session->work->failure, session->work->call->arena,
		kind, "SQLite: %s", sqlite3_errmsg(session->handle));
}

/* ---- the file ---- */

static int
on_progress(void *context)
{
	const struct session *session = context;

	return sql_must_stop(session->work);
}

/** No other files, and nothing that changes how this one is kept. */
static int
authorize(void *context, int action, const char *unused1, const char *unused2,
	const char *unused3, const char *unused4)
{
	(void)context;
	(void)unused1;
	(void)unused2;
	(void)unused3;
	(void)unused4;
	return action == SQLITE_ATTACH || action == SQLITE_DETACH ||
			       action == SQLITE_PRAGMA
		       ? SQLITE_DENY
		       : SQLITE_OK;
}

static enum failure_kind
open_file(struct session *session)
{
	const struct module_call *call = session->work->call;
	struct str path = arena_copy(call->arena, service_secret(call, "path"));
	int code;

	if (path.len == 0 || path.ptr[0] != '/')
		return failure_set(session->work->failure, call->arena,
			FAILURE_CONFIGURATION,
			"path: the connection's is no absolute path");
	code = sqlite3_open_v2(path.ptr, &session->handle,
		SQLITE_OPEN_NOMUTEX |
			(session->work->may_write ? SQLITE_OPEN_READWRITE
						  : SQLITE_OPEN_READONLY),
		NULL);
	if (code != SQLITE_OK)
		return fail(session, code);
	sqlite3_busy_timeout(session->handle, BUSY_MILLISECONDS);
	sqlite3_progress_handler(
		session->handle, PROGRESS_STEPS, on_progress, session);
	sqlite3_set_authorizer(session->handle, authorize, NULL);
	sqlite3_limit(session->handle, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(session->handle, SQLITE_LIMIT_LENGTH, SQL_BYTES_MAX);
	sqlite3_db_config(session->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(
		session->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	return FAILURE_NONE;
}

/* ---- the statement ---- */

static int
bind_number(sqlite3_stmt *statement, int at, double number)
{
	bool is_whole = number >= -9007199254740992.0 &&
			number <= 9007199254740992.0 &&
			number == (double)(int64_t)number;

	return is_whole ? sqlite3_bind_int64(statement, at, (int64_t)number)
			: sqlite3_bind_double(statement, at, number);
}

/** What is bound lives in the call's arena. */
static int
bind_one(const struct session *session, int at, struct value value)
{
	CLEANUP(buf_release) struct buf json = {0};
	sqlite3_stmt *statement = session->statement;
	struct str text;

	if (value.kind == VALUE_EMPTY)
		return sqlite3_bind_null(statement, at);
	if (value.kind == VALUE_NUMBER)
		return bind_number(statement, at, value.as.number);
	if (value.kind == VALUE_BOOLEAN)
		return sqlite3_bind_int(statement, at, value.as.boolean);
	if (value.kind == VALUE_BUFFER)
		return sqlite3_bind_blob64(statement, at, value.as.text.ptr,
			value.as.text.len, SQLITE_TRANSIENT);
	if (value.kind == VALUE_ARRAY || value.kind == VALUE_COLLECTION) {
		value_append_json(&json, value, VALUE_JSON_PLAIN);
		text = buf_str(&json);
	} else {
		text = service_value_text(session->work->call, value);
	}
	return sqlite3_bind_text64(statement, at, text.ptr ? text.ptr : "",
		text.len, SQLITE_TRANSIENT, SQLITE_UTF8);
}

/** By number from an array, by name (:name, @name, $name) from a collection. */
static enum failure_kind
bind_all(const struct session *session)
{
	int count = sqlite3_bind_parameter_count(session->statement);
	struct value given = session->work->parameters;
	enum failure_kind kind = FAILURE_NONE;
	int code = SQLITE_OK;

	if (given.kind != VALUE_COLLECTION &&
		value_to_array(given, session->work->call->arena)
				.as.array.count != (size_t)count)
		kind = failure_set(session->work->failure,
			session->work->call->arena, FAILURE_DATA,
			"parameters: the query has %d, %zu are given", count,
			value_to_array(given, session->work->call->arena)
				.as.array.count);
	for (int i = 1; !kind && code == SQLITE_OK && i <= count; i++) {
		const char *name =
			sqlite3_bind_parameter_name(session->statement, i);
		struct value value = given;

		if (given.kind == VALUE_COLLECTION && name)
			value = value_member(given, str_of(name + 1));
		else if (given.kind == VALUE_ARRAY)
			value = value_item(given, i);
		code = bind_one(session, i, value);
	}
	if (!kind && code != SQLITE_OK)
		kind = fail(session, code);
	return kind;
}

static enum failure_kind
prepare(struct session *session)
{
	struct sql_work *work = session->work;
	const char *tail = NULL;
	int code = sqlite3_prepare_v2(session->handle, work->query.ptr,
		(int)work->query.len, &session->statement, &tail);

	if (code != SQLITE_OK)
		return fail(session, code);
	if (!session->statement || str_trim(str_of(tail)).len)
		return failure_set(work->failure, work->call->arena,
			FAILURE_DATA, "query: expected one statement");
	if (work->must_read && !sqlite3_stmt_readonly(session->statement))
		return failure_set(work->failure, work->call->arena,
			FAILURE_DATA,
			"query: it changes something: use sql:Execute");
	return bind_all(session);
}

/* ---- rows ---- */

static struct value
read_column(struct session *session, int at)
{
	sqlite3_stmt *statement = session->statement;
	struct arena *arena = session->work->call->arena;
	struct str bytes;

	switch (sqlite3_column_type(statement, at)) {
	case SQLITE_INTEGER:
	case SQLITE_FLOAT:
		return value_number(sqlite3_column_double(statement, at));
	case SQLITE_TEXT:
		bytes.ptr = (const char *)sqlite3_column_text(statement, at);
		bytes.len = (size_t)sqlite3_column_bytes(statement, at);
		session->work->bytes += bytes.len;
		return value_from_text(arena_copy(arena, bytes), arena);
	case SQLITE_BLOB:
		bytes.ptr = sqlite3_column_blob(statement, at);
		bytes.len = (size_t)sqlite3_column_bytes(statement, at);
		session->work->bytes += bytes.len;
		return value_buffer(arena_copy(arena, bytes), VALUE_BINARY);
	default: return value_empty();
	}
}

static struct value
read_row(struct session *session)
{
	struct arena *arena = session->work->call->arena;
	struct value_builder row = value_builder_make(arena);
	int count = sqlite3_column_count(session->statement);

	for (int i = 0; i < count; i++)
		value_builder_set(&row,
			arena_copy(arena, str_of(sqlite3_column_name(
						  session->statement, i))),
			read_column(session, i));
	return value_builder_collection(&row);
}

static enum failure_kind
read_rows(struct session *session)
{
	struct sql_work *work = session->work;
	int code = SQLITE_ROW;

	while ((int64_t)work->rows.count < work->limit) {
		enum failure_kind kind;

		code = sqlite3_step(session->statement);
		if (code != SQLITE_ROW)
			break;
		kind = sql_add_row(work, read_row(session));
		if (kind)
			return kind;
	}
	return code == SQLITE_DONE || code == SQLITE_ROW ? FAILURE_NONE
							 : fail(session, code);
}

enum failure_kind
sql_sqlite_run(struct sql_work *work)
{
	struct session session = {.work = work};
	enum failure_kind kind = open_file(&session);

	if (!kind)
		kind = prepare(&session);
	if (!kind)
		kind = read_rows(&session);
	if (!kind) {
		work->changes = (double)sqlite3_changes64(session.handle);
		work->last_id =
			(double)sqlite3_last_insert_rowid(session.handle);
		work->has_last_id = true;
	}
	sqlite3_finalize(session.statement);
	sqlite3_close(session.handle);
	return kind;
}
