#pragma once
#include "base/json_out.h"
#include "rule/filter.h"

/*
 * Why a filter matches an event, or why it does not: the filter as a tree of
 * clauses, each with what it came to and the values that it looked at. The
 * tree is built by the plain evaluator (filter_eval.h), which says the same as
 * every other way of matching.
 *
 *   ✗ and                                       <--
 *     ✓ type eq 'compute-ops/server'
 *     ✗ new/hardware/powerState eq 'OFF'        <--
 *         new/hardware/powerState is "ON"
 *
 * Clauses that *decide* are marked: those that made a matching filter true,
 * and those that have to come out otherwise for another one to become true.
 * Below `not` this is the other way round. Nothing is cut short, so every
 * clause has a truth even where matching would not have looked at it.
 *
 * Pure and bounded by the maxima below, whatever filter and event are.
 */
enum filter_truth { FILTER_IS_FALSE, FILTER_IS_TRUE, FILTER_IS_UNKNOWN };

/** "false", "true", "unknown". */
const char *filter_truth_name(enum filter_truth truth);

enum {
	FILTER_EXPLAIN_NODES_MAX = 1200,
	FILTER_EXPLAIN_DEPTH_MAX = 24,	 /* of clauses told one by one */
	FILTER_EXPLAIN_TEXT_MAX = 240,	 /* bytes of one clause's text */
	FILTER_EXPLAIN_VALUE_MAX = 200,	 /* bytes of one value's JSON */
	FILTER_EXPLAIN_VALUES_MAX = 6,	 /* of one clause */
	FILTER_EXPLAIN_ELEMENTS_MAX = 3, /* of one any or all */
	FILTER_EXPLAIN_BECAUSE_MAX = 20,
};

/** A value as JSON; too long ones are a string with their beginning. */
struct filter_explain_json {
	struct str text; /* "null" when there is nothing */
	bool is_missing; /* there is no such member */
	bool is_cut;
};

/** What an operand of a clause came to. */
struct filter_explain_value {
	struct str text; /* of the operand */
	struct filter_explain_json value;
	/* Of changed/…: the member before and after. */
	bool is_change;
	struct filter_explain_json old_value;
	struct filter_explain_json new_value;
};

struct filter_explain_node {
	const char *kind; /* "and", "or", "not", "any", "all", "condition" */
	struct str text;  /* canonical; cut with "…" */
	enum filter_truth truth;
	enum filter_truth wanted; /* TRUE; FALSE below an odd number of not */
	bool is_deciding;
	struct filter_explain_value *values;
	size_t value_count;
	/* Of a condition inside any and all: about which element. */
	bool has_element;
	size_t element;
	struct filter_explain_json element_value;
	struct filter_explain_node *first;
	struct filter_explain_node *next; /* sibling */
	bool is_cut;			  /* children are left off */
};

struct filter_explanation {
	enum filter_truth truth; /* of the filter, as matching has it */
	/* The filter takes more work than one match may (then it is unknown),
	   or looking at all of its clauses does. */
	bool is_spent;
	const struct filter_explain_node *root;
};

/** The tree, in `arena`; it borrows nothing from event and filter. */
const struct filter_explanation *filter_explain(const struct filter *filter,
	const struct filter_event *event, struct arena *arena);

/**
 * Writes the members "matches", "truth", "because" (the texts of the deciding
 * conditions), "tree" and, if so, "spent" into the object that is open.
 */
void filter_explain_write(
	const struct filter_explanation *explanation, struct json_out *out);

/** Appends the tree as lines of text, with a sentence at the end. */
void filter_explain_print(
	const struct filter_explanation *explanation, struct buf *out);
