#pragma once
#include "rule/filter_predicate.h"

/*
 * One event as the index of filters sees it: the value of every slot, and
 * which predicates it makes true. The memory is kept from event to event; what
 * belongs to an earlier one is told by its stamp, so nothing is cleared.
 */
struct filter_seen {
	uint32_t stamp;	      /* present in this event */
	uint32_t value_stamp; /* `value` is worked out */
	uint32_t walk_stamp;  /* elements were walked */
	struct json json;
	struct json old_json; /* CHANGED: the other side */
	struct filter_value value;
};

struct filter_look {
	const struct filter_predicates *predicates;
	const struct filter_bloom *bloom; /* as it is for this event */
	const struct filter_event *event;
	struct filter_event whole; /* with its attributes, if made late */
	struct arena *arena;	   /* of this event */
	uint32_t stamp;		   /* of this event, even */
	bool is_updated;
	bool is_deleted;

	/* By predicate: stamp: known to be false; stamp + 1: true. */
	uint32_t *truths;
	uint32_t predicate_count;
	struct filter_seen *seen; /* by slot */
	uint32_t slot_count;
	uint32_t *visited; /* by trie node and side: stamp */
	uint32_t node_count;

	uint32_t *present; /* slots that have a value */
	uint32_t present_count;
	uint32_t present_cap;
	uint32_t *found; /* true predicates, in the order of being found */
	uint32_t found_count;
	uint32_t found_cap;

	uint64_t evaluations; /* ever: lazy predicates, probes that hit */
};

/** Reads the event; `arena` and what it borrows stay until the next call. */
void filter_look_begin(struct filter_look *look,
	const struct filter_predicates *predicates,
	const struct filter_event *event, struct arena *arena);

/** Finds the true predicates that are found by key. */
void filter_look_probe(struct filter_look *look);

void filter_look_release(struct filter_look *look);

/** A slot's value. */
const struct filter_value *filter_look_value(
	struct filter_look *look, uint32_t slot);

/** Works out a lazy predicate. */
bool filter_look_evaluate(struct filter_look *look, uint32_t number);

/** Finds the elements' predicates of an array's slot, once an event. */
void filter_look_walk(struct filter_look *look, uint32_t slot);

/** Marks a predicate as true, the first time. */
void filter_look_found(struct filter_look *look, uint32_t number);

/** Whether a leaf's word is true. */
static inline bool
filter_look_is(struct filter_look *look, uint32_t word)
{
	uint32_t number = word >> 2;
	uint32_t truth;
	bool is_true;

	/* Made after this event began: no filter that counts has it. */
	if (UNLIKELY(number >= look->predicate_count))
		return false;
	truth = look->truths[number];
	if ((truth & ~1u) == look->stamp)
		is_true = truth & 1;
	else
		is_true = (word & 2) && filter_look_evaluate(look, number);
	return is_true != (word & 1);
}
