#include "rule/filter_access.h"

#include "rule/filter_range.h"
#include "rule/filter_rule.h"

static const float never_cheap = 1e9F;

/** How many of its slot's events a predicate is true for, by a guess. */
static float
rate(const struct filter_predicates *predicates, uint32_t number)
{
	const struct filter_predicate *predicate =
		filter_predicate_at(predicates, number);
	const struct filter_slot *slot =
		filter_slot_at(predicates->slots, predicate->slot);
	/* Texts overlap: one value may start with many of them. */
	static const float weights[] = {
		[FILTER_FAMILY_EQUAL] = 1,
		[FILTER_FAMILY_HEAD] = 2,
		[FILTER_FAMILY_TAIL] = 2,
		[FILTER_FAMILY_PART] = 4,
	};

	if (predicate->family == FILTER_FAMILY_ELEMENT)
		return 0.05F;
	if (predicate->family == FILTER_FAMILY_ORDER)
		return 0.5F;
	if (slot->root == FILTER_SLOT_ENVELOPE)
		return 0.6F;
	if (predicate->tag == 'b')
		return slot->root == FILTER_SLOT_CHANGED ? 0.4F : 0.7F;
	return weights[predicate->family] /
	       (2 + (float)slot->counts[predicate->family]);
}

static uint32_t
crowd(const struct filter_predicates *predicates, uint32_t number)
{
	struct filter_list_view view;

	filter_list_look(
		&filter_predicate_at(predicates, number)->posting, &view);
	return view.count;
}

/** Events that lead to it in vain, times the rules they then have to pass. */
static float
cost(const struct filter_predicates *predicates, uint32_t number)
{
	return rate(predicates, number) *
	       (1 + (float)crowd(predicates, number) / 16);
}

static bool
is_findable(const struct filter_predicates *predicates, uint32_t word)
{
	const struct filter_predicate *predicate =
		filter_predicate_at(predicates, filter_word_predicate(word));

	if (word & FILTER_WORD_NEGATED)
		return false;
	if (!(word & FILTER_WORD_LAZY) ||
		predicate->family == FILTER_FAMILY_ELEMENT)
		return true;
	return predicate->family == FILTER_FAMILY_ORDER &&
	       filter_ranges_take(predicate->more.literal);
}

/* ---- the cheapest set ---- */

static uint32_t
step(uint32_t word)
{
	return 1 + (word & FILTER_WORD_JUNCTION ? word & FILTER_WORD_LEN : 0);
}

static float cost_of(const struct filter_predicates *predicates,
	const uint32_t *words, uint32_t count, bool is_or);

static float
cost_of_word(const struct filter_predicates *predicates, const uint32_t *word)
{
	if (*word & FILTER_WORD_JUNCTION)
		return cost_of(predicates, word + 1, *word & FILTER_WORD_LEN,
			*word & FILTER_WORD_OR);
	if (!is_findable(predicates, *word))
		return never_cheap;
	return cost(predicates, filter_word_predicate(*word));
}

/** `and`: its cheapest child; `or`: all children. */
static float
cost_of(const struct filter_predicates *predicates, const uint32_t *words,
	uint32_t count, bool is_or)
{
	float total = is_or ? 0 : never_cheap;

	for (uint32_t i = 0; i < count; i += step(words[i])) {
		float child = cost_of_word(predicates, &words[i]);

		if (is_or)
			total += child;
		else if (child < total)
			total = child;
	}
	return total;
}

static void
push(struct filter_access *access, struct arena *arena, uint32_t predicate)
{
	/* Doubles at powers of two. */
	if ((access->count & (access->count - 1)) == 0) {
		size_t cap = access->count ? access->count * 2 : 1;
		uint32_t *grown = arena_alloc_raw(arena, cap * sizeof(*grown));

		if (access->count)
			memcpy(grown, access->predicates,
				access->count * sizeof(*grown));
		access->predicates = grown;
	}
	access->predicates[access->count++] = predicate;
}

/** A second leaf of the conjunction, to split a crowd by. */
static const uint32_t *
partner(const struct filter_predicates *predicates, const uint32_t *words,
	uint32_t count, uint32_t first)
{
	const uint32_t *best = NULL;
	float lowest = never_cheap;

	for (uint32_t i = 0; i < count; i += step(words[i])) {
		float child;

		if (words[i] & (FILTER_WORD_JUNCTION | FILTER_WORD_LAZY) ||
			words[i] == first || !is_findable(predicates, words[i]))
			continue;
		child = rate(predicates, filter_word_predicate(words[i]));
		if (child < lowest) {
			lowest = child;
			best = &words[i];
		}
	}
	return best;
}

