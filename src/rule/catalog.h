#pragma once
#include "base/json.h"

/*
 * The catalog of event types: which resource types there are, which other
 * names they go by, and which properties make an Updated event worth sending.
 * It is data (event-types/ *.json), built into the binary.
 */
struct catalog_type {
	struct str name; /* canonical: "compute-ops/server" */
	struct str friendly_name;
	struct str description; /* or empty */
	/* Under which it is found when one browses; or empty. */
	struct str service_manager;
	struct str api_group;
	struct str schema; /* of its data, or of its state: JSON; or empty */
	struct str sample; /* of the same: JSON; or empty */
	bool is_resource;
	bool is_com;		       /* held to `monitorable` for Updated */
	const struct str *monitorable; /* top-level property names */
	size_t monitorable_count;
	bool sends_updated; /* alerts: false */
	bool sends_deleted; /* jobs: false */
};

struct catalog;

enum { CATALOG_TYPES_MAX = 10000, CATALOG_MONITORABLE_MAX = 64 };

/** An empty catalog, for one thread until it is filled. */
struct catalog *catalog_new(void);
void catalog_free(struct catalog *catalog);

/**
 * Adds the types of one file:
 *   {"types": [{"name": …, "friendlyName": …, "kind": "resource" or "event",
 *     "serviceManager": …, "apiGroup": …, "description": …,
 *     "dialect": "com", "monitorable": [names],
 *     "sendsUpdated": bool, "sendsDeleted": bool,
 *     "schema": JSON Schema, "sample": JSON}, …]}
 * The first three are mandatory, and nothing else is allowed. ERR_INVALID
 * or, past a maximum above, ERR_LIMIT; ERR_CONFLICT for a name that is there
 * already. `why` begins with `file_name` and gives the place; then the catalog
 * may hold a part of the file and is good for nothing but catalog_free.
 */
enum err catalog_add_file(struct catalog *catalog, struct str file_name,
	struct str text, struct buf *why) MUST_USE;

/** The built-in catalog. Read once; lives as long as the process. */
const struct catalog *catalog_builtin(void);

/** By canonical name; NULL when it is not in the catalog. */
const struct catalog_type *catalog_find(
	const struct catalog *catalog, struct str canonical_name);

/** Walks all: size_t at = 0; while ((t = catalog_next(c, &at))) … */
const struct catalog_type *catalog_next(
	const struct catalog *catalog, size_t *at);

/**
 * The canonical spelling of a type: `compute-ops-mgmt/x` is `compute-ops/x`;
 * anything else is itself. In `arena` only if it had to be rewritten.
 */
struct str catalog_canonical(struct str name, struct arena *arena);

enum operation {
	OPERATION_NONE,
	OPERATION_CREATED,
	OPERATION_UPDATED,
	OPERATION_DELETED,
};
/** "Created", "Updated", "Deleted"; "" for none. */
const char *operation_name(enum operation operation);
enum err operation_parse(struct str text, enum operation *ret) MUST_USE;

/**
 * Whether an event of this type may go out at all: Created always; Updated
 * only when a monitorable property differs between the states (by value);
 * alerts have no Updated, jobs no Deleted. Types that are not COM's (or not
 * in the catalog: `type` NULL) always go out.
 */
bool catalog_is_sent(const struct catalog_type *type, enum operation operation,
	struct json old_state, struct json new_state);
