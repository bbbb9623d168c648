#pragma once
#include "base/json.h"
#include "rule/value.h"

/*
 * Data structures ("udt"): what a hook's requests must look like. A list of
 * fields as blueprints describe them:
 *
 *   [{"name": "id", "type": "uinteger", "required": true},
 *    {"name": "tags", "type": "array", "spec": {"type": "text"}},
 *    {"name": "user", "type": "collection", "spec": [{"name": …}, …]}]
 *
 * Types are those of fields; without one anything fits. Pure and bounded.
 */
enum { UDT_FIELDS_MAX = 500, UDT_DEPTH_MAX = 16 };

/** ERR_INVALID with a sentence: it is not a list of fields. */
enum err udt_check(struct json fields, struct buf *why) MUST_USE;

/**
 * Whether the bundle's members are as the fields (checked before) say;
 * `is_strict`: and no others. ERR_INVALID with a sentence. Members that the
 * hook itself adds (__IMT…) are passed over.
 */
enum err udt_match(struct json fields, bool is_strict, struct value bundle,
	struct arena *arena, struct buf *why) MUST_USE;
