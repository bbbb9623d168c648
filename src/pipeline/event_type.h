#pragma once
#include <stdatomic.h>

#include "rule/json_schema.h"
#include "store/object.h"

/*
 * An event type of the catalog as an immutable snapshot, counted by
 * references: one that ships with the product (rule/catalog.h), or one that a
 * publisher has registered (store/object.h, kind OBJECT_EVENT_TYPE). How the
 * latter change: pipeline/event_types.h.
 */
enum event_type_validation {
	VALIDATION_OFF,
	VALIDATION_WARN,   /* accepted, and the answer says so */
	VALIDATION_REFUSE, /* 422 */
};
/** "off", "warn", "refuse". */
const char *event_type_validation_name(enum event_type_validation validation);
enum err event_type_validation_parse(
	struct str text, enum event_type_validation *ret) MUST_USE;

enum {
	EVENT_TYPE_VERSIONS_MAX = 10, /* older ones are forgotten */
	EVENT_TYPE_TEXT_MAX = 1024,   /* bytes of a name, a description, … */
};

/** A schema that the type has or had. */
struct event_type_version {
	uint32_t number; /* from 1 */
	int64_t created;
	struct str schema; /* JSON */
	const struct json_schema *compiled;
};

/** What a publisher says of a type. */
struct event_type_facts {
	struct str name; /* canonical */
	struct str friendly_name;
	struct str description;
	struct str service_manager;
	struct str api_group;
	bool is_resource;
	enum event_type_validation validation;
	struct str schema;     /* JSON; empty: none */
	struct str sample;     /* JSON; empty: none */
	struct str dataschema; /* put into events that come without; or empty */
	/* CloudEvents' deprecation extension, put into events likewise. */
	bool is_deprecated;
	struct str deprecated_from; /* RFC 3339; each may be empty */
	struct str sunset;	    /* RFC 3339 */
	struct str migration;	    /* URI */
};

struct event_type {
	atomic_uint refs;
	struct arena arena; /* holds everything below */
	uint32_t workspace; /* 0: built in */
	struct event_type_facts facts;
	/* Oldest first; the last one counts if facts.schema is not empty. */
	struct event_type_version *versions;
	size_t version_count;
	uint32_t last_version; /* number of the last one there ever was */
	uint64_t generation;
	int64_t created;
	int64_t updated;
	struct str created_by; /* key ids */
	struct str updated_by;
};

void event_type_ref(const struct event_type *type);
/** NULL is harmless. */
void event_type_unref(const struct event_type *type);

/**
 * The next snapshot of a type: `facts` in place of what `former` (NULL: none,
 * a new type) says; another schema becomes another version. ERR_INVALID with
 * the name of the member in `*ret_member` (static) when schema or sample are
 * wrong. `*ret` has one reference.
 */
enum err event_type_next(const struct event_type_facts *facts,
	const struct event_type *former, const struct event_type **ret,
	const char **ret_member, struct buf *why) MUST_USE;

/** What ships with the product. */
const struct event_type *event_type_builtin(const struct catalog_type *type);

/** The schema that events are held against, or NULL. */
const struct event_type_version *event_type_version(
	const struct event_type *type);

/** One version by its number, or NULL. */
const struct event_type_version *event_type_version_at(
	const struct event_type *type, uint32_t number);

void event_type_to_row(const struct event_type *type, struct arena *arena,
	struct object_row *ret);
enum err event_type_from_row(const struct object_row *row,
	const struct event_type **ret, struct buf *why) MUST_USE;
