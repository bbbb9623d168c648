#pragma once
#include "store_double.h"

/*
 * A store with deliveries that wait, for the tests of attempts that share a
 * row (sqlite_attempts.h): their outcomes as the delivering worker makes them,
 * and looking at what is read of them.
 */
enum { PACKS_MANY = 3000 };

struct packs {
	struct store *store;
	const char *directory;
	struct arena arena;
	struct delivery_row deliveries[PACKS_MANY + 1]; /* by sequence */
	/* Of each its first attempt. A test may fill it in before. */
	struct attempt_row attempts[PACKS_MANY + 1];

	/* The units of a commit. */
	struct delivery_row outcomes[PACKS_MANY];
	struct store_change changes[PACKS_MANY][2];
	struct store_unit units[PACKS_MANY];
	struct store_unit *list[PACKS_MANY];
};

/** An event with deliveries from 1 to `count`, turn by turn of each webhook. */
void packs_begin(struct packs *packs, uint64_t count, uint64_t hooks);
/** The database is whole, too. */
void packs_end(struct packs *packs);

int64_t packs_count(const struct packs *packs, const char *sql);
/** Rows of attempt_packs, and of attempts. */
int64_t packs_shared(const struct packs *packs);
int64_t packs_apart(const struct packs *packs);

/** Unit number `at`: the delivery is delivered by its first attempt. */
void packs_unit(struct packs *packs, uint64_t sequence, size_t at);

/** Those from `first` to `last` in one commit. */
enum err packs_deliver(struct packs *packs, uint64_t first, uint64_t last);

/** The delivery's attempt is read as it was written. */
void packs_check(struct packs *packs, uint64_t sequence);
void packs_check_all(struct packs *packs, uint64_t first, uint64_t last);

/** How many are read of the delivery. */
size_t packs_count_of(struct packs *packs, uint64_t sequence);

/** A statement on a connection of its own. */
void packs_run_beside(const struct packs *packs, const char *sql);

/** So many letters that have nothing in common with others. */
struct str packs_noise(struct packs *packs, size_t len);
