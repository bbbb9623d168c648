#pragma once
#include "flow/run.h"

/*
 * Data stores: tables of records with a key, kept from run to run. A data
 * store comes into being when something is first put into it. Each record is
 * an object (OBJECT_RECORD, owned by the data store); the data store's own
 * object counts them, changed in the same transaction, which is what puts
 * writers of one data store in order. Any thread; blocks on the disk.
 */
enum {
	DATASTORE_RECORDS_MAX = 10 * 1000,
	DATASTORE_RECORD_MAX = 256 << 10, /* bytes of JSON */
	DATASTORE_KEY_MAX = 255,	  /* bytes; so is the data store's id */
};

struct datastore {
	const struct run_host *host; /* has a store and a writer */
	uint32_t workspace;
	struct str id;
};

struct datastore_record {
	struct str key;
	struct value data;
	struct str made_by; /* idempotency key of the step that wrote it */
	uint64_t revision;  /* 0: it is not there */
};

/** In `arena`; ERR_NOT_FOUND, with the revision 0. */
enum err datastore_read(const struct datastore *datastore, struct str key,
	struct arena *arena, struct datastore_record *ret) MUST_USE;

/**
 * Writes a record over the one of record->revision, or a new one. ERR_CONFLICT
 * when somebody else was faster: read and decide again. ERR_LIMIT when it is
 * too long or the data store is full (*ret_is_full).
 */
enum err datastore_write(const struct datastore *datastore,
	const struct datastore_record *record, bool *ret_is_full) MUST_USE;

/** The record of this revision; ERR_CONFLICT as above. */
enum err datastore_remove(const struct datastore *datastore, struct str key,
	uint64_t revision) MUST_USE;

/** All records; ERR_CONFLICT as above. */
enum err datastore_clear(const struct datastore *datastore, size_t *ret_count)
	MUST_USE;

enum err datastore_count(const struct datastore *datastore, size_t *ret)
	MUST_USE;

/**
 * All records in order of their keys, until `see` says no. What a record
 * points to lives until `see` returns.
 */
enum err datastore_scan(const struct datastore *datastore,
	bool (*see)(void *context, const struct datastore_record *record),
	void *context) MUST_USE;
