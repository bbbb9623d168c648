#pragma once
#include "base/buf.h"

/*
 * UUIDs (RFC 9562). Two kinds are made here:
 * version 4, random, for things that are few (webhooks, keys);
 * version 7 built from a creation time and a sequence number, for things that
 * are many (events, deliveries). The latter gives the number back, so looking
 * such a thing up needs no index over its id.
 */
struct uuid {
	uint8_t bytes[16];
};

enum { UUID_TEXT_LEN = 36, UUID_TEXT_SIZE = 37 };

struct uuid uuid_random(void);

/** `sequence` < 2^62; `created` in microseconds since 1970, >= 0. */
struct uuid uuid_from_sequence(int64_t created, uint64_t sequence);

/** The sequence of a version 7 id made above (any other gives noise). */
uint64_t uuid_sequence(struct uuid uuid);

/** Milliseconds since 1970 of a version 7 id. */
int64_t uuid_milliseconds(struct uuid uuid);

/** 8-4-4-4-12 hex digits in either case; else ERR_INVALID. */
enum err uuid_parse(struct str text, struct uuid *ret) MUST_USE;

/** Lower case with hyphens. Returns `text`. */
const char *uuid_format(struct uuid uuid, char text[UUID_TEXT_SIZE]);

void uuid_append(struct buf *out, struct uuid uuid);

bool uuid_equal(struct uuid a, struct uuid b);
