#pragma once
#include "store/sqlite_db.h"

/*
 * The schema and its versions. A database is ours when its application_id is
 * SQLITE_SCHEMA_ID; user_version is the schema's version. Each version is one
 * SQL text that makes it from the one before; a new database runs them all.
 */
enum {
	SQLITE_SCHEMA_ID = 0x47525031, /* "GRP1" */
	SQLITE_SCHEMA_VERSION = 3,
};

/**
 * Looks, and changes nothing: a new or an empty file is version 0.
 * ERR_INVALID when it is not ours or of a later version.
 */
enum err sqlite_schema_check(
	struct sqlite_db *db, int64_t *ret_version, struct buf *why) MUST_USE;

/** From `version` to the present one, each step one transaction. */
enum err sqlite_schema_migrate(
	struct sqlite_db *db, int64_t version, struct buf *why) MUST_USE;
