#pragma once
#include "rule/filter_ast.h"
#include "rule/filter_predicate.h"

/*
 * A filter in two-valued logic over predicates, as words: part of the index.
 * An event matches only when a filter is true, so `not` is pushed down to the
 * leaves (De Morgan holds for unknown, too), where "is true" and "is false"
 * are predicates of their own; unknown is neither.
 *
 *   leaf      number << 2 | is_lazy << 1 | is_negated
 *   junction  1 << 31 | is_or << 30 | words behind it that belong to it
 *
 * The words of a whole filter are a conjunction. Children are sorted, so
 * filters that say the same have the same words more often than not.
 */
enum { FILTER_WORDS_SHIFT = 2 };
#define FILTER_WORD_NEGATED 1u
#define FILTER_WORD_LAZY 2u
#define FILTER_WORD_JUNCTION (1u << 31)
#define FILTER_WORD_OR (1u << 30)
#define FILTER_WORD_LEN (FILTER_WORD_OR - 1)

struct filter_words {
	uint32_t *words; /* in the arena */
	uint32_t count;
	bool is_never; /* no event can match */
};

static inline uint32_t
filter_word_predicate(uint32_t word)
{
	return word >> FILTER_WORDS_SHIFT;
}

/** Takes a reference for every leaf. Writer. */
struct filter_words filter_lower(struct filter_predicates *predicates,
	const struct filter *filter, struct arena *arena);

/** Gives the references back. Writer. */
void filter_words_unref(struct filter_predicates *predicates,
	const uint32_t *words, uint32_t count);
