#include <sqlite3.h>

#include "base/clock.h"
#include "flow/apps.h"
#include "flow/service.h"

/* A SQLite file: the one that the connection names, and no other. */
enum {
	ROWS_DEFAULT = 1000,
	ROWS_MAX = 10000,
	BYTES_MAX = 4 << 20, /* of all texts in all rows */
	PROGRESS_STEPS = 10000,
	BUSY_MILLISECONDS = 5000,
};

static const struct module_field fields[] = {{.name = "query", .type = "text"},
	{.name = "parameters"}, {.name = "limit", .type = "uinteger"},
	{.name = NULL}};

struct session {
	const struct module_call *call;
	struct failure *failure;
	sqlite3 *handle;
	sqlite3_stmt *statement;
	int64_t end; /* clock_monotonic() */
	size_t bytes;
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
		kind = outgoing_is_interrupted(session->call->outgoing)
			       ? FAILURE_INTERRUPTED
			       : FAILURE_MODULE_TIMEOUT;
	return failure_set(session->failure, session->call->arena, kind,
		"SQLite: %s", sqlite3_errmsg(session->handle));
}

/* ---- the file ---- */

static int
on_progress(void *context)
{
	const struct session *session = context;

	return clock_monotonic() > session->end ||
	       outgoing_is_interrupted(session->call->outgoing);
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
	const struct module_call *call = session->call;
	struct str path = arena_copy(call->arena, service_secret(call, "path"));
	bool may_write =
		str_equal(service_secret(call, "access"), STR("write"));
	int code;

	if (path.len == 0 || path.ptr[0] != '/')
		return failure_set(session->failure, call->arena,
			FAILURE_CONFIGURATION,
			"path: the connection's is no absolute path");
	code = sqlite3_open_v2(path.ptr, &session->handle,
		SQLITE_OPEN_NOMUTEX | (may_write ? SQLITE_OPEN_READWRITE
						 : SQLITE_OPEN_READONLY),
		NULL);
	if (code != SQLITE_OK)
		return fail(session, code);
	sqlite3_busy_timeout(session->handle, BUSY_MILLISECONDS);
	sqlite3_progress_handler(
		session->handle, PROGRESS_STEPS, on_progress, session);
	sqlite3_set_authorizer(session->handle, authorize, NULL);
	sqlite3_limit(session->handle, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(session->handle, SQLITE_LIMIT_LENGTH, BYTES_MAX);
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
		text = service_value_text(session->call, value);
	}
	return sqlite3_bind_text64(statement, at, text.ptr ? text.ptr : "",
		text.len, SQLITE_TRANSIENT, SQLITE_UTF8);
}

