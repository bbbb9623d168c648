#include "rule/filter_index.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/random.h"
#include "rule/filter_look.h"
#include "rule/filter_rule.h"

/*
 * An id's record says which rule it is in and since which version, so that a
 * reader takes an id from a rule only if it was there when the reader began:
 *
 *   rule + 1 (0: none) << RULE_SHIFT | is_leaving << VERSION_BITS | version
 *
 * is_leaving: it is still in the list of its former rule, too, for the sake of
 * readers that began before.
 */
enum { VERSION_BITS = 37, RULE_SHIFT = 38 };
#define IS_LEAVING (UINT64_C(1) << VERSION_BITS)

struct filter_index {
	struct epoch epoch;
	struct filter_slots slots;
	struct filter_predicates predicates;
	struct filter_rules rules;
	struct chunks records;
	_Atomic uint64_t version;
	uint32_t filters;
};

struct filter_reader {
	struct filter_index *index;
	struct epoch_reader *epoch_reader;
	struct filter_look look;
	uint64_t version;
	uint32_t *rule_stamps;
	uint32_t rule_count;
	uint32_t *ids;
	size_t id_count;
	size_t id_cap;
	struct filter_index_work work;
};

struct filter_index *
filter_index_new(void)
{
	struct filter_index *index = MEM_NEW(struct filter_index);
	uint64_t seed;

	random_bytes(&seed, sizeof(seed));
	epoch_init(&index->epoch);
	filter_slots_init(&index->slots, &index->epoch, seed);
	filter_predicates_init(
		&index->predicates, &index->epoch, &index->slots, seed);
	filter_rules_init(&index->rules, &index->predicates, &index->epoch);
	chunks_init(&index->records, sizeof(_Atomic uint64_t));
	atomic_init(&index->version, 1);
	return index;
}

static void
free_reader(void *context)
{
	struct filter_reader *reader = context;

	filter_look_release(&reader->look);
	mem_free(reader->rule_stamps);
	mem_free(reader->ids);
	mem_free(reader);
}

void
filter_index_free(struct filter_index *index)
{
	if (index == NULL)
		return;
	epoch_release(&index->epoch, free_reader);
	filter_rules_release(&index->rules);
	filter_predicates_release(&index->predicates);
	filter_slots_release(&index->slots);
	chunks_release(&index->records);
	mem_free(index);
}

/* ---- changing ---- */

static _Atomic uint64_t *
record_of(const struct filter_index *index, uint32_t id)
{
	return chunks_at(&index->records, id);
}

static void
end_leaving(void *owner, uint64_t id)
{
	atomic_fetch_and_explicit(record_of(owner, (uint32_t)id), ~IS_LEAVING,
		memory_order_relaxed);
}

/**
 * Readers that began before the change are gone. Those that are inside now
 * may still hold the list as it was, and take the record's word for it that
 * the id is none of theirs: the record must stay until they, too, have left.
 */
static void
remove_id(void *owner, uint64_t thing)
{
	struct filter_index *index = owner;

	filter_rules_remove(
		&index->rules, (uint32_t)(thing >> 32), (uint32_t)thing);
	epoch_retire(&index->epoch, end_leaving, index, (uint32_t)thing);
}

/** `rule` + 1, or 0: none from now on. */
static void
assign(struct filter_index *index, uint32_t id, uint64_t rule)
{
	_Atomic uint64_t *record = record_of(index, id);
	uint64_t former = atomic_load_explicit(record, memory_order_relaxed) >>
			  RULE_SHIFT;
	uint64_t version =
		atomic_load_explicit(&index->version, memory_order_relaxed) + 1;

	assert(version < IS_LEAVING && rule <= FILTER_INDEX_IDS_MAX - 1);
	atomic_store_explicit(record,
		rule << RULE_SHIFT | (former ? IS_LEAVING : 0) | version,
		memory_order_release);
	atomic_store_explicit(&index->version, version, memory_order_release);
	if (former)
		epoch_retire(&index->epoch, remove_id, index,
			(former - 1) << 32 | id);
	index->filters += (rule != 0);
	index->filters -= (former != 0);
	epoch_advance(&index->epoch);
}

