#pragma once
#include "base/json_out.h"
#include "flow/run.h"
#include "store/object.h"

/*
 * What a data store itself is: its settings, and how much it holds. An object
 * (OBJECT_DATASTORE) whose revision every change of a record moves on.
 */
enum {
	DATASTORE_RECORDS_DEFAULT = 10 * 1000,
	DATASTORE_RECORDS_MAX = 100 * 1000,
	DATASTORE_BYTES_DEFAULT = 64 << 20,
	DATASTORE_BYTES_MAX = 1 << 30,
	DATASTORE_KEY_MAX = 255,	  /* bytes; so is the data store's id */
	DATASTORE_DESCRIPTION_MAX = 1024, /* bytes */
};

struct datastore_own {
	struct str id;
	struct str name;
	struct str description;
	struct value structure; /* flow/structure.h; empty: none */
	bool is_strict;
	size_t records_max;
	size_t bytes_max;
	/* as it is, not set by people */
	size_t records;
	size_t bytes;	   /* of the records' JSON */
	uint64_t revision; /* 0: it is not there yet */
	int64_t created, updated;
};

/** One to DATASTORE_KEY_MAX bytes without a slash or a control character. */
bool datastore_id_is_valid(struct str id);

/** Without settings, as one that a scenario makes by writing to it. */
struct datastore_own datastore_own_usual(struct str id);

/** In `arena`. */
enum err datastore_own_from_object(const struct object_row *row,
	struct arena *arena, struct datastore_own *ret) MUST_USE;

/**
 * Reads the settings that `body` has over those that are there; null is what
 * is usual. ERR_INVALID with a sentence that names the member.
 */
enum err datastore_own_read(struct json body, struct datastore_own *own,
	struct arena *arena, struct buf *why) MUST_USE;

/** The change that makes it so, in its next revision. */
struct object_change datastore_own_to_object(uint32_t workspace,
	const struct datastore_own *own, struct arena *arena);

/** As people see it. */
void datastore_own_write(const struct datastore_own *own, struct json_out *out);
