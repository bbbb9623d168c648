#pragma once
#include <pthread.h>

#include "store/store.h"

/*
 * Deliveries in memory that wait untried and have no row in the database, by
 * their sequence: a ring, of which the slot is the sequence's lowest bits. One
 * thread, the writer, adds and takes within transactions, which may be rolled
 * back; what a transaction changed is in the ring when it stands. Readers see
 * the ring only, under its lock.
 *
 * From the lowest to the highest are at most DELIVERY_RING_MAX sequences (48
 * bytes each, allocated as needed), so that memory is bounded.
 */
enum { DELIVERY_RING_MAX = 131072 };

struct delivery_ring_entry {
	uint64_t sequence; /* 0: nobody */
	uint64_t event;
	uint64_t webhook;
	int64_t created;
	uint32_t workspace;
};

struct delivery_ring_slot; /* an entry, and whether it was taken */

struct delivery_ring {
	pthread_mutex_t lock; /* of the slots' entries and what is below; the
				 writer reads without it */
	struct delivery_ring_slot *slots;
	size_t cap;	    /* a power of two, or 0 */
	size_t count;	    /* entries */
	uint64_t low, high; /* none outside; none at all: low > high */

	/* The writer's: of the transaction. */
	struct delivery_ring_slot *added;
	size_t added_count, added_cap;
	uint64_t added_low, added_high;
	uint64_t *taken; /* sequences */
	size_t taken_count, taken_cap;
	unsigned unused; /* how often in a row there were none */
};

/** What is undone by delivery_ring_undo() is what came later. */
struct delivery_ring_place {
	size_t added;
	size_t taken;
};

void delivery_ring_init(struct delivery_ring *ring);
void delivery_ring_release(struct delivery_ring *ring);

/** As it is given: it waits, and is of its event's row. */
struct delivery_row delivery_ring_row(const struct delivery_ring_entry *entry);

/**
 * At the start, before there are readers. False: it lies too far away from
 * the others to be held.
 */
bool delivery_ring_load(
	struct delivery_ring *ring, const struct delivery_ring_entry *entry);

/* ---- within a transaction ---- */

/** Whether there is room for these, from `first` on. */
bool delivery_ring_admits(
	const struct delivery_ring *ring, uint64_t first, size_t count);

/** One that it admits. */
void delivery_ring_add(
	struct delivery_ring *ring, const struct delivery_ring_entry *entry);

/** NULL: it is not here, or was taken. */
const struct delivery_ring_entry *delivery_ring_find(
	const struct delivery_ring *ring, uint64_t sequence);

/** The same without those that the transaction added. */
const struct delivery_ring_entry *delivery_ring_find_old(
	const struct delivery_ring *ring, uint64_t sequence);

/** It is here; its entry stays where it is until the transaction ends. */
void delivery_ring_take(struct delivery_ring *ring, uint64_t sequence);

/**
 * The first from a sequence on, those that the transaction added not counted;
 * NULL at the end.
 */
const struct delivery_ring_entry *delivery_ring_next(
	const struct delivery_ring *ring, uint64_t sequence);

/** The transaction's own by their number; NULL: taken. */
const struct delivery_ring_entry *delivery_ring_added(
	const struct delivery_ring *ring, size_t at);

/** The lowest sequence of an event of those that are here; 0: nobody is. */
uint64_t delivery_ring_lowest_event(const struct delivery_ring *ring);

struct delivery_ring_place delivery_ring_place(
	const struct delivery_ring *ring);
void delivery_ring_undo(
	struct delivery_ring *ring, struct delivery_ring_place place);

/** The transaction stands: readers see what it changed. */
void delivery_ring_settle(struct delivery_ring *ring);

/* ---- any thread ---- */

/** Which ones; what is zero is not asked for. */
struct delivery_ring_query {
	uint64_t webhook;
	uint64_t event;
	uint64_t from; /* sequence */
	uint64_t end;  /* below it; 0: all */
	size_t limit;
	bool is_newest_first;
};

/** An array in the arena, in order of sequence. */
struct delivery_list delivery_ring_list(struct delivery_ring *ring,
	const struct delivery_ring_query *query, struct arena *arena);

/** No sequence below it is here; UINT64_MAX: none at all. */
uint64_t delivery_ring_low(struct delivery_ring *ring);

/** The first from a sequence on; false at the end. */
bool delivery_ring_first(struct delivery_ring *ring, uint64_t sequence,
	struct delivery_row *ret);

/** When the lowest of them was created; 0: there is none. */
int64_t delivery_ring_oldest(struct delivery_ring *ring);

/** The webhooks of all, each once, in their order; an array in the arena. */
size_t delivery_ring_webhooks(
	struct delivery_ring *ring, struct arena *arena, uint64_t **ret);

bool delivery_ring_get(struct delivery_ring *ring, uint64_t sequence,
	struct delivery_row *ret);
