#pragma once
#include "rule/json_schema_node.h"

/*
 * Compiling a schema, between json_schema.c, which goes through it, and
 * json_schema_keyword.c, which knows the keywords.
 */
struct schema_compiler {
	struct json_doc *doc;
	struct arena *arena;
	struct json_schema **nodes; /* by index on the tape; NULL: not yet */
	size_t count;
	unsigned depth;
	struct buf path; /* of the keyword being read */
	struct buf *why;
	enum err err; /* the first one counts */
};

/** The node of a place that is a schema; NULL once anything has failed. */
const struct json_schema *schema_compile(
	struct schema_compiler *compiler, struct json schema);

/** Reads all keywords of an object into its node. */
void schema_read_keywords(struct schema_compiler *compiler,
	struct json_schema *node, struct json schema);

/** Fails at the present path. */
void schema_fail(
	struct schema_compiler *compiler, enum err err, const char *expected);

/** Goes a step down; what is returned is given to schema_leave(). */
size_t schema_enter(struct schema_compiler *compiler, struct str name);
void schema_leave(struct schema_compiler *compiler, size_t len);
