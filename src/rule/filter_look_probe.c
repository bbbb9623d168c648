/* From the values of an event to the predicates that are true of it. */
#include "rule/filter_look.h"
#include "rule/filter_range.h"

static void
lookup(struct filter_look *look, uint64_t hash, uint32_t slot,
	enum filter_family family, const struct filter_scalar *scalar)
{
	const struct filter_predicates *predicates = look->predicates;
	struct filter_probe probe =
		filter_table_probe(&predicates->table, hash);
	uint32_t head;

	while ((head = filter_table_next(&probe)) != FILTER_TABLE_END) {
		uint32_t next = head + 1;

		while (next) {
			const struct filter_predicate *predicate =
				filter_predicate_at(predicates, next - 1);

			if (predicate->hash != hash)
				break;
			if (filter_predicate_is(predicate, slot, family,
				    scalar->tag, scalar->bytes))
				filter_look_found(look, next - 1);
			next = atomic_load_explicit(
				&predicate->next, memory_order_acquire);
		}
	}
}

/** Whether the needle is there; of a part, its window is at `at`. */
static bool
has_needle(const struct filter_predicate *predicate, struct str text, size_t at)
{
	struct str needle =
		str_make(predicate->key->bytes, predicate->key->len);
	size_t len = needle.len < FILTER_WINDOW ? needle.len : FILTER_WINDOW;
	size_t place;

	if (predicate->family == FILTER_FAMILY_HEAD)
		return str_starts_with(text, needle);
	if (predicate->family == FILTER_FAMILY_TAIL)
		return str_ends_with(text, needle);
	place = filter_window_place(predicate->window, needle.len - len + 1);
	return place <= at &&
	       str_starts_with(str_skip(text, at - place), needle);
}

/** All needles that are found by this hash, of what is at `at`. */
static void
lookup_needles(struct filter_look *look, uint64_t hash, uint32_t slot,
	enum filter_family family, struct str text, size_t at)
{
	const struct filter_predicates *predicates = look->predicates;
	struct filter_probe probe =
		filter_table_probe(&predicates->table, hash);
	uint32_t head;

	while ((head = filter_table_next(&probe)) != FILTER_TABLE_END) {
		uint32_t next = head + 1;

		while (next) {
			const struct filter_predicate *predicate =
				filter_predicate_at(predicates, next - 1);

			if (predicate->hash != hash)
				break;
			if (predicate->slot == slot &&
				predicate->family == family &&
				has_needle(predicate, text, at))
				filter_look_found(look, next - 1);
			next = atomic_load_explicit(
				&predicate->next, memory_order_acquire);
		}
	}
}

/** The classes of one word of bits. */
static void
probe_classes(struct filter_look *look, uint32_t slot,
	enum filter_family family, unsigned first, uint64_t classes,
	struct str text)
{
	while (classes) {
		unsigned class = first + (unsigned)__builtin_ctzll(classes);
		size_t len = filter_class_length(class);
		struct str part = family == FILTER_FAMILY_HEAD
					  ? str_head(text, len)
					  : str_skip(text, text.len - len);
		uint64_t seed = filter_predicate_seed(
			look->predicates->seed, slot, family, (char)class);

		if (len > text.len)
			return; /* classes ascend */
		lookup_needles(look, filter_key_hash(seed, part), slot, family,
			text, 0);
		classes &= classes - 1;
	}
}

static void
probe_ends(struct filter_look *look, uint32_t slot, enum filter_family family,
	const _Atomic uint64_t *classes, struct str text)
{
	for (unsigned i = 0; i < FILTER_CLASS_WORDS; i++)
		probe_classes(look, slot, family, i * 64,
			atomic_load_explicit(&classes[i], memory_order_relaxed),
			text);
}

/** Slides a window of `len` bytes over the text. */
static void
probe_windows(
	struct filter_look *look, uint32_t slot, size_t len, struct str text)
{
	uint64_t seed = filter_predicate_seed(
		look->predicates->seed, slot, FILTER_FAMILY_PART, (char)len);
	uint64_t mask =
		len == 8 ? ~UINT64_C(0) : (UINT64_C(1) << (len * 8)) - 1;

	for (size_t i = 0; i + len <= text.len; i++) {
		uint64_t word = i + 8 <= text.len
					? filter_key_load8(text.ptr + i) & mask
					: filter_key_word(text.ptr + i, len);
		uint64_t hash = filter_key_window(seed, word);

		if (filter_bloom_has(look->bloom, hash))
			lookup_needles(
				look, hash, slot, FILTER_FAMILY_PART, text, i);
	}
}

static void
probe_text(struct filter_look *look, uint32_t number,
	const struct filter_slot *slot, struct str text)
{
	unsigned windows =
		atomic_load_explicit(&slot->windows, memory_order_relaxed);

	probe_ends(look, number, FILTER_FAMILY_HEAD, slot->heads, text);
	probe_ends(look, number, FILTER_FAMILY_TAIL, slot->tails, text);
	for (; windows; windows &= windows - 1)
		probe_windows(
			look, number, (size_t)__builtin_ctz(windows) + 1, text);
}

/* Hashes first, then lookups: their cache misses overlap. */
enum { BATCH = 32 };

struct pending {
	uint32_t slot;
	uint64_t hash;
	struct filter_scalar scalar;
};

