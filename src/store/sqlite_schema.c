#include "store/sqlite_schema.h"

#include <inttypes.h>

/* From src/store/schema.sql, schema_2.sql, … */
extern const char sqlite_schema_1[];
extern const char sqlite_schema_2[];
extern const char sqlite_schema_3[];

/** The text that makes version `index` from the one before. */
static const char *const steps[] = {
	[1] = sqlite_schema_1,
	[2] = sqlite_schema_2,
	[3] = sqlite_schema_3,
};
_Static_assert(COUNT_OF(steps) == SQLITE_SCHEMA_VERSION + 1,
	"every version has its step");

enum err
sqlite_schema_check(struct sqlite_db *db, int64_t *ret_version, struct buf *why)
{
	int64_t id, version, tables;
	enum err err;

	err = sqlite_db_number(db, "PRAGMA application_id", &id, why);
	if (err == ERR_OK)
		err = sqlite_db_number(
			db, "PRAGMA user_version", &version, why);
	if (err == ERR_OK)
		err = sqlite_db_number(
			db, "SELECT count(*) FROM sqlite_schema", &tables, why);
	if (err)
		return err;
	if (id == 0 && version == 0 && tables == 0) {
		*ret_version = 0;
		return ERR_OK;
	}
	if (id != SQLITE_SCHEMA_ID || version < 1) {
		if (why)
			buf_printf(why, "is a database of another program");
		return ERR_INVALID;
	}
	if (version > SQLITE_SCHEMA_VERSION) {
		if (why)
			buf_printf(why,
				"is of version %" PRId64 ", made by a later "
				"release; this one knows up to %d",
				version, SQLITE_SCHEMA_VERSION);
		return ERR_INVALID;
	}
	*ret_version = version;
	return ERR_OK;
}

static enum err
run_step(struct sqlite_db *db, int64_t version, struct buf *why)
{
	CLEANUP(buf_release) struct buf text = {0};
	enum err err;

	buf_printf(&text,
		"BEGIN EXCLUSIVE;\n%s\nPRAGMA application_id = %d;"
		"PRAGMA user_version = %" PRId64 "; COMMIT;",
		steps[version], SQLITE_SCHEMA_ID, version);
	err = sqlite_db_run(db, buf_text(&text), why);
	if (err && !sqlite3_get_autocommit(db->handle))
		sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
	return err;
}

enum err
sqlite_schema_migrate(struct sqlite_db *db, int64_t version, struct buf *why)
{
	while (version < SQLITE_SCHEMA_VERSION) {
		enum err err = run_step(db, ++version, why);

		if (err)
			return err;
	}
	return ERR_OK;
}
