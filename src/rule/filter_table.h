#pragma once
#include "base/epoch.h"
#include "base/str.h"

/*
 * A hash table from 64-bit hashes to numbers, part of the index of filters:
 * one writer, any number of readers that never wait. It keeps 32 bits of a
 * hash beside a number; whoever looks up checks the thing behind the number.
 * Split into shards, so that growing is a short affair.
 */
enum { FILTER_TABLE_SHARDS = 64 };
#define FILTER_TABLE_END UINT32_MAX

struct filter_cells {
	uint32_t mask;
	uint32_t used; /* writer: cells taken, removed ones included */
	uint32_t live; /* writer */
	_Atomic uint64_t cell[];
};

struct filter_table {
	_Atomic(struct filter_cells *) shards[FILTER_TABLE_SHARDS];
	struct epoch *epoch;
	uint64_t (*hash_of)(const void *owner, uint32_t number);
	const void *owner;
};

void filter_table_init(struct filter_table *table, struct epoch *epoch,
	uint64_t (*hash_of)(const void *owner, uint32_t number),
	const void *owner);
void filter_table_release(struct filter_table *table);

/** `number` < UINT32_MAX - 1. Writer. */
void filter_table_add(
	struct filter_table *table, uint64_t hash, uint32_t number);
/** Puts `other` in the place of `number`; FILTER_TABLE_END: removes. Writer. */
void filter_table_replace(struct filter_table *table, uint64_t hash,
	uint32_t number, uint32_t other);

/**
 * Walks the numbers that may have this hash:
 *   struct filter_probe probe = filter_table_probe(table, hash);
 *   while ((n = filter_table_next(&probe)) != FILTER_TABLE_END) …
 */
struct filter_probe {
	const struct filter_cells *cells;
	uint32_t at;
	uint32_t tag;
};

static inline uint32_t
filter_table_tag(uint64_t hash)
{
	return (uint32_t)(hash >> 26);
}

static inline struct filter_probe
filter_table_probe(const struct filter_table *table, uint64_t hash)
{
	const struct filter_cells *cells = atomic_load_explicit(
		&table->shards[hash >> 58], memory_order_acquire);

	return (struct filter_probe){
		cells, (uint32_t)hash & cells->mask, filter_table_tag(hash)};
}

static inline void
filter_table_prefetch(const struct filter_table *table, uint64_t hash)
{
	const struct filter_cells *cells = atomic_load_explicit(
		&table->shards[hash >> 58], memory_order_acquire);

	__builtin_prefetch((const void *)(uintptr_t)&cells
				   ->cell[(uint32_t)hash & cells->mask]);
}

static inline uint32_t
filter_table_next(struct filter_probe *probe)
{
	for (;;) {
		uint64_t cell = atomic_load_explicit(
			&probe->cells->cell[probe->at], memory_order_acquire);

		if (cell == 0)
			return FILTER_TABLE_END;
		probe->at = (probe->at + 1) & probe->cells->mask;
		if (cell >> 32 == probe->tag && (uint32_t)cell != UINT32_MAX)
			return (uint32_t)cell - 1;
	}
}
