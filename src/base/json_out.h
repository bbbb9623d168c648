#pragma once
#include "base/buf.h"
#include "base/uuid.h"

/*
 * Writes JSON into a buffer, commas and escapes included:
 *
 *   struct json_out out = json_out_make(&buf);
 *   json_out_object(&out, NULL);
 *   json_out_string(&out, "name", name);
 *   json_out_end(&out);
 *
 * `key` is the member's name inside an object (a program constant, written
 * without escaping) and NULL inside an array or at the top. Compact, no
 * blanks. A wrong nesting is a bug and aborts.
 */
enum { JSON_OUT_DEPTH_MAX = 64 };

struct json_out {
	struct buf *buf;
	unsigned depth;
	bool needs_comma;
	char closers[JSON_OUT_DEPTH_MAX];
};

struct json_out json_out_make(struct buf *buf);

void json_out_object(struct json_out *out, const char *key);
void json_out_array(struct json_out *out, const char *key);
/** Closes the innermost object or array. */
void json_out_end(struct json_out *out);

/** Bytes that are no UTF-8 are written as U+FFFD. */
void json_out_string(struct json_out *out, const char *key, struct str value);
void json_out_text(struct json_out *out, const char *key, const char *value);
void json_out_integer(struct json_out *out, const char *key, int64_t value);
void json_out_real(struct json_out *out, const char *key, double value);
void json_out_boolean(struct json_out *out, const char *key, bool value);
void json_out_null(struct json_out *out, const char *key);
void json_out_uuid(struct json_out *out, const char *key, struct uuid value);
/** Microseconds since 1970 as an RFC 3339 string. */
void json_out_time(struct json_out *out, const char *key, int64_t value);
/** A text that is JSON already. */
void json_out_raw(struct json_out *out, const char *key, struct str json);

/** A member whose name comes from outside: next value belongs to it. */
void json_out_key(struct json_out *out, struct str key);

/** Appends `value` as a JSON string with its quotes. */
void json_out_quote(struct buf *buf, struct str value);