static void
finish(struct filter_look *look, struct pending *pending, size_t *count)
{
	for (size_t i = 0; i < *count; i++) {
		struct filter_scalar *scalar = &pending[i].scalar;

		lookup(look, pending[i].hash, pending[i].slot,
			FILTER_FAMILY_EQUAL, scalar);
	}
	*count = 0;
}

static void
prepare(struct filter_look *look, uint32_t number,
	const struct filter_value *value, struct pending *pending)
{
	uint64_t seed;

	pending->slot = number;
	filter_scalar_set(&pending->scalar, value);
	seed = filter_predicate_seed(look->predicates->seed, number,
		FILTER_FAMILY_EQUAL, pending->scalar.tag);
	pending->hash = filter_key_hash(seed, pending->scalar.bytes);
	filter_table_prefetch(&look->predicates->table, pending->hash);
}

static bool
is_keyed(const struct filter_value *value)
{
	return value->kind == FILTER_VALUE_BOOLEAN ||
	       value->kind == FILTER_VALUE_NUMBER ||
	       value->kind == FILTER_VALUE_STRING;
}

static void
probe_value(struct filter_look *look, uint32_t number, struct pending *pending,
	size_t *count)
{
	const struct filter_slot *slot =
		filter_slot_at(look->predicates->slots, number);
	const struct filter_value *value = filter_look_value(look, number);

	if (atomic_load_explicit(&slot->has_equal, memory_order_relaxed) &&
		is_keyed(value)) {
		prepare(look, number, value, &pending[(*count)++]);
		if (pending[*count - 1].scalar.tag == 0)
			--*count;
	}
	if (value->kind == FILTER_VALUE_STRING)
		probe_text(look, number, slot, value->text);
	if (atomic_load_explicit(&slot->is_walked, memory_order_relaxed))
		filter_look_walk(look, number);
	if (*count == BATCH)
		finish(look, pending, count);
}

/** The slot and those derived from it: of what is missing, nothing is true. */
static void
probe_slot(struct filter_look *look, uint32_t number, struct pending *pending,
	size_t *count)
{
	const struct filter_slots *slots = look->predicates->slots;
	uint32_t derived;

	probe_value(look, number, pending, count);
	derived = atomic_load_explicit(
		&filter_slot_at(slots, number)->derived, memory_order_acquire);
	while (derived) {
		probe_slot(look, derived, pending, count);
		derived = atomic_load_explicit(
			&filter_slot_at(slots, derived)->next_derived,
			memory_order_acquire);
	}
}

/** Pairs of which one half leads to too many rules on its own. */
static void
probe_pairs(struct filter_look *look)
{
	const struct filter_predicates *predicates = look->predicates;
	uint32_t count = look->found_count;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t first = look->found[i];

		if (!atomic_load_explicit(
			    &filter_predicate_at(predicates, first)->is_split,
			    memory_order_acquire))
			continue;
		for (uint32_t k = 0; k < count; k++) {
			uint32_t key[2] = {first, look->found[k]};
			struct filter_scalar scalar = {
				.bytes = {(const char *)key, sizeof(key)}};
			uint64_t hash = filter_key_hash(
				filter_predicate_seed(predicates->seed,
					FILTER_SLOT_NOTHING, FILTER_FAMILY_PAIR,
					0),
				scalar.bytes);

			lookup(look, hash, FILTER_SLOT_NOTHING,
				FILTER_FAMILY_PAIR, &scalar);
		}
	}
}

/* ---- comparisons by order ---- */

static void
found_range(void *owner, uint32_t predicate)
{
	filter_look_found(owner, predicate);
}

static void
probe_ranges(struct filter_look *look, uint32_t number)
{
	const struct filter_slots *slots = look->predicates->slots;
	const struct filter_slot *slot = filter_slot_at(slots, number);
	const struct filter_ranges *ranges =
		atomic_load_explicit(&slot->ranges, memory_order_acquire);
	uint32_t derived =
		atomic_load_explicit(&slot->derived, memory_order_acquire);

	if (ranges)
		filter_ranges_look(ranges, filter_look_value(look, number),
			found_range, look);
	while (derived) {
		probe_ranges(look, derived);
		derived = atomic_load_explicit(
			&filter_slot_at(slots, derived)->next_derived,
			memory_order_acquire);
	}
}

/** Behind the pairs, of which they are no part, for they may be many. */
static void
probe_all_ranges(struct filter_look *look)
{
	if (!atomic_load_explicit(
		    &look->predicates->slots->has_ranges, memory_order_acquire))
		return;
	probe_ranges(look, FILTER_SLOT_TYPE);
	probe_ranges(look, FILTER_SLOT_OPERATION);
	for (uint32_t i = 0; i < look->present_count; i++)
		probe_ranges(look, look->present[i]);
}

void
filter_look_probe(struct filter_look *look)
{
	struct pending pending[BATCH];
	size_t count = 0;

	probe_slot(look, FILTER_SLOT_TYPE, pending, &count);
	probe_slot(look, FILTER_SLOT_OPERATION, pending, &count);
	for (uint32_t i = 0; i < look->present_count; i++)
		probe_slot(look, look->present[i], pending, &count);
	finish(look, pending, &count);
	probe_pairs(look);
	probe_all_ranges(look);
}
