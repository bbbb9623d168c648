#pragma once
#include "rule/value.h"

/*
 * Data structures, as Make has them: what a record may hold. A list of fields
 *
 *   {"name": "n", "type": "text", "required": true, "default": "x",
 *    "spec": …}
 *
 * where `type` is one of value_coerce()'s, select, json, or any; `spec` is a
 * list of fields for a collection, and for an array either that (its items are
 * collections) or one field without a name (its items are of that type).
 * `label`, `help` and the like may stand there and mean nothing. Pure.
 */
enum {
	STRUCTURE_FIELDS_MAX = 500, /* on each level */
	STRUCTURE_DEPTH_MAX = 10,
	STRUCTURE_NAME_MAX = 255, /* bytes */
};

/** ERR_INVALID with a sentence that names the field that is wrong. */
enum err structure_check(struct value fields, struct buf *why) MUST_USE;

struct structure_rules {
	/* Empty: anything goes. What structure_check() would refuse does
	   nothing. */
	struct value fields;
	bool is_strict;	       /* what no field names is refused */
	bool ignores_defaults; /* they were filled in by an editor */
	const struct zone *zone;
};

/**
 * The data as the fields want it: defaults filled in, types made to fit, the
 * rest as it was. ERR_INVALID with "data.a.b: must be given" and the like.
 */
enum err structure_fit(const struct structure_rules *rules, struct value data,
	struct arena *arena, struct value *ret, struct buf *why) MUST_USE;
