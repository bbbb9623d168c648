#pragma once
#include "store/store.h"

/*
 * Objects: small things that are set up rather than streamed (subscriptions,
 * event types, jobs, connections, …), a row each. What an object says stands
 * in `body`, a JSON object that only the module of its kind reads; what must
 * be kept secret stands in `sealed`. Unlike events there are few of them and
 * they change seldom, so a kind needs no table of its own.
 *
 * Numbers of kinds are in the database: they stay, and are never used again.
 */
enum object_kind {
	OBJECT_SUBSCRIPTION = 1, /* owner: the webhook's id */
	OBJECT_EVENT_TYPE = 2,
	OBJECT_ALLOW_LIST = 3,
	OBJECT_REPLAY = 4, /* owner: the webhook's id */
	OBJECT_SCENARIO = 5,
	OBJECT_SCENARIO_VERSION = 6, /* owner: the scenario's id */
	OBJECT_HOOK = 7,
	OBJECT_CONNECTION = 8,
	OBJECT_DATASTORE = 9,
	OBJECT_RECORD = 10, /* owner: the data store's id */
};

struct object_row {
	uint32_t workspace;
	enum object_kind kind;
	struct str id;	   /* unique within workspace and kind */
	struct str owner;  /* what it belongs to, or empty */
	uint64_t revision; /* 1 when new, +1 with every write */
	int64_t created;
	int64_t updated;
	struct str body;   /* JSON object, nothing secret */
	struct str sealed; /* base/seal.h, or empty */
};

/** A store_change of kind STORE_OBJECT. */
struct object_change {
	enum {
		OBJECT_SET,    /* conflict: the present revision is not
				  row.revision - 1 (0: there is no such row).
				  `created` is kept as it was first set */
		OBJECT_REMOVE, /* by workspace, kind, id; conflict: gone, or
				  of another revision than row.revision unless
				  that is 0 */
		OBJECT_REMOVE_OWNED, /* all of row's workspace, kind and owner;
					no conflict */
	} what;
	struct object_row row;
};

/** ERR_NOT_FOUND when there is none. May block on the disk. */
enum err store_object(struct store *store, uint32_t workspace,
	enum object_kind kind, struct str id, struct arena *arena,
	struct object_row *ret) MUST_USE;

/** Which objects, in order of (workspace and) id. */
struct object_query {
	uint32_t workspace; /* 0: of all; then `owner` must be empty */
	enum object_kind kind;
	struct str owner; /* empty: of all */
	/* Go on behind this one: empty at first, then those of the last row;
	   the workspace counts when `workspace` is 0. */
	struct str after_id;
	uint32_t after_workspace;
	size_t limit; /* 1 to OBJECT_PAGE_MAX */
};

enum { OBJECT_PAGE_MAX = 1000 };

/** An array in the arena. */
struct object_list {
	struct object_row *rows;
	size_t count;
};

enum err store_objects(struct store *store, const struct object_query *query,
	struct arena *arena, struct object_list *ret) MUST_USE;
