#pragma once
#include "late_double.h"

/*
 * Deliveries that are published as the hub does it, so that their event tells
 * their rows, which the store writes late (store/sqlite_late.h), in the store
 * of late_double.h. Each event goes to `hooks` webhooks, numbered from 1;
 * events are numbered from 1, too.
 */
enum { PUBLISHED_MAX = 4096, PUBLISHED_HOOKS = 40 };

struct published {
	struct event_row event;
	struct delivery_row deliveries[PUBLISHED_HOOKS];
	struct store_change changes[1 + PUBLISHED_HOOKS];
	struct store_unit unit;
};

/** The next event, not yet committed. */
struct store_unit *published_make(
	struct published *published, size_t hooks, struct arena *arena);

/** So many of the next events in one commit; the commit's error. */
enum err published_add(size_t count, size_t hooks);

/** The highest delivery. */
uint64_t published_last(void);

/** An outcome, with its attempt where one was made; the unit's result. */
enum err published_set(uint64_t delivery, enum delivery_state state);

/** Deliveries `from` to `to` in one commit, in a wild order. */
enum err published_set_all(
	uint64_t from, uint64_t to, enum delivery_state state);

/** All is written. */
void published_write_all(void);

/** Rows of the table, of those that wait, and its mark. */
int64_t published_rows(void);
int64_t published_waiting_rows(void);
uint64_t published_mark(void);

/** What the store says waits. */
uint64_t published_waiting(struct store *store);

/** That the delivery is in this state, by reading it. */
void published_check(
	struct store *store, uint64_t delivery, enum delivery_state state);
