#pragma once
#include "rule/value.h"

/*
 * What apps read out of parameters, mappers and connections, whose fields may
 * be missing or of another kind than they should be.
 */

/** The text of a member, in `arena` if it was none; "" when it has none. */
struct str field_text(
	struct value collection, const char *name, struct arena *arena);

/** Whether a member says yes (value_to_boolean()); missing: `fallback`. */
bool field_flag(struct value collection, const char *name, bool fallback);

/** A number, or `fallback` when there is none. */
double field_number(struct value collection, const char *name, double fallback);

/** The items of a list; anything else than an array is no items or one. */
struct value field_list(
	struct value collection, const char *name, struct arena *arena);

/** A collection of one member. */
struct value field_one(
	struct arena *arena, const char *name, struct value value);
