#pragma once
#include "flow/datastore_own.h"

/*
 * Data stores: tables of records with a key, kept from run to run. One comes
 * into being when it is set up (datastore_set()) or something is first put
 * into it. Each record is an object (OBJECT_RECORD, owned by the data store);
 * the data store's own object counts them, changed in the same transaction,
 * which is what puts writers of one data store in order. Any thread; blocks on
 * the disk.
 */
enum { DATASTORE_RECORD_MAX = 256 << 10 /* bytes of JSON */ };

struct datastore {
	const struct run_host *host; /* has a store and a writer */
	uint32_t workspace;
	struct str id;
	bool is_audited; /* somebody's doing, not a run's */
};

struct datastore_record {
	struct str key;
	struct value data;
	struct str made_by; /* idempotency key of the step that wrote it */
	uint64_t revision;  /* 0: it is not there */
	size_t size;	    /* bytes of what is stored */
	int64_t created, updated;
};

/* ---- the data store itself ---- */

/** ERR_NOT_FOUND when it is not there: then *ret is what is usual. */
enum err datastore_load(const struct datastore *datastore, struct arena *arena,
	struct datastore_own *ret) MUST_USE;

/** Keeps settings; ERR_CONFLICT when own->revision is not the present one. */
enum err datastore_set(const struct datastore *datastore,
	const struct datastore_own *own) MUST_USE;

/**
 * With all its records; ERR_CONFLICT when it is not there. Records of a large
 * one go first, in transactions of a hundred, so that others' go through
 * between them: a crash, or an error, may leave the rest of them. When others
 * never cease to write into it, what is left goes in one.
 */
enum err datastore_drop(const struct datastore *datastore) MUST_USE;

/* ---- its records ---- */

/** In `arena`; ERR_NOT_FOUND, with the revision 0. */
enum err datastore_read(const struct datastore *datastore, struct str key,
	struct arena *arena, struct datastore_record *ret) MUST_USE;

/**
 * Writes a record over the one of record->revision, which has record->size, or
 * a new one; *record is what was kept, its data as the structure wants it (in
 * `arena`). ERR_CONFLICT when somebody else was faster: read and decide again.
 * ERR_INVALID when it does not fit the structure or is too long, ERR_LIMIT
 * when the data store is full, both with a sentence.
 */
enum err datastore_write(const struct datastore *datastore,
	struct datastore_record *record, const struct zone *zone,
	struct arena *arena, struct buf *why) MUST_USE;

/** This record; ERR_CONFLICT as above. */
enum err datastore_remove(const struct datastore *datastore,
	const struct datastore_record *record) MUST_USE;

/**
 * All records that there are when it begins, and such as are written
 * meanwhile; of a large data store in steps, as datastore_drop() does.
 * ERR_CONFLICT when others never cease to write.
 */
enum err datastore_clear(const struct datastore *datastore, size_t *ret_count)
	MUST_USE;

/**
 * All records in order of their keys behind `after` (empty: from the first),
 * until `see` says no. What a record points to lives until `see` returns.
 */
enum err datastore_scan(const struct datastore *datastore, struct str after,
	bool (*see)(void *context, const struct datastore_record *record),
	void *context) MUST_USE;
