#pragma once
#include "base/json.h"
#include "base/json_out.h"

struct zone;

/*
 * The values that scenarios compute with: what a webhook brought, what a step
 * gave, what an expression comes to. A value is handled by value and never
 * changes; what it points to lives in the arena of whoever made it, so it is
 * borrowed for as long as that arena. Any number of threads may read one.
 *
 * The empty value (null, undefined, missing) is one kind with three shades:
 * plain, and what the keywords `ignore` and `erase` give, which all code but
 * the filling in of a mapper takes for plain.
 *
 * Numbers are finite IEEE doubles; whoever computes makes empty values of NaN
 * and infinity. Dates are instants, milliseconds since 1970, within years 0
 * to 9999. Texts are UTF-8; what comes in by value_from_text() is
 * repaired. Collections keep the order of their members and have no two of
 * one name.
 */
enum value_kind {
	VALUE_EMPTY,
	VALUE_BOOLEAN,
	VALUE_NUMBER,
	VALUE_TEXT,
	VALUE_DATE,
	VALUE_BUFFER,
	VALUE_ARRAY,
	VALUE_COLLECTION,
};

/** The shade of an empty value. */
enum value_shade {
	VALUE_PLAIN,
	VALUE_IGNORE, /* leave the field out */
	VALUE_ERASE,  /* send the field explicitly empty */
};

/** What a buffer's bytes are when read as text. */
enum value_encoding {
	VALUE_BINARY, /* not known to be text */
	VALUE_UTF8,
	VALUE_LATIN1,
};

struct value_member;

struct value {
	uint8_t kind;	 /* enum value_kind */
	uint8_t shade;	 /* EMPTY: enum value_shade */
	uint8_t charset; /* BUFFER: enum value_encoding */
	uint16_t height; /* ARRAY, COLLECTION: levels below it, 1 at least */
	union {
		bool boolean;
		double number;
		int64_t date;
		struct str text; /* TEXT, BUFFER */
		struct {
			const struct value *items;
			size_t count;
		} array;
		struct {
			const struct value_member *members;
			size_t count;
		} collection;
	} as;
};

struct value_member {
	struct str key;
	struct value value;
};

enum {
	/* Levels of arrays and collections in each other. Readers refuse
	   more; templates refuse to make more. */
	VALUE_HEIGHT_MAX = 200,
};

/* ---- making them ---- */

static inline struct value
value_empty(void)
{
	return (struct value){.kind = VALUE_EMPTY};
}

static inline struct value
value_boolean(bool boolean)
{
	return (struct value){.kind = VALUE_BOOLEAN, .as.boolean = boolean};
}

/** NaN and infinities give the empty value. */
struct value value_number(double number);

/** `text` is UTF-8 already; it is borrowed. */
static inline struct value
value_text(struct str text)
{
	return (struct value){.kind = VALUE_TEXT, .as.text = text};
}

/** The same for bytes from outside: what is no UTF-8 becomes U+FFFD. */
struct value value_from_text(struct str bytes, struct arena *arena);

/** Milliseconds since 1970; empty outside the years that dates have. */
struct value value_date(int64_t milliseconds);

static inline struct value
value_buffer(struct str bytes, enum value_encoding encoding)
{
	return (struct value){.kind = VALUE_BUFFER,
		.charset = (uint8_t)encoding,
		.as.text = bytes};
}

/** Borrows `items`. */
struct value value_array(const struct value *items, size_t count);

/** Borrows `members`, which have no name twice. */
struct value value_collection(const struct value_member *members, size_t count);

/**
 * Collects items or members, however many, into an arena:
 *
 *   struct value_builder builder = value_builder_make(arena);
 *   value_builder_set(&builder, STR("name"), value_text(name));
 *   bundle = value_builder_collection(&builder);
 *
 * A member set again keeps its place and gets the new value. One builder
 * makes either an array (add) or a collection (set). Keys are borrowed.
 */
struct value_builder {
	struct arena *arena;
	struct value_member *members; /* of arrays only the values */
	size_t count;
	size_t cap;
	uint32_t *slots; /* a hash of the keys once there are many */
	size_t slot_cap;
};

struct value_builder value_builder_make(struct arena *arena);
void value_builder_add(struct value_builder *builder, struct value item);
void value_builder_set(
	struct value_builder *builder, struct str key, struct value value);
struct value value_builder_array(struct value_builder *builder);
struct value value_builder_collection(struct value_builder *builder);

/* ---- JSON ---- */

/*
 * In plain JSON a date is its ISO text and a buffer its text if its encoding
 * is known, else Base64. Typed JSON is for keeping values and getting them
 * back the same: {"$date":"2016-06-20T17:26:44.356Z"}, {"$buffer":"<Base64>",
 * "encoding":"utf8"}, and {"$collection":{…}} around a collection that would
 * be taken for one of these. Both write numbers as value_append_number().
 */
