#pragma once
#include "pipeline/state.h"
#include "store/store.h"

/*
 * The last known state of every resource, in a bounded cache in front of the
 * store. It runs ahead of the disk: a state is here as soon as its event has
 * been handed to the writer, so that the next event of the same resource is
 * held against it. Should that commit fail, the next look goes to the store,
 * whose check of `last` refuses whatever was built upon it. While an event is
 * on its way the entry stays in memory: the store would tell an older state.
 *
 * An entry is worked on under its stripe's lock (states_hold … states_let_go),
 * in which the event is also handed to the writer: one resource's events are
 * therefore written in the order they were accepted.
 */
struct states;

struct states_entry;

struct states_hold {
	struct states *states;
	struct states_entry *entry;
	unsigned stripe;
	/* what is known; read only */
	uint64_t last; /* sequence of the last event, 0: never heard of */
	bool is_deleted;
	bool is_plain;	     /* the last event's body is the state itself */
	struct state *state; /* NULL when deleted or unknown */
	/* Nothing of it is on its way to the disk: what is known is stored. */
	bool is_on_disk;
};

/** `memory_max` bytes of states at most (0: 64 MiB). */
struct states *states_new(struct store *store, size_t memory_max);
void states_free(struct states *states);

/** Which resource; texts are borrowed for as long as it is in use. */
struct states_place {
	uint32_t workspace;
	struct str type; /* canonical */
	struct str id;
	struct str key; /* of both, in the arena that was given */
	uint64_t hash;
};

struct states_place states_place(uint32_t workspace, struct str type,
	struct str id, struct arena *arena);

/*
 * What a resource's state takes in memory was mostly last used thousands of
 * events ago, and is found in steps, each of which waits for memory that the
 * one before has named. Who has many resources at hand asks ahead: all steps
 * in this order, with some work on others in between.
 */
enum states_step {
	STATES_STRIPE,
	STATES_SLOT,
	STATES_ENTRY,
	STATES_STATE,
	STATES_STEPS,
};

/** Only asks; does not wait for who holds the resource. Any thread. */
void states_fetch(struct states *states, const struct states_place *place,
	enum states_step step);

/**
 * Locks the resource and tells what is known of it, read from the store when
 * it is not cached. ERR_IO: the store failed, nothing is locked.
 */
enum err states_hold(struct states *states, const struct states_place *place,
	struct states_hold *hold) MUST_USE;

/**
 * A copy of `value` with the text `body` around it (blanks and all), with one
 * reference; not yet what the resource is.
 */
struct state *states_copy(
	struct states_hold *hold, struct str body, struct json value);

/** What it is from now on; `state` NULL: deleted. Takes a reference itself. */
void states_set(struct states_hold *hold, uint64_t sequence,
	struct state *state, bool is_plain);

void states_let_go(struct states_hold *hold);

/**
 * Its next event is about to be handed to the writer; ends in
 * states_settled().
 */
struct states_entry *states_expect(struct states_hold *hold);

/** Asks for the memory that states_settled() changes. NULL is harmless. */
void states_fetch_entry(const struct states_entry *entry);

/**
 * That event is on disk, or it is not (`is_stored` false; the resource must
 * not be held by the caller then): the next look goes to the store. Any
 * thread.
 */
void states_settled(
	struct states *states, struct states_entry *entry, bool is_stored);
