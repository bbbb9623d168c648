#pragma once
#include "rule/filter_predicate.h"

/*
 * Makes and fills the set of hashes of struct filter_predicates, which spares
 * readers most lookups of what nobody asks for.
 */

/** A set of all that there are, with room for as many again. */
struct filter_bloom *filter_bloom_new(
	const struct filter_predicates *predicates);

/** Adds a predicate of PART or ELEMENT; at times a larger set. Writer. */
void filter_bloom_add(struct filter_predicates *predicates, uint32_t number);
