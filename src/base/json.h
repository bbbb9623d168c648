#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/number.h"

/*
 * A strict, fast reader of JSON texts (RFC 8259, UTF-8 checked). One pass over
 * the text writes a flat tape of nodes; strings and numbers stay where they
 * are in the text and are decoded when somebody asks.
 *
 *   tape of {"a":[1,"x"]}:  0 object  1 key a  2 array  3 number  4 string
 *
 * Each node knows the tape index behind its subtree (`next`), so a container's
 * children are walked without looking into them. A value is handled as
 * `struct json`, a document and an index, by value; the missing value has no
 * document. Functions that look into a value accept a missing one and one of
 * the wrong kind, and answer with the missing value, so paths need no checks:
 * json_member(json_member(root, STR("data")), STR("id")).
 *
 * The text must outlive the document. Documents are immutable: any number of
 * threads may read one.
 */
enum json_kind {
	JSON_MISSING,
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

enum {
	JSON_ESCAPED = 1, /* a string with a backslash in it */
	/* A number of 1 to 18 digits and nothing else: another text is another
	   value. */
	JSON_DIGITS = 2,
};

struct json_node {
	uint8_t kind;
	uint8_t flags;
	uint16_t reserved;
	uint32_t offset; /* of the raw text; of a string behind its quote */
	uint32_t len;	 /* of the raw text; of a string without quotes */
	uint32_t next;	 /* tape index behind this value */
};

struct json_doc {
	struct str text;
	struct json_node *nodes;
	uint32_t count;
	bool is_compact; /* no blanks are between its tokens */
};

struct json {
	const struct json_doc *doc;
	uint32_t index;
};

enum {
	JSON_DEPTH_MAX = 512,
	JSON_TEXT_MAX = 1 << 30,
};

/**
 * Reads one whole text. The tape is put into `arena`. ERR_INVALID with
 * `line 3 column 14: expected ':'` in `why`; ERR_LIMIT when it is nested
 * deeper than JSON_DEPTH_MAX or longer than JSON_TEXT_MAX. Members named
 * twice are accepted; the last one counts (as JavaScript and Python have it).
 */
enum err json_read(struct str text, struct arena *arena, struct json_doc *ret,
	struct buf *why) MUST_USE;

struct json json_root(const struct json_doc *doc);

/** The node of a value that is not missing. */
static inline const struct json_node *
json_node_of(struct json value)
{
	return &value.doc->nodes[value.index];
}

static inline enum json_kind
json_kind(struct json value)
{
	return value.doc ? (enum json_kind)json_node_of(value)->kind
			 : JSON_MISSING;
}

/** "object", "string", … "nothing" for a missing value. */
const char *json_kind_name(enum json_kind kind);

static inline bool
json_is_missing(struct json value)
{
	return value.doc == NULL;
}

/** The member of an object; `name` is compared with the decoded key. */
struct json json_member(struct json object, struct str name);

/** The member reached by keys separated with '/' ("hardware/powerState"). */
struct json json_path(struct json object, struct str path);

/** The element of an array, from 0. */
struct json json_element(struct json array, size_t index);

/** Members of an object, or elements of an array; counts by walking. */
size_t json_count(struct json container);

/**
 * Walks a container:
 *   struct json_walk walk = json_walk(value);
 *   while (json_walk_next(&walk)) … walk.key, walk.value …
 * Anything else than a container has no steps.
 */
struct json_walk {
	const struct json_doc *doc;
	uint32_t at, end;
	bool is_object;
	struct json key; /* a string node; missing in arrays */
	struct json value;
};
struct json_walk json_walk(struct json container);
bool json_walk_next(struct json_walk *walk);

/** The value's own text, quotes and brackets included; empty if missing. */
struct str json_raw(struct json value);

/** What is between a string's quotes, escapes not undone; empty otherwise. */
struct str json_raw_string(struct json string);

/** A string's value; in `arena` only if it had escapes. Empty otherwise. */
struct str json_string(struct json string, struct arena *arena);

/** Whether the value is this string. */
bool json_string_equal(struct json string, struct str expected);

/** A number's value; 0 for anything else. */
struct number json_number(struct json number);

/** A number that is a whole one within int64_t. */
bool json_to_integer(struct json value, int64_t *ret);

/**
 * Deep equality by value: 1.0 is 1, escapes do not matter, nor does the order
 * of members. A missing value equals null.
 */
bool json_equal(struct json a, struct json b);

/** Appends a well-formed text without the blanks between its tokens (§2). */
void json_append_compact(struct buf *out, struct str text);
