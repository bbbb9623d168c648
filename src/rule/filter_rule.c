#include "rule/filter_rule.h"

#include <assert.h>

#include "base/mem.h"
#include "rule/filter_access.h"

enum { THINNED_EACH = 4 };

static struct filter_code *
code_of(const struct filter_rules *rules, uint32_t rule)
{
	return atomic_load_explicit(
		&filter_rule_at(rules, rule)->code, memory_order_relaxed);
}

static uint64_t
rule_hash(const void *owner, uint32_t rule)
{
	return code_of(owner, rule)->hash;
}

void
filter_rules_init(struct filter_rules *rules,
	struct filter_predicates *predicates, struct epoch *epoch)
{
	rules->predicates = predicates;
	rules->epoch = epoch;
	chunks_init(&rules->all, sizeof(struct filter_rule));
	filter_table_init(&rules->table, epoch, rule_hash, rules);
}

void
filter_rules_release(struct filter_rules *rules)
{
	uint32_t count = chunks_count(&rules->all);

	for (uint32_t i = 0; i < count; i++) {
		mem_free(code_of(rules, i));
		filter_list_release(&filter_rule_at(rules, i)->ids);
	}
	filter_list_release(&rules->scanned);
	filter_table_release(&rules->table);
	chunks_release(&rules->all);
	arena_release(&rules->scratch);
}

/* ---- postings ---- */

static _Atomic uint64_t *
posting_of(struct filter_rules *rules, uint32_t predicate)
{
	return &filter_predicate_at(rules->predicates, predicate)->posting;
}

static void
leave(struct filter_rules *rules, uint32_t rule, uint32_t predicate)
{
	filter_list_remove(posting_of(rules, predicate), (uint64_t)rule << 32,
		32, rules->epoch);
	filter_predicates_unref(rules->predicates, predicate);
}

/** Puts the rule where its access predicates lead; the largest posting. */
static uint32_t
enter(struct filter_rules *rules, uint32_t rule)
{
	const struct filter_code *code = code_of(rules, rule);
	uint32_t fullest = FILTER_TABLE_END, most = 0;

	for (uint32_t i = 0; i < code->access_count; i++) {
		uint32_t predicate = code->words[code->count + i];
		uint32_t guard = filter_access_guard(
			rules->predicates, code->words, code->count, predicate);
		uint32_t count = filter_list_add(posting_of(rules, predicate),
			(uint64_t)rule << 32 | guard, rules->epoch);

		filter_access_announce(rules->predicates, predicate);
		if (count > most) {
			most = count;
			fullest = predicate;
		}
	}
	return most >= FILTER_POSTING_MAX ? fullest : FILTER_TABLE_END;
}

static void
scan(struct filter_rules *rules, uint32_t rule, bool is_scanned)
{
	if (is_scanned) {
		filter_list_add(&rules->scanned,
			(uint64_t)rule << 32 | FILTER_GUARD_NONE, rules->epoch);
		rules->scanned_count++;
	} else {
		filter_list_remove(&rules->scanned, (uint64_t)rule << 32, 32,
			rules->epoch);
		rules->scanned_count--;
	}
}

/* ---- code ---- */

static struct filter_code *
make_code(const uint32_t *words, uint32_t count, uint64_t hash,
	const struct filter_access *access)
{
	struct filter_code *code =
		mem_alloc(sizeof(*code) +
			  ((size_t)count + access->count) * sizeof(*words));

	code->hash = hash;
	code->count = count;
	code->access_count = access->count;
	if (count)
		memcpy(code->words, words, count * sizeof(*words));
	if (access->count)
		memcpy(code->words + count, access->predicates,
			access->count * sizeof(*words));
	return code;
}

static void
leave_later(void *owner, uint64_t thing)
{
	leave(owner, (uint32_t)(thing >> 32), (uint32_t)thing);
}

/**
 * Chooses access predicates anew. Readers find the rule at its old place
 * until those that may have passed the new one have left.
 */
static void
move(struct filter_rules *rules, uint32_t rule, struct arena *arena)
{
	struct filter_code *old = code_of(rules, rule);
	struct filter_access access = filter_access_choose(
		rules->predicates, old->words, old->count, arena);

	if (access.count == old->access_count &&
		!memcmp(access.predicates, old->words + old->count,
			access.count * sizeof(*access.predicates))) {
		filter_access_drop(rules->predicates, &access);
		return;
	}
	atomic_store_explicit(&filter_rule_at(rules, rule)->code,
		make_code(old->words, old->count, old->hash, &access),
		memory_order_release);
	enter(rules, rule);
	for (uint32_t i = 0; i < old->access_count; i++)
		epoch_retire(rules->epoch, leave_later, rules,
			(uint64_t)rule << 32 | old->words[old->count + i]);
	epoch_retire_memory(rules->epoch, old);
}

