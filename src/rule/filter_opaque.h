#pragma once
#include "rule/filter_ast.h"

/*
 * A part of a filter as a filter of its own, for the index: what it does not
 * take apart itself, the tree evaluator answers.
 */

/** Appends the part under `node` in canonical spelling. */
void filter_opaque_print(
	const struct filter *filter, uint32_t node, struct buf *out);

/** The part on its own, independent of the filter it is from. */
const struct filter *filter_opaque_new(
	const struct filter *filter, uint32_t node);
void filter_opaque_free(const struct filter *filter);

/** Whether a path of it begins with what may be a CloudEvents attribute. */
bool filter_opaque_is_bare(const struct filter *filter);
