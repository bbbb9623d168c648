#pragma once
#include "store/store.h"

/*
 * What hooks remember beyond a restart: how often what happened to them, and
 * the ids of requests they have seen, which are stored with the request.
 */
enum { HOOK_ID_LEN = 16 /* bytes of an id's digest */ };

/** A store_change of kind STORE_HOOK; none conflicts. */
struct hook_change {
	enum {
		HOOK_RAISE,  /* `name` by `count` */
		HOOK_COUNT,  /* `name` is at least `count` */
		HOOK_SEEN,   /* `id` at `at`; some of those seen before
				`forget_before` are forgotten */
		HOOK_FORGET, /* everything: the hook is gone */
	} what;
	struct str hook; /* object id */
	struct str name; /* "accepted", "refused:signature", … */
	uint64_t count;
	int64_t at; /* wall clock */
	struct str id;
	int64_t forget_before;
};

struct hook_count_row {
	struct str name;
	uint64_t count;
	int64_t last;
};
struct hook_count_list { /* an array in the arena */
	struct hook_count_row *rows;
	size_t count;
};

struct hook_seen_row {
	struct str id;
	int64_t at;
};
struct hook_seen_list {
	struct hook_seen_row *rows;
	size_t count;
};

enum { HOOK_COUNTS_MAX = 64 };

enum err store_hook_counts(struct store *store, struct str hook,
	struct arena *arena, struct hook_count_list *ret) MUST_USE;

/** Those since a time, the newest first, `limit` at most. */
struct hook_seen_query {
	struct str hook;
	int64_t since;
	size_t limit;
};
enum err store_hook_seen(struct store *store,
	const struct hook_seen_query *query, struct arena *arena,
	struct hook_seen_list *ret) MUST_USE;