/** One that comes back to a rule must have left it. */
static void
leave_first(struct filter_index *index, uint32_t id)
{
	if (atomic_load_explicit(record_of(index, id), memory_order_relaxed) &
		IS_LEAVING)
		epoch_wait(&index->epoch);
}

void
filter_index_set(
	struct filter_index *index, uint32_t id, const struct filter *filter)
{
	uint64_t record;
	uint32_t rule;

	assert(id < FILTER_INDEX_IDS_MAX);
	chunks_reach(&index->records, id);
	record = atomic_load_explicit(
		record_of(index, id), memory_order_relaxed);
	rule = filter_rules_get(&index->rules, filter);
	/* The same filter again: readers are not to see it leave. */
	if (record >> RULE_SHIFT == (uint64_t)rule + 1)
		return;
	leave_first(index, id);
	filter_rules_join(&index->rules, rule, id);
	assign(index, id, (uint64_t)rule + 1);
}

void
filter_index_remove(struct filter_index *index, uint32_t id)
{
	if (id >= chunks_count(&index->records) ||
		!(atomic_load(record_of(index, id)) >> RULE_SHIFT))
		return;
	leave_first(index, id);
	assign(index, id, 0);
}

void
filter_index_retire(struct filter_index *index,
	void (*release)(void *owner, uint64_t thing), void *owner,
	uint64_t thing)
{
	epoch_retire(&index->epoch, release, owner, thing);
	epoch_advance(&index->epoch);
}

struct filter_index_counts
filter_index_count(const struct filter_index *index)
{
	return (struct filter_index_counts){
		.filters = index->filters,
		.rules = index->rules.live,
		.scanned = index->rules.scanned_count,
		.predicates = index->predicates.live,
		.slots = index->slots.live,
	};
}

/* ---- matching ---- */

struct filter_reader *
filter_index_enter(struct filter_index *index)
{
	struct epoch_reader *epoch_reader = epoch_enter(&index->epoch);
	struct filter_reader *reader = epoch_reader->context;

	if (reader == NULL) {
		reader = MEM_NEW(struct filter_reader);
		reader->index = index;
		reader->epoch_reader = epoch_reader;
		epoch_reader->context = reader;
	}
	return reader;
}

void
filter_index_leave(struct filter_reader *reader)
{
	epoch_leave(reader->epoch_reader);
}

struct filter_index_work
filter_index_work_done(const struct filter_reader *reader)
{
	struct filter_index_work work = reader->work;

	work.evaluations = reader->look.evaluations;
	return work;
}

static bool is_true(struct filter_look *look, const uint32_t *words,
	uint32_t count, bool is_or);

static inline bool
is_word_true(struct filter_look *look, const uint32_t *word)
{
	if (*word & FILTER_WORD_JUNCTION)
		return is_true(look, word + 1, *word & FILTER_WORD_LEN,
			*word & FILTER_WORD_OR);
	return filter_look_is(look, *word);
}

static bool
is_true(struct filter_look *look, const uint32_t *words, uint32_t count,
	bool is_or)
{
	for (uint32_t i = 0; i < count;) {
		if (is_word_true(look, &words[i]) == is_or)
			return is_or;
		i += 1 + (words[i] & FILTER_WORD_JUNCTION
					 ? words[i] & FILTER_WORD_LEN
					 : 0);
	}
	return !is_or;
}

/** Whether the id was in this rule when the reader began. */
static inline bool
is_valid(const struct filter_reader *reader, uint32_t id, uint32_t rule)
{
	uint64_t record = atomic_load_explicit(
		record_of(reader->index, id), memory_order_acquire);
	uint64_t version = record & (IS_LEAVING - 1);
	bool is_present = record >> RULE_SHIFT == (uint64_t)rule + 1;

	return is_present == (version <= reader->version);
}

static void
take_ids(struct filter_reader *reader, const struct filter_rule *rule,
	uint32_t number)
{
	struct filter_list_view view;

	filter_list_look(&rule->ids, &view);
	if (reader->id_count + view.count > reader->id_cap) {
		reader->id_cap = (reader->id_count + view.count) * 2;
		reader->ids = mem_resize(
			reader->ids, reader->id_cap * sizeof(*reader->ids));
	}
	for (uint32_t i = 0; i < view.count; i++) {
		uint64_t id = filter_list_item(&view, i);

		if (id != FILTER_LIST_GONE &&
			is_valid(reader, (uint32_t)id, number))
			reader->ids[reader->id_count++] = (uint32_t)id;
	}
}