/** By number from an array, by name (:name, @name, $name) from a collection. */
static enum failure_kind
bind_all(const struct session *session)
{
	int count = sqlite3_bind_parameter_count(session->statement);
	struct value given;
	enum failure_kind kind = service_json(
		session->call, "parameters", &given, session->failure);
	int code = SQLITE_OK;

	if (!kind && given.kind != VALUE_COLLECTION &&
		value_to_array(given, session->call->arena).as.array.count !=
			(size_t)count)
		kind = failure_set(session->failure, session->call->arena,
			FAILURE_DATA,
			"parameters: the query has %d, %zu are given", count,
			value_to_array(given, session->call->arena)
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
prepare(struct session *session, bool must_read)
{
	const struct module_call *call = session->call;
	struct str query;
	const char *tail = NULL;
	enum failure_kind kind =
		service_need_text(call, "query", &query, session->failure);
	int code;

	if (kind)
		return kind;
	query = arena_copy(call->arena, query);
	code = sqlite3_prepare_v2(session->handle, query.ptr, (int)query.len,
		&session->statement, &tail);
	if (code != SQLITE_OK)
		return fail(session, code);
	if (!session->statement || str_trim(str_of(tail)).len)
		return failure_set(session->failure, call->arena, FAILURE_DATA,
			"query: expected one statement");
	if (must_read && !sqlite3_stmt_readonly(session->statement))
		return failure_set(session->failure, call->arena, FAILURE_DATA,
			"query: it changes something: use sql:Execute");
	return bind_all(session);
}

/* ---- rows ---- */

static struct value
read_column(struct session *session, int at)
{
	sqlite3_stmt *statement = session->statement;
	struct arena *arena = session->call->arena;
	struct str bytes;

	switch (sqlite3_column_type(statement, at)) {
	case SQLITE_INTEGER:
	case SQLITE_FLOAT:
		return value_number(sqlite3_column_double(statement, at));
	case SQLITE_TEXT:
		bytes.ptr = (const char *)sqlite3_column_text(statement, at);
		bytes.len = (size_t)sqlite3_column_bytes(statement, at);
		session->bytes += bytes.len;
		return value_from_text(arena_copy(arena, bytes), arena);
	case SQLITE_BLOB:
		bytes.ptr = sqlite3_column_blob(statement, at);
		bytes.len = (size_t)sqlite3_column_bytes(statement, at);
		session->bytes += bytes.len;
		return value_buffer(arena_copy(arena, bytes), VALUE_BINARY);
	default: return value_empty();
	}
}

static struct value
read_row(struct session *session)
{
	struct arena *arena = session->call->arena;
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
read_rows(struct session *session, int64_t limit, struct value_builder *rows)
{
	int code = SQLITE_ROW;

	while ((int64_t)rows->count < limit) {
		code = sqlite3_step(session->statement);
		if (code != SQLITE_ROW)
			break;
		value_builder_add(rows, read_row(session));
		if (session->bytes > BYTES_MAX)
			return failure_set(session->failure,
				session->call->arena, FAILURE_MAX_FILE_SIZE,
				"the rows are over %d MiB", BYTES_MAX >> 20);
	}
	return code == SQLITE_DONE || code == SQLITE_ROW ? FAILURE_NONE
							 : fail(session, code);
}

static enum failure_kind
query(struct session *session, struct module_result *result)
{
	struct value_builder rows = value_builder_make(session->call->arena);
	int64_t limit = ROWS_DEFAULT;
	enum failure_kind kind = prepare(session, true);

	if (!kind)
		kind = service_integer(session->call, "limit", ROWS_DEFAULT,
			&limit, session->failure);
	if (limit == 0 || limit > ROWS_MAX)
		limit = ROWS_MAX;
	if (!kind)
		kind = read_rows(session, limit, &rows);
	service_results(result, &rows);
	return kind;
}

static enum failure_kind
execute(struct session *session, struct module_result *result)
{
	struct arena *arena = session->call->arena;
	struct value_builder bundle = value_builder_make(arena);
	struct value_builder rows = value_builder_make(arena);
	enum failure_kind kind = prepare(session, false);

	/* To its end, or what RETURNING has would not be done. */
	if (!kind)
		kind = read_rows(session, INT64_MAX, &rows);
	if (kind)
		return kind;
	value_builder_set(&bundle, STR("changes"),
		value_number((double)sqlite3_changes64(session->handle)));
	value_builder_set(&bundle, STR("lastInsertId"),
		value_number(
			(double)sqlite3_last_insert_rowid(session->handle)));
	value_builder_set(&bundle, STR("rows"), value_builder_array(&rows));
	module_result_one(
		session->call, result, value_builder_collection(&bundle));
	return FAILURE_NONE;
}

static enum failure_kind
run_sql(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	bool is_query = str_equal(str_of(call->kind->name), STR("sql:Query"));
	struct session session = {.call = call,
		.failure = failure,
		.end = clock_monotonic() + call->timeout};
	enum failure_kind kind = service_need_connection(call, failure);

	if (!kind)
		kind = open_file(&session);
	if (!kind)
		kind = is_query ? query(&session, result)
				: execute(&session, result);
	sqlite3_finalize(session.statement);
	sqlite3_close(session.handle);
	return kind;
}

#define ROW(name_) \
	{ \
		.name = (name_), .nature = MODULE_EFFECT, .connection = "sql", \
		.mapper = fields, .run = run_sql \
	}

const struct module_kind app_sql[] = {
	ROW("sql:Query"),
	ROW("sql:Execute"),
	{.name = NULL},
};
