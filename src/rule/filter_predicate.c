#include "rule/filter_predicate.h"

#include "base/mem.h"
#include "rule/filter_bloom.h"
#include "rule/filter_list.h"
#include "rule/filter_opaque.h"
#include "rule/filter_range.h"

static uint64_t
predicate_hash(const void *owner, uint32_t number)
{
	const struct filter_predicates *predicates = owner;

	return filter_predicate_at(predicates, number)->hash;
}

void
filter_predicates_init(struct filter_predicates *predicates,
	struct epoch *epoch, struct filter_slots *slots, uint64_t seed)
{
	predicates->seed = seed;
	predicates->epoch = epoch;
	predicates->slots = slots;
	chunks_init(&predicates->all, sizeof(struct filter_predicate));
	filter_table_init(
		&predicates->table, epoch, predicate_hash, predicates);
	atomic_init(&predicates->bloom, filter_bloom_new(predicates));
}

static void
free_content(struct filter_predicate *predicate)
{
	mem_free((void *)(uintptr_t)predicate->key);
	if (predicate->family == FILTER_FAMILY_OPAQUE)
		filter_opaque_free(predicate->more.filter);
	if (predicate->family == FILTER_FAMILY_ORDER ||
		predicate->family == FILTER_FAMILY_EQUAL_OTHER)
		mem_free((void *)(uintptr_t)predicate->more.literal);
	predicate->key = NULL;
}

void
filter_predicates_release(struct filter_predicates *predicates)
{
	uint32_t count = chunks_count(&predicates->all);

	for (uint32_t i = 0; i < count; i++) {
		struct filter_predicate *predicate =
			filter_predicate_at(predicates, i);

		filter_list_release(&predicate->posting);
		if (predicate->key)
			free_content(predicate);
	}
	filter_table_release(&predicates->table);
	chunks_release(&predicates->all);
	mem_free(atomic_load(&predicates->bloom));
}

/* ---- by what a predicate is found ---- */

static uint32_t
chain_find(
	struct filter_predicates *predicates, uint64_t hash, uint32_t *ret_head)
{
	struct filter_probe probe =
		filter_table_probe(&predicates->table, hash);
	uint32_t head;

	while ((head = filter_table_next(&probe)) != FILTER_TABLE_END) {
		if (filter_predicate_at(predicates, head)->hash == hash)
			break;
	}
	*ret_head = head;
	return head;
}

/** Looks for the predicate among those of the hash; counts them. */
static uint32_t
find(struct filter_predicates *predicates, uint64_t hash,
	const struct filter_wanted *wanted, uint32_t *ret_count)
{
	uint32_t at;

	*ret_count = 0;
	if (chain_find(predicates, hash, &at) == FILTER_TABLE_END)
		return FILTER_TABLE_END;
	for (;;) {
		const struct filter_predicate *predicate =
			filter_predicate_at(predicates, at);

		++*ret_count;
		if (filter_predicate_is(predicate, wanted->slot, wanted->family,
			    wanted->tag, wanted->key))
			return at;
		at = atomic_load_explicit(
			&predicate->next, memory_order_relaxed);
		if (at-- == 0)
			return FILTER_TABLE_END;
	}
}

/**
 * A part of at most 8 bytes of the needle: the one that the fewest other
 * needles are found by. Returns the predicate if it exists.
 */
static uint32_t
find_part(struct filter_predicates *predicates,
	const struct filter_wanted *wanted, uint64_t *ret_hash,
	uint8_t *ret_window)
{
	size_t len = wanted->key.len < FILTER_WINDOW ? wanted->key.len
						     : FILTER_WINDOW;
	uint64_t seed = filter_predicate_seed(
		predicates->seed, wanted->slot, FILTER_FAMILY_PART, (char)len);
	uint32_t fewest = UINT32_MAX;
	size_t count = wanted->key.len - len + 1;

	for (size_t i = 0; i < count && i < FILTER_WINDOWS_MAX; i++) {
		uint64_t hash = filter_key_window(seed,
			filter_key_word(
				wanted->key.ptr + filter_window_place(i, count),
				len));
		uint32_t others;
		uint32_t found = find(predicates, hash, wanted, &others);

		if (found != FILTER_TABLE_END)
			return found;
		if (others < fewest) {
			fewest = others;
			*ret_hash = hash;
			*ret_window = (uint8_t)i;
		}
	}
	return FILTER_TABLE_END;
}

static uint64_t
found_by(const struct filter_predicates *predicates,
	const struct filter_wanted *wanted)
{
	struct str key = wanted->key;
	size_t len = filter_class_length(filter_length_class(key.len));
	char tag = wanted->tag;

	if (wanted->family == FILTER_FAMILY_ELEMENT)
		return wanted->hash;
	if (wanted->family == FILTER_FAMILY_HEAD) {
		key = str_head(key, len);
		tag = (char)filter_length_class(wanted->key.len);
	}
	if (wanted->family == FILTER_FAMILY_TAIL) {
		key = str_skip(key, key.len - len);
		tag = (char)filter_length_class(wanted->key.len);
	}
	return filter_key_hash(filter_predicate_seed(predicates->seed,
				       wanted->slot, wanted->family, tag),
		key);
}

