#pragma once
#include "flow/hook_options.h"

/*
 * Private to hook_options*.c: reading values, the members, those that say who
 * may, and writing.
 */
enum {
	HOOK_DEDUPE_COUNT = HOOK_DEDUPE_BODY + 1,
	HOOK_HASH_COUNT = HASH_SHA512 + 1,
	HOOK_ENCODING_COUNT = INBOUND_BASE64 + 1,
};

/* By their enums. */
extern const char *const hook_dedupe_names[HOOK_DEDUPE_COUNT];
extern const char *const hook_hash_names[HOOK_HASH_COUNT];
extern const char *const hook_encoding_names[HOOK_ENCODING_COUNT];

/* ---- reading ---- */

struct hook_reader {
	struct hook_options *options;
	struct hook_options defaults;
	struct webhook_issues *issues;
};

/* Without a function: a member that is only told. */
struct hook_member {
	const char *name;
	void (*read)(struct hook_reader *reader, struct json value);
};

/* What is wrong becomes an issue. Those that say whether there was a value
   leave `ret` alone when it is null or wrong. */

/** Null is false. */
void hook_read_boolean(struct hook_reader *reader, const char *field,
	struct json value, bool *ret);
/** Within `range`, both ends included. */
bool hook_read_integer(struct hook_reader *reader, const char *field,
	struct json value, const int64_t range[2], int64_t *ret);
bool hook_read_text(struct hook_reader *reader, const char *field,
	struct json value, size_t max, struct str *ret);
bool hook_read_duration(struct hook_reader *reader, const char *field,
	struct json value, int64_t *ret);
bool hook_read_name(struct hook_reader *reader, const char *field,
	struct json value, const char *const *names, size_t count, size_t *ret);
/** An array of at most maxima[0] texts of 1 to maxima[1] bytes, which may be
 * secret and are not told in issues. Null is none. */
const struct str *hook_read_texts(struct hook_reader *reader, const char *field,
	struct json value, const size_t maxima[2], size_t *ret_count);
/** Each member by its row; others are issues. */
void hook_read_members(struct hook_reader *reader, const char *place,
	struct json object, const struct hook_member *rows, size_t count);

/* The members of hook_options_auth.c. */

void hook_read_signature(struct hook_reader *reader, struct json value);
void hook_read_api_keys(struct hook_reader *reader, struct json value);
void hook_read_basic(struct hook_reader *reader, struct json value);
void hook_read_allowed(struct hook_reader *reader, struct json value);
void hook_read_proxies(struct hook_reader *reader, struct json value);