/**
 * A predicate leads to many rules: perhaps others lead to fewer by now. One of
 * them is looked at for each few that are added, in turn, so that no change
 * takes long.
 */
static void
thin_out(struct filter_rules *rules, uint32_t predicate, struct arena *arena)
{
	struct filter_list_view view;
	uint64_t item;

	if (rules->crowded++ % THINNED_EACH)
		return;
	filter_list_look(posting_of(rules, predicate), &view);
	item = filter_list_item(
		&view, rules->crowded / THINNED_EACH % view.count);
	if (item != FILTER_LIST_GONE)
		move(rules, (uint32_t)(item >> 32), arena);
}

/* ---- rules ---- */

static uint32_t
find(struct filter_rules *rules, const struct filter_words *words,
	uint64_t hash)
{
	struct filter_probe probe = filter_table_probe(&rules->table, hash);
	uint32_t rule;

	while ((rule = filter_table_next(&probe)) != FILTER_TABLE_END) {
		const struct filter_code *code = code_of(rules, rule);

		if (code->hash == hash && code->count == words->count &&
			!memcmp(code->words, words->words,
				words->count * sizeof(*words->words)))
			break;
	}
	return rule;
}

static uint32_t
add(struct filter_rules *rules, const struct filter_words *words, uint64_t hash,
	struct arena *arena)
{
	uint32_t rule = chunks_take(&rules->all);
	struct filter_access access = filter_access_choose(
		rules->predicates, words->words, words->count, arena);
	uint32_t crowded;

	atomic_store_explicit(&filter_rule_at(rules, rule)->code,
		make_code(words->words, words->count, hash, &access),
		memory_order_release);
	filter_table_add(&rules->table, hash, rule);
	rules->live++;
	if (access.count == 0)
		scan(rules, rule, true);
	crowded = enter(rules, rule);
	if (crowded != FILTER_TABLE_END)
		thin_out(rules, crowded, arena);
	return rule;
}

uint32_t
filter_rules_get(struct filter_rules *rules, const struct filter *filter)
{
	struct filter_words words;
	uint64_t hash;
	uint32_t rule;

	arena_reset(&rules->scratch);
	words = filter_lower(rules->predicates, filter, &rules->scratch);
	/* What never matches is an empty disjunction: a leaf of its own. */
	if (words.is_never) {
		words.words[0] = FILTER_WORD_JUNCTION | FILTER_WORD_OR;
		words.count = 1;
	}
	hash = filter_key_hash(rules->predicates->seed,
		str_make((const char *)words.words,
			words.count * sizeof(*words.words)));
	rule = find(rules, &words, hash);
	if (rule == FILTER_TABLE_END)
		rule = add(rules, &words, hash, &rules->scratch);
	else
		filter_words_unref(rules->predicates, words.words, words.count);
	return rule;
}

void
filter_rules_join(struct filter_rules *rules, uint32_t rule, uint32_t id)
{
	filter_list_add(&filter_rule_at(rules, rule)->ids, id, rules->epoch);
}

static void
give(void *owner, uint64_t rule)
{
	struct filter_rules *rules = owner;

	mem_free(code_of(rules, (uint32_t)rule));
	atomic_store_explicit(&filter_rule_at(rules, (uint32_t)rule)->code,
		NULL, memory_order_relaxed);
	chunks_give(&rules->all, (uint32_t)rule);
}

void
filter_rules_remove(struct filter_rules *rules, uint32_t rule, uint32_t id)
{
	const struct filter_code *code = code_of(rules, rule);

	if (filter_list_remove(
		    &filter_rule_at(rules, rule)->ids, id, 0, rules->epoch))
		return;
	filter_table_replace(&rules->table, code->hash, rule, FILTER_TABLE_END);
	rules->live--;
	if (code->access_count == 0)
		scan(rules, rule, false);
	for (uint32_t i = 0; i < code->access_count; i++)
		leave(rules, rule, code->words[code->count + i]);
	filter_words_unref(rules->predicates, code->words, code->count);
	epoch_retire(rules->epoch, give, rules, rule);
}