/** Whether the part may look at an attribute of the envelope. */
static void
count_bare(struct filter_predicates *predicates, uint32_t number, uint32_t more)
{
	const struct filter_predicate *predicate =
		filter_predicate_at(predicates, number);

	if (filter_opaque_is_bare(predicate->more.filter))
		atomic_fetch_add_explicit(
			&predicates->bare_opaque, more, memory_order_release);
}

static void
add_class(_Atomic uint64_t *words, unsigned class)
{
	atomic_fetch_or_explicit(&words[class / 64],
		UINT64_C(1) << (class % 64), memory_order_relaxed);
}

static void
clear_classes(_Atomic uint64_t *words)
{
	for (size_t i = 0; i < FILTER_CLASS_WORDS; i++)
		atomic_store_explicit(&words[i], 0, memory_order_relaxed);
}

/** Tells the slot what its values have to be probed with from now on. */
static void
announce(struct filter_predicates *predicates,
	const struct filter_wanted *wanted, uint32_t number)
{
	struct filter_slot *slot =
		filter_slot_at(predicates->slots, wanted->slot);
	size_t len = wanted->key.len;

	if (wanted->family < COUNT_OF(slot->counts))
		slot->counts[wanted->family]++;
	if (wanted->family == FILTER_FAMILY_OPAQUE)
		count_bare(predicates, number, 1);
	if (wanted->family == FILTER_FAMILY_ELEMENT ||
		wanted->family == FILTER_FAMILY_PART)
		filter_bloom_add(predicates, number);
	if (wanted->family == FILTER_FAMILY_EQUAL)
		atomic_store_explicit(
			&slot->has_equal, 1, memory_order_relaxed);
	if (wanted->family == FILTER_FAMILY_HEAD)
		add_class(slot->heads, filter_length_class(len));
	if (wanted->family == FILTER_FAMILY_TAIL)
		add_class(slot->tails, filter_length_class(len));
	if (wanted->family != FILTER_FAMILY_PART)
		return;
	if (len > FILTER_WINDOW)
		len = FILTER_WINDOW;
	atomic_fetch_or_explicit(&slot->windows, (uint8_t)(1U << (len - 1)),
		memory_order_relaxed);
}

/* ---- making and releasing ---- */

static struct filter_value *
copy_literal(const struct filter_value *literal)
{
	struct filter_value *copy =
		mem_alloc(sizeof(*copy) + literal->text.len);
	char *bytes = (char *)(copy + 1);

	*copy = *literal;
	if (literal->text.len == 0)
		return copy;
	memcpy(bytes, literal->text.ptr, literal->text.len);
	copy->text.ptr = bytes;
	/* A fraction points into its literal's text. */
	if (literal->kind == FILTER_VALUE_TIMESTAMP &&
		literal->as.instant.fraction.len)
		copy->as.instant.fraction.ptr =
			bytes +
			(literal->as.instant.fraction.ptr - literal->text.ptr);
	return copy;
}

static void
fill(struct filter_predicate *predicate, const struct filter_wanted *wanted,
	uint64_t hash)
{
	struct filter_bytes *key = mem_alloc(sizeof(*key) + wanted->key.len);

	key->len = (uint32_t)wanted->key.len;
	if (key->len)
		memcpy(key->bytes, wanted->key.ptr, key->len);
	predicate->key = key;
	predicate->hash = hash;
	predicate->slot = wanted->slot;
	predicate->family = (uint8_t)wanted->family;
	predicate->tag = wanted->tag;
	if (wanted->literal)
		predicate->more.literal = copy_literal(wanted->literal);
	if (wanted->shape)
		(predicate->more.shape = wanted->shape)->refs++;
	if (wanted->source)
		predicate->more.filter =
			filter_opaque_new(wanted->source, wanted->node);
}

static uint32_t
add(struct filter_predicates *predicates, const struct filter_wanted *wanted,
	uint64_t hash, uint8_t window)
{
	uint32_t number = chunks_take(&predicates->all);
	struct filter_predicate *predicate =
		filter_predicate_at(predicates, number);
	uint32_t head;

	fill(predicate, wanted, hash);
	if (wanted->family == FILTER_FAMILY_PART)
		predicate->window = window;
	filter_slots_ref(predicates->slots, wanted->slot);
	predicates->live++;
	if (chain_find(predicates, hash, &head) == FILTER_TABLE_END) {
		filter_table_add(&predicates->table, hash, number);
	} else {
		_Atomic uint32_t *next =
			&filter_predicate_at(predicates, head)->next;

		atomic_store_explicit(&predicate->next,
			atomic_load_explicit(next, memory_order_relaxed),
			memory_order_relaxed);
		atomic_store_explicit(next, number + 1, memory_order_release);
	}
	announce(predicates, wanted, number);
	return number;
}

