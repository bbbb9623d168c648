#include "store/sqlite_db.h"

#include <errno.h>

#include "store/sqlite_log_file.h"
#include "store/sqlite_row.h"

enum { BUSY_MILLISECONDS = 5000 };

static const struct {
	enum sqlite_db_use use;
	const char *text;
} sql[] = {
#define WRITER SQLITE_DB_WRITER
#define READER SQLITE_DB_READER
#define SQL(who, name, text) [SQL_##name] = {who, text},
#include "store/sqlite_sql.def"
#undef SQL
#undef WRITER
#undef READER
};

enum err
sqlite_db_error(struct sqlite_db *db, int code, struct buf *why)
{
	int primary = code & 0xFF;
	int system = db->handle ? sqlite3_system_errno(db->handle) : 0;
	bool is_io = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN;
	bool is_full = primary == SQLITE_FULL ||
		       (is_io && (system == ENOSPC || system == EDQUOT ||
					 system == EFBIG));

	if (why)
		buf_printf(why, "database: %s%s%s",
			db->handle ? sqlite3_errmsg(db->handle)
				   : sqlite3_errstr(code),
			is_io && system ? ": " : "",
			is_io && system ? strerrordesc_np(system) : "");
	if (is_full || primary == SQLITE_NOMEM || primary == SQLITE_TOOBIG)
		return ERR_LIMIT;
	if (primary == SQLITE_NOTADB || primary == SQLITE_CONSTRAINT)
		return ERR_INVALID;
	return ERR_IO;
}

enum err
sqlite_db_run(struct sqlite_db *db, const char *text, struct buf *why)
{
	int code = sqlite3_exec(db->handle, text, NULL, NULL, NULL);

	return code == SQLITE_OK ? ERR_OK : sqlite_db_error(db, code, why);
}

enum err
sqlite_db_step(struct sqlite_db *db, enum sqlite_sql which,
	int64_t *ret_changed, struct buf *why)
{
	sqlite3_stmt *stmt = db->statements[which];
	int code = sqlite3_step(stmt);
	enum err err = ERR_OK;

	if (code != SQLITE_DONE && code != SQLITE_ROW)
		err = sqlite_db_error(db, code, why);
	else if (ret_changed)
		*ret_changed = sqlite3_changes64(db->handle);
	sqlite3_reset(stmt);
	return err;
}

enum err
sqlite_db_number(
	struct sqlite_db *db, const char *text, int64_t *ret, struct buf *why)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(db->handle, text, -1, &stmt, NULL);
	enum err err = ERR_OK;

	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	if (code == SQLITE_ROW)
		*ret = sqlite3_column_int64(stmt, 0);
	else
		err = sqlite_db_error(db, code, why);
	sqlite3_finalize(stmt);
	return err;
}

static enum err
harden(struct sqlite_db *db, struct buf *why)
{
	static const struct {
		int option;
		int value;
	} settings[] = {
		{SQLITE_DBCONFIG_DEFENSIVE, 1},
		{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
		{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
		{SQLITE_DBCONFIG_ENABLE_VIEW, 0},
		{SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
		{SQLITE_DBCONFIG_ENABLE_FKEY, 0},
		{SQLITE_DBCONFIG_DQS_DDL, 0},
		{SQLITE_DBCONFIG_DQS_DML, 0},
	};

	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		int code = sqlite3_db_config(db->handle, settings[i].option,
			settings[i].value, (int *)NULL);

		if (code != SQLITE_OK)
			return sqlite_db_error(db, code, why);
	}
	sqlite3_limit(db->handle, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_extended_result_codes(db->handle, 1);
	sqlite3_busy_timeout(db->handle, BUSY_MILLISECONDS);
	return ERR_OK;
}

enum err
sqlite_db_open(const char *path, enum sqlite_db_use use, struct sqlite_db *db,
	struct buf *why)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
	int code;
	enum err err;

	*db = (struct sqlite_db){0};
	flags |= use == SQLITE_DB_READER ? SQLITE_OPEN_READONLY
					 : SQLITE_OPEN_READWRITE;
	code = sqlite3_open_v2(path, &db->handle, flags,
		use == SQLITE_DB_WRITER ? sqlite_log_file_vfs() : NULL);
	if (code == SQLITE_OK)
		err = harden(db, why);
	else
		err = sqlite_db_error(db, code, why);
	if (err)
		sqlite_db_close(db);
	return err;
}

enum err
sqlite_db_prepare(struct sqlite_db *db, enum sqlite_db_use use, struct buf *why)
{
	for (size_t i = 0; i < COUNT_OF(sql); i++) {
		int code;

		if (sql[i].use != use || db->statements[i])
			continue;
		code = sqlite3_prepare_v3(db->handle, sql[i].text, -1,
			SQLITE_PREPARE_PERSISTENT, &db->statements[i], NULL);
		if (code != SQLITE_OK)
			return sqlite_db_error(db, code, why);
	}
	return ERR_OK;
}

void
sqlite_db_close(struct sqlite_db *db)
{
	for (size_t i = 0; i < SQL_COUNT; i++)
		sqlite3_finalize(db->statements[i]);
	sqlite3_close(db->handle);
	*db = (struct sqlite_db){0};
}
