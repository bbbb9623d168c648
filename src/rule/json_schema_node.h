#pragma once
#include "rule/filter_function.h"
#include "rule/json_schema.h"

/*
 * The compiled form of a schema, between json_schema.c, which makes it, and
 * json_schema_check.c. A schema within a schema is a node; `$ref` makes the
 * graph of them cyclic where the schema is.
 */
enum { SCHEMA_TYPES = 7 };

/** Bits of `types`. */
enum schema_type {
	SCHEMA_NULL = 1,
	SCHEMA_BOOLEAN = 2,
	SCHEMA_INTEGER = 4,
	SCHEMA_NUMBER = 8,
	SCHEMA_STRING = 16,
	SCHEMA_ARRAY = 32,
	SCHEMA_OBJECT = 64,
};

/** The bit of a name, or 0. */
unsigned schema_type_parse(struct json name);
/** The bits that fit a value: a whole number has two. */
unsigned schema_types_of(struct json value);
/** Appends "a string or null". */
void schema_type_print(unsigned types, struct buf *out);

struct schema_bound {
	bool is_set;
	struct number value;
};

/** How many; UINT64_MAX: any number. */
struct schema_range {
	uint64_t least;
	uint64_t most;
};

struct schema_list {
	const struct json_schema **nodes;
	size_t count;
};

/** A member by name, or all whose names a pattern is found in. */
struct schema_member {
	struct str name;
	const void *pattern;
	const struct json_schema *node;
};

struct schema_needs {
	struct str name; /* of the member that asks; unused in `required` */
	const struct str *names;
	size_t count;
};

struct schema_format {
	const char *name;
	bool (*is)(struct str text);
	const char *expected;
};
/** NULL when there is no check for it. */
const struct schema_format *schema_format_find(struct str name);

struct json_schema {
	bool is_nothing; /* the schema `false` */
	unsigned types;	 /* 0: any */
	struct json enumeration;
	struct json constant;
	struct schema_bound minimum, maximum, above, below, multiple_of;
	struct schema_range length;
	const void *pattern;
	struct str pattern_text;
	const struct schema_format *format;
	struct schema_range items;
	bool are_unique;
	struct schema_list prefix;
	const struct json_schema *rest; /* behind `prefix`; NULL: anything */
	const struct json_schema *contains;
	struct schema_range members;
	struct schema_needs required;
	const struct schema_needs *dependent;
	size_t dependent_count;
	const struct schema_member *properties;
	size_t property_count;
	const struct schema_member *patterns;
	size_t pattern_count;
	const struct json_schema *additional; /* NULL: anything */
	const struct json_schema *names;
	struct schema_list all, any, one;
	const struct json_schema * not ;
	const struct json_schema *condition, *then, *otherwise;
	const struct json_schema *reference;
};
