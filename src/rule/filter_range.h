#pragma once
#include "rule/filter_value.h"

/*
 * The comparisons by order (gt ge lt le) of one slot that rules are found by,
 * part of the index of filters: sorted so that those that are true of a value
 * come first. A reader walks them until one is not true; the cost follows the
 * number of those that are.
 *
 *   gt 1   ge 3   gt 3   gt 7        of 3: gt 1, ge 3, stop
 *   lt 9   le 3   lt 3   lt 2        of 3: lt 9, le 3, stop
 *
 * One list for each kind of literal and each direction: texts, numbers and
 * timestamps, which have a total order among themselves. One writer, readers
 * that never wait.
 */
struct epoch;
struct filter_ranges;
struct filter_range;

/** Of a comparison with a literal; borrowed until it is removed and retired. */
struct filter_bound {
	const struct filter_value *literal;
	uint32_t predicate;
	uint8_t op; /* enum filter_operator: GT, GE, LT or LE */
};

/** Whether comparisons with such a literal can be in a list. */
bool filter_ranges_take(const struct filter_value *literal);

struct filter_ranges *filter_ranges_new(void);
void filter_ranges_free(struct filter_ranges *ranges);

/** `salt`: any bits that differ from bound to bound. Writer. */
void filter_ranges_add(struct filter_ranges *ranges,
	const struct filter_bound *bound, uint64_t salt);
/** It is there. Its memory goes when readers have left. Writer. */
void filter_ranges_remove(struct filter_ranges *ranges,
	const struct filter_bound *bound, struct epoch *epoch);

/** Calls `found` for the predicates that are true of the value. */
void filter_ranges_look(const struct filter_ranges *ranges,
	const struct filter_value *value,
	void (*found)(void *owner, uint32_t predicate), void *owner);

/** Whether a comparison holds: `value op literal`. */
bool filter_range_is(const struct filter_value *value, uint8_t op,
	const struct filter_value *literal);
