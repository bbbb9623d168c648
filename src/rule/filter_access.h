#pragma once
#include "rule/filter_lower.h"

/*
 * By which predicates a rule is found, part of the index of filters: a set of
 * which at least one is true whenever the rule is, chosen so that as few
 * events as possible lead to the rule in vain.
 */
struct filter_access {
	uint32_t *predicates; /* in the arena */
	uint32_t count;	      /* 0: nothing will do, the rule is scanned */
};

/** Takes a reference to each. Writer. */
struct filter_access filter_access_choose(struct filter_predicates *predicates,
	const uint32_t *words, uint32_t count, struct arena *arena);
void filter_access_drop(struct filter_predicates *predicates,
	const struct filter_access *access);

/** Readers are to notice when this predicate is true. Writer. */
void filter_access_announce(
	struct filter_predicates *predicates, uint32_t predicate);

/**
 * Another leaf that must be true, cheap to look at and seldom true; or
 * FILTER_GUARD_NONE.
 */
uint32_t filter_access_guard(const struct filter_predicates *predicates,
	const uint32_t *words, uint32_t count, uint32_t access);