enum value_json { VALUE_JSON_PLAIN, VALUE_JSON_TYPED };

/**
 * Copies a JSON value into `arena`, where it needs neither the document nor
 * its text any more. Missing is empty. ERR_LIMIT when it is nested deeper
 * than VALUE_HEIGHT_MAX. Reading typed JSON, a `$` form with a wrong content
 * is an ordinary collection.
 */
enum err value_from_json(struct json json, enum value_json form,
	struct arena *arena, struct value *ret) MUST_USE;

/** Appends it as compact JSON; the buffer's maximum is the only limit. */
void value_append_json(
	struct buf *out, struct value value, enum value_json form);

/** The same as a member or an element; see base/json_out.h for `key`. */
void value_out(struct json_out *out, const char *key, struct value value,
	enum value_json form);

/** A deep copy that points to nothing outside `arena`. */
struct value value_copy(struct value value, struct arena *arena);

/* ---- looking into them ---- */

static inline bool
value_is_empty(struct value value)
{
	return value.kind == VALUE_EMPTY;
}

/** Empty, or a text with nothing in it. */
static inline bool
value_is_blank(struct value value)
{
	return value.kind == VALUE_EMPTY ||
	       (value.kind == VALUE_TEXT && value.as.text.len == 0);
}

/** "text", "collection", …; "empty" for the empty value. */
const char *value_kind_name(struct value value);

/**
 * `.name`: the member of a collection; of an array, that of its first item.
 * Anything missing is empty.
 */
struct value value_member(struct value value, struct str name);

/**
 * `[index]`: the item of an array, from 1; negative from the end. 0, out of
 * range and anything that is no array are empty. Fractions are cut.
 */
struct value value_item(struct value value, double index);

/**
 * The path of `get` and `map`: names and item numbers with dots between
 * ("5.raw_name"). In a collection a number is a name, and a member that has
 * the whole path as its name goes before what the path leads to.
 */
struct value value_path(struct value value, struct str path);

/* ---- coercions (reference: Make's type coercion) ---- */

/** As `if`, `&` and `|` see it: false, empty, "" and 0 are not true. */
bool value_is_true(struct value value);

/** As a field of type boolean: the texts "false" and "" and empty are not. */
bool value_to_boolean(struct value value);

/** A number, or a text that is one (blanks around it do not count). */
bool value_to_number(struct value value, double *ret) MUST_USE;

/**
 * A date, or a text in one of the accepted forms; without an offset of its
 * own it is local time of `zone` (NULL: UTC).
 */
bool value_to_date(struct value value, const struct zone *zone,
	int64_t *ret_milliseconds) MUST_USE;

/** hours:minutes[:seconds] as seconds since midnight. */
bool value_to_time(struct value value, int32_t *ret_seconds) MUST_USE;

/** An array as it is, empty as no items, anything else as one item. */
struct value value_to_array(struct value value, struct arena *arena);

/**
 * Appends it as text: numbers in their shortest form, dates in ISO form in
 * UTC, collections as JSON, items of arrays with ", " between. ERR_INVALID,
 * with nothing appended, for a buffer that is not known to be text; ERR_LIMIT
 * when the buffer is full.
 */
enum err value_append_text(struct buf *out, struct value value) MUST_USE;

/** The same as bytes of `arena`, or the text itself when it is one. */
enum err value_to_text(struct value value, struct arena *arena, struct str *ret)
	MUST_USE;

/** Through text; ERR_INVALID for arrays and collections. */
enum err value_to_buffer(
	struct value value, struct arena *arena, struct value *ret) MUST_USE;

/** Shortest decimal form that reads back the same, no exponent below 1e21. */
void value_append_number(struct buf *out, double number);

/** `2016-06-20T17:26:44.356Z`. */
void value_append_date(struct buf *out, int64_t milliseconds);

/**
 * Makes a value fit a field whose type metadata.expect names ("text",
 * "uinteger", "date", "email", …). Types that take anything, and unknown
 * ones, leave it as it is; so does an empty value. ERR_INVALID with one
 * sentence when it does not fit.
 */
enum err value_coerce(struct value value, struct str type,
	const struct zone *zone, struct arena *arena, struct value *ret,
	struct buf *why) MUST_USE;

/* ---- comparing ---- */

/** Same kind and same content, deeply; order of members does not matter. */
bool value_equal(struct value a, struct value b);

/**
 * The operator `=`: a number equals a text that is this number, empty equals
 * "", dates compare as instants, everything else as text.
 */
bool value_is_same(struct value a, struct value b, const struct zone *zone);

/** `<`: -1, 0, 1; 2 when the two have no order. */
int value_order(struct value a, struct value b, const struct zone *zone);
