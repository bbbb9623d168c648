#pragma once
#include "rule/filter_list.h"
#include "rule/filter_lower.h"

/*
 * The distinct filters of an index: a *rule* is the words of a filter and the
 * ids of all filters that have them. A rule is reached through its access
 * predicates, of which at least one is true whenever the rule is; one that has
 * none is in the scanned list.
 */
struct filter_code {
	uint64_t hash;
	uint32_t count;	       /* of words */
	uint32_t access_count; /* predicates behind the words */
	uint32_t words[];
};

struct filter_rule {
	_Atomic(struct filter_code *) code;
	_Atomic uint64_t ids; /* a filter_list */
};

struct filter_rules {
	struct filter_predicates *predicates;
	struct epoch *epoch;
	struct chunks all;
	struct filter_table table;
	_Atomic uint64_t scanned; /* rules without an access predicate */
	uint32_t live;
	uint32_t scanned_count;
	uint32_t crowded;     /* rules added to postings that were full */
	struct arena scratch; /* of one change */
};

enum {
	/* Rules that one predicate may lead to before it is looked at again. */
	FILTER_POSTING_MAX = 256,
};

/* An item of a posting: the rule, and a leaf that must be true for it. */
#define FILTER_GUARD_NONE UINT32_MAX

void filter_rules_init(struct filter_rules *rules,
	struct filter_predicates *predicates, struct epoch *epoch);
void filter_rules_release(struct filter_rules *rules);

/** The number of the filter's rule; a new one has no ids yet. Writer. */
uint32_t filter_rules_get(
	struct filter_rules *rules, const struct filter *filter);

/** Adds an id to the rule. Writer. */
void filter_rules_join(struct filter_rules *rules, uint32_t rule, uint32_t id);

/** Once no reader may need it any more. Writer. */
void filter_rules_remove(
	struct filter_rules *rules, uint32_t rule, uint32_t id);

static inline struct filter_rule *
filter_rule_at(const struct filter_rules *rules, uint32_t rule)
{
	return chunks_at(&rules->all, rule);
}
