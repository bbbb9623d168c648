#pragma once
#include "api/keys.h"

/*
 * A thread that tells of keys that will end: an event of type KEY_WATCH_TYPE
 * each time that a key comes within one of the notices of its end. It is
 * written in the same unit as the key's row, which says of which notice there
 * was word last, so that no restart tells twice. A key that is within several
 * of them at once (it is new, or the hub was down) is told of once.
 */
struct ingest;
struct key_watch;

#define KEY_WATCH_TYPE \
	"com.hpe.greenlake.subscriptions.v1.expiring-subscriptions"

enum { KEY_NOTICES_MAX = 8 };

struct key_watch_options {
	struct keys *keys;
	struct ingest *ingest;
	int64_t notices[KEY_NOTICES_MAX]; /* microseconds before the end */
	size_t notice_count;
};

/** "30d,7d", or "none". ERR_INVALID with why. */
enum err key_notices_parse(struct str text, struct key_watch_options *ret,
	struct buf *why) MUST_USE;

/** Tells of all that is due at `now`; how many. Blocks. */
size_t key_watch_look(const struct key_watch_options *options, int64_t now);

/** The keys outlive it; stop before the hub stops. */
struct key_watch *key_watch_start(const struct key_watch_options *options);
void key_watch_stop(struct key_watch *watch);

/** Makes it look now; NULL is harmless. */
void key_watch_wake(struct key_watch *watch);
