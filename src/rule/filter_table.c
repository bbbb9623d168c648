#include "rule/filter_table.h"

#include <assert.h>

#include "base/mem.h"

/* A cell: 0 empty, else tag << 32 | number + 1; all ones below: removed. */
enum { FIRST_CELLS = 8 };

static struct filter_cells *
make_cells(uint32_t count)
{
	struct filter_cells *cells = mem_alloc(
		sizeof(*cells) + (size_t)count * sizeof(cells->cell[0]));

	cells->mask = count - 1;
	return cells;
}

void
filter_table_init(struct filter_table *table, struct epoch *epoch,
	uint64_t (*hash_of)(const void *owner, uint32_t number),
	const void *owner)
{
	*table = (struct filter_table){
		.epoch = epoch, .hash_of = hash_of, .owner = owner};
	for (size_t i = 0; i < FILTER_TABLE_SHARDS; i++)
		atomic_init(&table->shards[i], make_cells(FIRST_CELLS));
}

void
filter_table_release(struct filter_table *table)
{
	for (size_t i = 0; i < FILTER_TABLE_SHARDS; i++)
		mem_free(atomic_load(&table->shards[i]));
}

static void
put(struct filter_cells *cells, uint64_t hash, uint32_t number)
{
	uint32_t at = (uint32_t)hash & cells->mask;

	while (atomic_load_explicit(&cells->cell[at], memory_order_relaxed))
		at = (at + 1) & cells->mask;
	atomic_store_explicit(&cells->cell[at],
		(uint64_t)filter_table_tag(hash) << 32 | (number + 1),
		memory_order_release);
	cells->used++;
	cells->live++;
}

/** Room for one more: removed cells go, a full shard doubles. */
static void
rebuild(struct filter_table *table, size_t shard)
{
	struct filter_cells *old = atomic_load(&table->shards[shard]);
	uint32_t count = FIRST_CELLS;
	struct filter_cells *cells;

	while (count < (old->live + 1) * 2)
		count *= 2;
	cells = make_cells(count);
	for (uint32_t i = 0; i <= old->mask; i++) {
		uint32_t low = (uint32_t)atomic_load_explicit(
			&old->cell[i], memory_order_relaxed);

		if (low != 0 && low != UINT32_MAX)
			put(cells, table->hash_of(table->owner, low - 1),
				low - 1);
	}
	atomic_store_explicit(
		&table->shards[shard], cells, memory_order_release);
	epoch_retire_memory(table->epoch, old);
}

void
filter_table_add(struct filter_table *table, uint64_t hash, uint32_t number)
{
	struct filter_cells *cells = atomic_load_explicit(
		&table->shards[hash >> 58], memory_order_relaxed);

	assert(number < UINT32_MAX - 1);
	if ((uint64_t)cells->used * 3 >= (uint64_t)cells->mask * 2) {
		rebuild(table, hash >> 58);
		cells = atomic_load_explicit(
			&table->shards[hash >> 58], memory_order_relaxed);
	}
	put(cells, hash, number);
}

void
filter_table_replace(struct filter_table *table, uint64_t hash, uint32_t number,
	uint32_t other)
{
	struct filter_cells *cells = atomic_load_explicit(
		&table->shards[hash >> 58], memory_order_relaxed);
	uint64_t tag = (uint64_t)filter_table_tag(hash) << 32;
	uint32_t at = (uint32_t)hash & cells->mask;
	uint64_t cell;

	do {
		cell = atomic_load_explicit(
			&cells->cell[at], memory_order_relaxed);
		assert(cell != 0);
		if (cell == (tag | (number + 1)))
			break;
		at = (at + 1) & cells->mask;
	} while (true);
	if (other == FILTER_TABLE_END) {
		cells->live--;
		tag = 0;
		other = UINT32_MAX - 1;
	}
	atomic_store_explicit(
		&cells->cell[at], tag | (other + 1), memory_order_release);
}
