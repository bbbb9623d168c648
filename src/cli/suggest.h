#pragma once
#include "base/str.h"

/*
 * The known name nearest to a mistyped one, for "did you mean …?".
 *   struct suggest suggest = suggest_make(STR("webhok"));
 *   suggest_consider(&suggest, "webhook"); …
 *   const char *near = suggest_best(&suggest);
 */
struct suggest {
	struct str typed;
	const char *best;
	size_t distance;
};

struct suggest suggest_make(struct str typed);
/** `name` must live as long as the answer is used. */
void suggest_consider(struct suggest *suggest, const char *name);
/** NULL when nothing is near enough to be meant. */
const char *suggest_best(const struct suggest *suggest);

/**
 * Insertions, removals, replacements and swaps of neighbours between the two;
 * a large number when either is longer than 40 bytes.
 */
size_t suggest_distance(struct str a, struct str b);
