#pragma once
#include "rule/filter_lower.h"

/*
 * The leaves of filter_lower(): which nodes become predicates, and of which
 * family. All functions that return a leaf take a reference to its predicate.
 */
struct filter_lowering {
	struct filter_predicates *predicates;
	const struct filter *filter;
	struct arena *arena;
};

/* Leaves that need no predicate: no such number exists. */
#define FILTER_LEAF_NEVER (FILTER_WORD_JUNCTION - 1)
#define FILTER_LEAF_ALWAYS (FILTER_WORD_JUNCTION - 2)

/** Whether the node's child is a path with a slot. */
bool filter_lower_has_slot(const struct filter_lowering *low,
	const struct filter_node *node, uint32_t child);

/** A path compared with a literal, in either order. */
bool filter_lower_is_comparison(
	const struct filter_lowering *low, const struct filter_node *node);
uint32_t filter_lower_comparison(struct filter_lowering *low,
	const struct filter_node *node, bool wanted);

/** Child 0, a path, against child `literal`. */
uint32_t filter_lower_compare(struct filter_lowering *low,
	const struct filter_node *node, uint32_t literal,
	enum filter_operator op, bool wanted);

/** contains, startswith, endswith of a path and a text. */
bool filter_lower_is_text(
	const struct filter_lowering *low, const struct filter_node *node);
uint32_t filter_lower_text(
	struct filter_lowering *low, const struct filter_node *node);
uint32_t filter_lower_is_string(
	struct filter_lowering *low, const struct filter_node *node);

/** A path that stands for a Boolean. */
uint32_t filter_lower_boolean(struct filter_lowering *low,
	const struct filter_node *node, bool wanted);

/** any() whose body is made of `variable/path eq constant`. */
bool filter_lower_is_element(
	const struct filter_lowering *low, const struct filter_node *node);
uint32_t filter_lower_element(
	struct filter_lowering *low, const struct filter_node *node);

/** A constant `in` the path of an array. */
bool filter_lower_is_member(
	const struct filter_lowering *low, const struct filter_node *node);
uint32_t filter_lower_member(struct filter_lowering *low,
	const struct filter_node *node, bool wanted);

/** Anything else, left to the tree evaluator. */
uint32_t filter_lower_opaque(
	struct filter_lowering *low, uint32_t node, bool wanted);

/* What these are made with: the slot of a path; the predicate as a leaf. */
uint32_t filter_lower_slot(struct filter_lowering *low, uint32_t path);
uint32_t filter_lower_leaf(struct filter_lowering *low,
	const struct filter_wanted *wanted, bool is);