/** The leaf, or with a second one if too many rules are found by it. */
static void
choose_leaf(struct filter_predicates *predicates, const uint32_t *words,
	uint32_t count, uint32_t leaf, struct filter_access *access,
	struct arena *arena)
{
	uint32_t number = filter_word_predicate(leaf);
	const uint32_t *second = NULL;
	uint32_t key[2] = {number, 0};
	struct filter_wanted pair = {
		.slot = FILTER_SLOT_NOTHING,
		.family = FILTER_FAMILY_PAIR,
		.key = {(const char *)key, sizeof(key)},
	};

	if (!(leaf & FILTER_WORD_LAZY) &&
		crowd(predicates, number) >= FILTER_POSTING_MAX)
		second = partner(predicates, words, count, leaf);
	if (second == NULL) {
		filter_predicates_ref(predicates, number);
		push(access, arena, number);
		return;
	}
	key[1] = filter_word_predicate(*second);
	push(access, arena, filter_predicates_get(predicates, &pair));
	atomic_store_explicit(
		&filter_predicate_at(predicates, number)->is_split, 1,
		memory_order_release);
}

static void choose(struct filter_predicates *predicates, const uint32_t *words,
	uint32_t count, struct filter_access *access, struct arena *arena);

/** All children of a disjunction. */
static void
choose_all(struct filter_predicates *predicates, const uint32_t *words,
	uint32_t count, struct filter_access *access, struct arena *arena)
{
	for (uint32_t i = 0; i < count; i += step(words[i])) {
		if (words[i] & FILTER_WORD_JUNCTION)
			choose(predicates, &words[i + 1],
				words[i] & FILTER_WORD_LEN, access, arena);
		else
			choose_leaf(predicates, &words[i], 1, words[i], access,
				arena);
	}
}

/** The cheapest child of a conjunction. */
static void
choose(struct filter_predicates *predicates, const uint32_t *words,
	uint32_t count, struct filter_access *access, struct arena *arena)
{
	const uint32_t *best = NULL;
	float lowest = never_cheap;

	for (uint32_t i = 0; i < count; i += step(words[i])) {
		float child = cost_of_word(predicates, &words[i]);

		if (child < lowest) {
			lowest = child;
			best = &words[i];
		}
	}
	if (best == NULL)
		return;
	if (*best & FILTER_WORD_JUNCTION)
		choose_all(predicates, best + 1, *best & FILTER_WORD_LEN,
			access, arena);
	else
		choose_leaf(predicates, words, count, *best, access, arena);
}

struct filter_access
filter_access_choose(struct filter_predicates *predicates,
	const uint32_t *words, uint32_t count, struct arena *arena)
{
	struct filter_access access = {0};

	choose(predicates, words, count, &access, arena);
	return access;
}

void
filter_access_drop(struct filter_predicates *predicates,
	const struct filter_access *access)
{
	for (uint32_t i = 0; i < access->count; i++)
		filter_predicates_unref(predicates, access->predicates[i]);
}

void
filter_access_announce(struct filter_predicates *predicates, uint32_t number)
{
	const struct filter_predicate *predicate =
		filter_predicate_at(predicates, number);

	if (predicate->family == FILTER_FAMILY_ORDER)
		filter_predicates_range(predicates, number);
	if (predicate->family == FILTER_FAMILY_ELEMENT)
		atomic_store_explicit(
			&filter_slot_at(predicates->slots, predicate->slot)
				 ->is_walked,
			1, memory_order_release);
}

uint32_t
filter_access_guard(const struct filter_predicates *predicates,
	const uint32_t *words, uint32_t count, uint32_t access)
{
	uint32_t guard = FILTER_GUARD_NONE;
	float lowest = 0.9F;

	for (uint32_t i = 0; i < count; i += step(words[i])) {
		uint32_t number = filter_word_predicate(words[i]);
		float share;

		if (words[i] & (FILTER_WORD_JUNCTION | FILTER_WORD_LAZY) ||
			number == access)
			continue;
		share = rate(predicates, number);
		if (words[i] & FILTER_WORD_NEGATED)
			share = 1 - share;
		if (share < lowest) {
			lowest = share;
			guard = words[i];
		}
	}
	return guard;
}
