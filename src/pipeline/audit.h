#pragma once
#include "pipeline/announce.h"

/*
 * The audit log: every change that somebody made is an event of type
 * AUDIT_TYPE, in the same unit as the change, so that there is never one
 * without the other (docs/decisions/audit.md). Who makes it is known by the
 * thread: the router says so around a handler (audit_act_as), and whatever the
 * handler commits through here is his. What happens by itself (handshakes,
 * health, deliveries) is not of the log, so that an entry's delivery can never
 * make another entry.
 *
 * A module that stores changes of users calls audit_commit() where it would
 * call writer_commit(), and says what the change is.
 */
struct writer;

#define AUDIT_TYPE "com.hpe.greenlake.audit-log.v1.logs.created"
#define AUDIT_SOURCE ANNOUNCE_SOURCE "audit-log"

enum {
	/* A longer state is left out, and named in `leftOff`. */
	AUDIT_STATE_MAX = 16 * 1024,
	AUDIT_TEXT_MAX = 256, /* of names and ids */
};

/** What stands in place of a secret. */
#define AUDIT_MASK "********"

/** Who acts; borrowed until audit_act_as(NULL). */
struct audit_actor {
	struct ingest *ingest; /* NULL: nothing is told */
	uint32_t workspace;
	struct str key_id;
	struct str key_name; /* may be empty */
	const char *role;
	struct str address; /* the caller's, or empty */
};

/** From here on this thread acts for him; NULL: for nobody. */
void audit_act_as(const struct audit_actor *actor);

/** One change. */
struct audit_entry {
	const char *category; /* "webhooks": what filters ask for first */
	const char *action;   /* "created", "updated", "deleted", … */
	const char *type;     /* of the resource: "webhook" */
	struct str id;
	struct str name;   /* may be empty */
	struct str before; /* JSON object without secrets; empty: none */
	struct str after;
	const char *secrets[2]; /* members whose secrets changed, or NULL */
};

/** The entry as an event, not written yet; NULL when nobody acts. */
struct announced *audit_new(const struct audit_entry *entry);

/**
 * Commits the changes with an entry for each of what they mean; as
 * writer_commit() when nobody acts. Blocks.
 */
enum err audit_commit(struct writer *writer, const struct store_change *changes,
	size_t count, const struct audit_entry *entries, size_t entry_count)
	MUST_USE;

/** An entry that belongs to nothing stored; a failure is logged. Blocks. */
void audit_tell(const struct audit_entry *entry);
