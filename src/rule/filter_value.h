#pragma once
#include "base/json.h"
#include "base/timestamp.h"

/*
 * A value as filters know it: a literal of the filter, or what an operand
 * came to for an event. Missing is null. A value borrows its bytes.
 */
enum filter_value_kind {
	FILTER_VALUE_NULL,
	FILTER_VALUE_BOOLEAN,
	FILTER_VALUE_NUMBER,
	FILTER_VALUE_STRING,
	FILTER_VALUE_TIMESTAMP,
	FILTER_VALUE_DATE,
	FILTER_VALUE_TIME, /* of day */
	FILTER_VALUE_DURATION,
	FILTER_VALUE_GUID,
	FILTER_VALUE_PATTERN, /* a compiled one; only as a literal */
	FILTER_VALUE_JSON,    /* an array or an object */
};

struct filter_value {
	enum filter_value_kind kind;
	union {
		bool boolean;
		struct number number;
		struct timestamp instant; /* TIMESTAMP, DATE (midnight UTC) */
		int64_t micros;		  /* TIME since midnight, DURATION */
		struct json json;
		const void *pattern;
	} as;
	/* The string, or the spelling of the other kinds with text. A computed
	   duration has none. */
	struct str text;
};

/**
 * Reads an unquoted literal that starts with a digit or a sign, or a GUID:
 * number, date, RFC 3339 date-time (seconds may be left out), time of day.
 * `text` is kept. On failure returns what a literal of its shape should have
 * been; NULL on success.
 */
const char *filter_value_read(
	struct str text, struct arena *arena, struct filter_value *ret);

/** ISO 8601 as OData has it: [-]P[nD][T[nH][nM][n[.n]S]], in 64 bits. */
bool filter_value_read_duration(struct str text, struct filter_value *ret);

/** hh:mm[:ss[.f]] */
bool filter_value_read_time(struct str text, struct filter_value *ret);

bool filter_value_is_guid(struct str text);

/** As an instant: a timestamp, a date, or a string that spells one. */
bool filter_value_to_instant(
	struct filter_value value, struct filter_value *ret);

/** As a time of day; a timestamp gives its own, in its own zone. */
bool filter_value_to_time(struct filter_value value, struct filter_value *ret);

bool filter_value_to_duration(
	struct filter_value value, struct filter_value *ret);

/** A JSON value as a filter value; strings are decoded into `scratch`. */
struct filter_value filter_value_from_json(
	struct json json, struct arena *scratch);

/** `eq`: null equals null only; kinds that do not fit are not equal. */
bool filter_value_equal(struct filter_value a, struct filter_value b);

/** -1, 0, 1; 2 when one is null or the two have no order. */
int filter_value_order(struct filter_value a, struct filter_value b);

static inline struct filter_value
filter_value_null(void)
{
	return (struct filter_value){.kind = FILTER_VALUE_NULL};
}

static inline struct filter_value
filter_value_boolean(bool boolean)
{
	return (struct filter_value){
		.kind = FILTER_VALUE_BOOLEAN, .as.boolean = boolean};
}

static inline struct filter_value
filter_value_number(struct number number)
{
	return (struct filter_value){
		.kind = FILTER_VALUE_NUMBER, .as.number = number};
}

static inline struct filter_value
filter_value_string(struct str text)
{
	return (struct filter_value){.kind = FILTER_VALUE_STRING, .text = text};
}

static inline struct filter_value
filter_value_duration(int64_t micros)
{
	return (struct filter_value){
		.kind = FILTER_VALUE_DURATION, .as.micros = micros};
}
