#include "rule/filter_bloom.h"

#include "base/mem.h"

enum {
	BITS_EACH = 64, /* for a hash, when made; half when full */
	ROOM_MIN = 64,
	SHARE = 64, /* one in so many predicates there is always room for */
};

static bool
is_in(const struct filter_predicate *predicate)
{
	return predicate->refs && predicate->key &&
	       (predicate->family == FILTER_FAMILY_PART ||
		       predicate->family == FILTER_FAMILY_ELEMENT);
}

/** Of an element its first part, which the key has behind the shape. */
static uint64_t
hash_of(const struct filter_predicate *predicate)
{
	const char *at = predicate->key->bytes + sizeof(void *);
	struct filter_scalar first;
	uint32_t len;

	if (predicate->family == FILTER_FAMILY_PART)
		return predicate->hash;
	first.tag = *at++;
	memcpy(&len, at, sizeof(len));
	first.bytes = str_make(at + sizeof(len), len);
	return filter_scalar_hash(predicate->more.shape->seed, &first);
}

static void
set(struct filter_bloom *bloom, uint64_t hash)
{
	uint64_t bit = hash >> bloom->shift;

	atomic_fetch_or_explicit(&bloom->words[bit / 64],
		UINT64_C(1) << (bit % 64), memory_order_relaxed);
}

struct filter_bloom *
filter_bloom_new(const struct filter_predicates *predicates)
{
	uint32_t count = chunks_count(&predicates->all);
	uint32_t hashes = 0, room;
	struct filter_bloom *bloom;
	unsigned log = 6;

	for (uint32_t i = 0; i < count; i++)
		hashes += is_in(filter_predicate_at(predicates, i));
	room = hashes + count / SHARE + ROOM_MIN;
	while (UINT64_C(1) << log < (uint64_t)room * BITS_EACH)
		log++;
	bloom = mem_alloc(sizeof(*bloom) + (size_t)8 * (1 << (log - 6)));
	bloom->shift = 64 - log;
	bloom->room = room;
	for (uint32_t i = 0; i < count; i++) {
		const struct filter_predicate *predicate =
			filter_predicate_at(predicates, i);

		if (is_in(predicate))
			set(bloom, hash_of(predicate));
	}
	return bloom;
}

void
filter_bloom_add(struct filter_predicates *predicates, uint32_t number)
{
	struct filter_bloom *bloom =
		atomic_load_explicit(&predicates->bloom, memory_order_relaxed);

	if (bloom->room == 0) {
		epoch_retire_memory(predicates->epoch, bloom);
		bloom = filter_bloom_new(predicates);
		atomic_store_explicit(
			&predicates->bloom, bloom, memory_order_release);
	}
	bloom->room--;
	set(bloom, hash_of(filter_predicate_at(predicates, number)));
}
