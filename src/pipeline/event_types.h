#pragma once
#include "pipeline/event_type.h"

/*
 * The registry of event types: those that ship with the product, which are
 * everybody's and never change, and those that publishers register in their
 * workspace. All of them in memory as snapshots, kept equal to the store.
 * Readers take a reference and never wait for a change; changes are made one
 * at a time and are on disk before anybody sees them. Functions that change
 * things block until the commit: not for event-loop threads.
 */
struct event_types;
struct writer;

enum { EVENT_TYPES_MAX = 1000 /* registered in a workspace */ };

/** Loads the registered types from the store. */
enum err event_types_open(struct store *store, struct writer *writer,
	struct event_types **ret, struct buf *why) MUST_USE;
/** NULL is harmless. */
void event_types_close(struct event_types *types);

/** By name in any spelling; a reference, or NULL. */
const struct event_type *event_types_find(
	struct event_types *types, uint32_t workspace, struct str name);

/**
 * The same among the registered ones alone, by canonical name. Costs next to
 * nothing while there are none.
 */
const struct event_type *event_types_find_registered(
	struct event_types *types, uint32_t workspace, struct str name);

/** References to all that a workspace sees, by name; unref each. */
const struct event_type **event_types_list(struct event_types *types,
	uint32_t workspace, struct arena *arena, size_t *ret_count);

/** A change, and why it was refused. */
struct event_type_change {
	/* said by the caller; borrowed */
	uint32_t workspace;
	struct str who;
	const struct event_type_facts *facts;
	uint64_t expected_generation; /* of a patch; 0: any */
	/* found out */
	const char *field; /* "schema", …; NULL: none in particular */
	const struct event_type *ret; /* a reference, on success */
	struct buf why;		      /* release with buf_release */
};

/**
 * Registers one. ERR_CONFLICT (there is one of this name), ERR_INVALID (the
 * schema does not compile, or the sample is not as it says: `field`),
 * ERR_LIMIT (too many in the workspace), ERR_IO (not stored).
 */
enum err event_types_create(
	struct event_types *types, struct event_type_change *change) MUST_USE;

/**
 * Puts `facts`, all of them, in place of what it says so far. Also
 * ERR_NOT_FOUND, ERR_DENIED (it ships with the product), and ERR_CONFLICT
 * when its generation is not the expected one.
 */
enum err event_types_patch(
	struct event_types *types, struct event_type_change *change) MUST_USE;

/** Removes the one that facts->name names. */
enum err event_types_delete(
	struct event_types *types, struct event_type_change *change) MUST_USE;
