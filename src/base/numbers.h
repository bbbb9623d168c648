#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A hash table from numbers to the things they belong to, for very many of
 * them: the node is embedded in the thing (CONTAINER_OF), and beside it a
 * thing costs 8 to 16 bytes. Hashed with the secret of base/map, unless
 * `is_counted` is set while it is empty: numbers that we count up ourselves,
 * and nobody can choose, are found for less, and neighbours lie side by side;
 * there are twice as many places then, so that few numbers share one.
 * One thread at a time.
 *
 * It never shrinks. A zeroed struct numbers is a valid empty one.
 */
struct numbers_node {
	uint64_t number; /* set before numbers_add */
	struct numbers_node *next;
};

struct numbers {
	struct numbers_node **heads;
	size_t cap; /* a power of two, or 0 */
	size_t count;
	bool is_counted;
};

void numbers_release(struct numbers *numbers);

/** The node, or NULL. */
struct numbers_node *numbers_get(
	const struct numbers *numbers, uint64_t number);

/** Its number must not be there. */
void numbers_add(struct numbers *numbers, struct numbers_node *node);

/** It must be there. */
void numbers_remove(struct numbers *numbers, struct numbers_node *node);

/**
 * Walks in no order: node = NULL; while ((node = numbers_next(numbers, node)))
 * …; what was given may only be removed when its successor has been asked for.
 */
struct numbers_node *numbers_next(
	const struct numbers *numbers, const struct numbers_node *node);
