#pragma once
#include "store_double.h"

/*
 * Resources that are published as the hub does it, so that their events tell
 * the rows that the store writes late (store/sqlite_resources.h), and what
 * must be known of them: `last_of` and `is_deleted`, by number. The resource
 * of number 7 is "r7".
 */
enum { LATE_RESOURCES = 70000, LATE_MAX = 163840, LATE_UNITS = 4096 };

struct late_unit {
	char id[16];
	struct event_row event;
	struct resource_row resource;
	struct store_change changes[2];
	struct store_unit unit;
};

extern struct late {
	const char *directory;
	struct store *store;
	uint64_t last_event;
	uint64_t last_of[LATE_MAX];
	bool is_deleted[LATE_MAX];
	struct late_unit units[LATE_UNITS];
} late;

/** An empty store. */
void late_start(void);

/** The next state of a resource, not yet committed. */
struct store_unit *late_make(
	struct late_unit *state, size_t key, struct arena *arena);

/** Resources `from` to `end` get their next state; the commit's error. */
enum err late_publish(size_t from, size_t end);

/** One by an event that does not tell the row: it is written at once. */
void late_publish_at_once(size_t key);

/** A commit of one change. */
enum err late_commit(struct store_change change);
enum err late_probe(void);

/** As retention does when it has to know more. */
enum err late_want_round(void);

/** That the first `count` resources of the store are what they must be. */
void late_check(struct store *from, size_t count);

/** The store that would be found after a crash now, in a folder of its own. */
struct store *late_open_copy(void);

/** late_check() of it. */
void late_check_crash(size_t count);

/** Rows of the table, and its mark. */
int64_t late_rows(void);
uint64_t late_mark(void);
