#pragma once
#include "base/json.h"

/*
 * JSON Schema, the keywords in common use of drafts 6 to 2020-12: what a value
 * has to look like. A schema is compiled once into an immutable form; any
 * number of threads may check values against it.
 *
 *   type enum const
 *   minimum maximum exclusiveMinimum exclusiveMaximum multipleOf
 *   minLength maxLength pattern format (date-time date time uuid uri
 *     uri-reference email ipv4 ipv6 hostname; others are passed over)
 *   items prefixItems additionalItems contains minItems maxItems uniqueItems
 *   properties patternProperties additionalProperties propertyNames required
 *     dependentRequired minProperties maxProperties
 *   allOf anyOf oneOf not if then else
 *   $ref to a place in the same document (#/$defs/x), $defs, definitions
 *
 * Keywords that are not known are passed over, as the standard has it. Those
 * that are known to mean something and are not here ($dynamicRef,
 * unevaluatedProperties, …) are refused when compiling: a check that is not
 * made would look as if it had passed. `pattern` is PCRE2 and not anchored.
 *
 * Pure and bounded: a schema by the maxima below, a check by the budget of a
 * filter's evaluation (FILTER_STEPS_MAX); one that uses it up has failed.
 */
struct json_schema;

enum {
	JSON_SCHEMA_TEXT_MAX = 256 * 1024,
	JSON_SCHEMA_NODES_MAX = 10000, /* schemas within the schema */
	JSON_SCHEMA_DEPTH_MAX = 128,   /* of values, and of schemas followed */
	JSON_SCHEMA_PATH_MAX = 512,    /* bytes of a path in a fault */
};

/**
 * Compiles a schema's text; all of it is copied into `arena`. ERR_INVALID or,
 * past a maximum, ERR_LIMIT; `why` gets one sentence that begins with the
 * place: "properties/price/minimum: expected a number".
 */
enum err json_schema_compile(struct str text, struct arena *arena,
	const struct json_schema **ret, struct buf *why) MUST_USE;

/**
 * Whether the value is as the schema says. If not, `why` gets one sentence
 * that begins with the place of the first fault below `name`: "data/price:
 * expected a number, found a string". `scratch` is used for decoded strings.
 */
bool json_schema_check(const struct json_schema *schema, struct json value,
	const char *name, struct arena *scratch, struct buf *why);