static void
try_rule(struct filter_reader *reader, uint32_t number)
{
	const struct filter_rule *rule;
	const struct filter_code *code;

	if (number >= reader->rule_count ||
		reader->rule_stamps[number] == reader->look.stamp)
		return;
	reader->rule_stamps[number] = reader->look.stamp;
	reader->work.candidates++;
	rule = filter_rule_at(&reader->index->rules, number);
	code = atomic_load_explicit(&rule->code, memory_order_acquire);
	if (is_true(&reader->look, code->words, code->count, false))
		take_ids(reader, rule, number);
}

enum { BATCH = 64 };

/** Rules first, then their code: their cache misses overlap. */
static void
try_rules(struct filter_reader *reader, const uint32_t *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		__builtin_prefetch(atomic_load_explicit(
			&filter_rule_at(&reader->index->rules, rules[i])->code,
			memory_order_relaxed));
	for (size_t i = 0; i < count; i++)
		try_rule(reader, rules[i]);
}

static void
try_posting(struct filter_reader *reader, const _Atomic uint64_t *posting)
{
	struct filter_list_view view;
	uint32_t batch[BATCH];
	size_t count = 0;

	filter_list_look(posting, &view);
	for (uint32_t i = 0; i < view.count; i++) {
		uint64_t item = filter_list_item(&view, i);
		uint32_t guard = (uint32_t)item;

		if (item == FILTER_LIST_GONE ||
			(guard != FILTER_GUARD_NONE &&
				!filter_look_is(&reader->look, guard)))
			continue;
		batch[count++] = (uint32_t)(item >> 32);
		__builtin_prefetch(filter_rule_at(
			&reader->index->rules, batch[count - 1]));
		if (count == BATCH) {
			try_rules(reader, batch, count);
			count = 0;
		}
	}
	try_rules(reader, batch, count);
}

static int
compare_ids(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left;
	uint32_t b = *(const uint32_t *)right;

	return a < b ? -1 : a > b;
}

/** Sorted, each once: a filter may be leaving one rule for another. */
static void
sort_ids(struct filter_reader *reader)
{
	size_t kept = 0;

	if (reader->id_count < 2)
		return;
	qsort(reader->ids, reader->id_count, sizeof(*reader->ids), compare_ids);
	for (size_t i = 1; i < reader->id_count; i++) {
		if (reader->ids[i] != reader->ids[kept])
			reader->ids[++kept] = reader->ids[i];
	}
	reader->id_count = kept + 1;
}

static void
make_room(struct filter_reader *reader)
{
	uint32_t count = chunks_count(&reader->index->rules.all);
	uint32_t larger = count + count / 4 + 64;

	if (count > reader->rule_count) {
		reader->rule_stamps = mem_resize(reader->rule_stamps,
			larger * sizeof(*reader->rule_stamps));
		memset(reader->rule_stamps + reader->rule_count, 0,
			(larger - reader->rule_count) *
				sizeof(*reader->rule_stamps));
		reader->rule_count = larger;
	}
}

const uint32_t *
filter_index_match(struct filter_reader *reader,
	const struct filter_event *event, struct arena *arena,
	size_t *ret_count)
{
	struct filter_index *index = reader->index;
	struct filter_look *look = &reader->look;
	uint32_t former = look->stamp;

	reader->version =
		atomic_load_explicit(&index->version, memory_order_acquire);
	reader->id_count = 0;
	reader->work.events++;
	make_room(reader);
	filter_look_begin(look, &index->predicates, event, arena);
	if (look->stamp < former)
		memset(reader->rule_stamps, 0,
			reader->rule_count * sizeof(*reader->rule_stamps));
	filter_look_probe(look);
	for (uint32_t i = 0; i < look->found_count; i++)
		try_posting(reader,
			&filter_predicate_at(&index->predicates, look->found[i])
				 ->posting);
	try_posting(reader, &index->rules.scanned);
	sort_ids(reader);
	*ret_count = reader->id_count;
	return reader->ids;
}