uint32_t
filter_predicates_get(struct filter_predicates *predicates,
	const struct filter_wanted *wanted)
{
	uint64_t hash = 0;
	uint32_t count, number;
	uint8_t window = 0;

	if (wanted->family == FILTER_FAMILY_PART) {
		number = find_part(predicates, wanted, &hash, &window);
	} else {
		hash = found_by(predicates, wanted);
		number = find(predicates, hash, wanted, &count);
	}
	if (number == FILTER_TABLE_END)
		number = add(predicates, wanted, hash, window);
	filter_predicates_ref(predicates, number);
	return number;
}

void
filter_predicates_ref(struct filter_predicates *predicates, uint32_t number)
{
	filter_predicate_at(predicates, number)->refs++;
}

static void
end(void *owner, uint64_t number)
{
	struct filter_predicates *predicates = owner;
	struct filter_predicate *predicate =
		filter_predicate_at(predicates, (uint32_t)number);

	if (predicate->family == FILTER_FAMILY_ELEMENT)
		filter_slots_shape_unref(
			predicates->slots, predicate->more.shape);
	filter_slots_unref(predicates->slots, predicate->slot);
	free_content(predicate);
	chunks_give(&predicates->all, (uint32_t)number);
}

/** Out of the table, or out of the chain behind the head. */
static void
take_out(struct filter_predicates *predicates, uint32_t number)
{
	struct filter_predicate *predicate =
		filter_predicate_at(predicates, number);
	uint32_t next =
		atomic_load_explicit(&predicate->next, memory_order_relaxed);
	uint32_t at;

	if (chain_find(predicates, predicate->hash, &at) == number) {
		filter_table_replace(&predicates->table, predicate->hash,
			number, next ? next - 1 : FILTER_TABLE_END);
		return;
	}
	for (;;) {
		_Atomic uint32_t *link =
			&filter_predicate_at(predicates, at)->next;

		at = atomic_load_explicit(link, memory_order_relaxed) - 1;
		if (at == number) {
			atomic_store_explicit(link, next, memory_order_release);
			return;
		}
	}
}

static struct filter_bound
bound_of(const struct filter_predicate *predicate, uint32_t number)
{
	return (struct filter_bound){
		.literal = predicate->more.literal,
		.predicate = number,
		.op = (uint8_t)filter_predicate_operator(predicate),
	};
}

void
filter_predicates_range(struct filter_predicates *predicates, uint32_t number)
{
	struct filter_predicate *predicate =
		filter_predicate_at(predicates, number);
	struct filter_slot *slot =
		filter_slot_at(predicates->slots, predicate->slot);
	struct filter_bound bound = bound_of(predicate, number);

	if (predicate->is_ranged)
		return;
	if (slot->ranges == NULL)
		atomic_store_explicit(&slot->ranges, filter_ranges_new(),
			memory_order_release);
	filter_ranges_add(slot->ranges, &bound, predicate->hash >> 8);
	atomic_store_explicit(
		&predicates->slots->has_ranges, true, memory_order_release);
	predicate->is_ranged = true;
}

/** What nothing is found by any more need not be tried. */
static void
forget(struct filter_slot *slot, enum filter_family family)
{
	if (--slot->counts[family])
		return;
	if (family == FILTER_FAMILY_EQUAL)
		atomic_store_explicit(
			&slot->has_equal, 0, memory_order_relaxed);
	if (family == FILTER_FAMILY_HEAD)
		clear_classes(slot->heads);
	if (family == FILTER_FAMILY_TAIL)
		clear_classes(slot->tails);
	if (family == FILTER_FAMILY_PART)
		atomic_store_explicit(&slot->windows, 0, memory_order_relaxed);
}

void
filter_predicates_unref(struct filter_predicates *predicates, uint32_t number)
{
	struct filter_predicate *predicate =
		filter_predicate_at(predicates, number);
	struct filter_slot *slot =
		filter_slot_at(predicates->slots, predicate->slot);
	struct filter_bound bound;

	if (--predicate->refs)
		return;
	take_out(predicates, number);
	if (predicate->family < FILTER_SLOT_KEYS)
		forget(slot, (enum filter_family)predicate->family);
	if (predicate->family == FILTER_FAMILY_OPAQUE)
		count_bare(predicates, number, -1U);
	if (predicate->family == FILTER_FAMILY_ORDER && predicate->is_ranged) {
		bound = bound_of(predicate, number);
		filter_ranges_remove(slot->ranges, &bound, predicates->epoch);
	}
	predicates->live--;
	epoch_retire(predicates->epoch, end, predicates, number);
}
