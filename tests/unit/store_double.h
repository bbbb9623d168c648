#pragma once
#include "base/clock.h"
#include "check.h"
#include "store/store.h"

/*
 * What the store's tests share: stores in temporary folders, rows with usual
 * values, units of them, and looking at the result.
 */
enum { TEST_TIME = 1700000000 };
#define TEST_NOW (TEST_TIME * SECONDS)

struct store *test_store_open(const char *directory);

/** A PUT's event: its id is ours. The body is "{…sequence…}". */
struct event_row test_event(uint64_t sequence, struct arena *arena);
struct resource_row test_resource(const char *id, uint64_t last);
struct delivery_row test_delivery(
	uint64_t sequence, uint64_t event, uint64_t webhook);
struct attempt_row test_attempt(
	uint64_t delivery, uint32_t number, uint64_t webhook, int64_t started);
struct webhook_row test_webhook(uint64_t number);

/** Commits one unit and gives its result; the commit itself must succeed. */
enum err test_commit(
	struct store *store, const struct store_change *changes, size_t count);

/** A unit that must succeed. */
#define TEST_COMMIT(store, ...) \
	do { \
		const struct store_change changes_[] = {__VA_ARGS__}; \
		CHECK_OK(test_commit(store, changes_, COUNT_OF(changes_))); \
	} while (0)

/** One whose change number `at` must conflict. */
#define TEST_CONFLICT(store, at, ...) \
	do { \
		const struct store_change changes_[] = {__VA_ARGS__}; \
		CHECK_INT(test_conflict(store, changes_, COUNT_OF(changes_)), \
			at); \
	} while (0)
size_t test_conflict(
	struct store *store, const struct store_change *changes, size_t count);

#define ADD_EVENT(row_) \
	{ \
		.kind = STORE_EVENT_ADD, .event = (row_) \
	}
#define SET_RESOURCE(row_, expected_) \
	{ \
		.kind = STORE_RESOURCE_SET, .resource = (row_), \
		.expected = (expected_) \
	}
#define ADD_DELIVERY(row_) \
	{ \
		.kind = STORE_DELIVERY_ADD, .delivery = (row_) \
	}
#define SET_DELIVERY(row_) \
	{ \
		.kind = STORE_DELIVERY_SET, .delivery = (row_) \
	}
#define ADD_ATTEMPT(row_) \
	{ \
		.kind = STORE_ATTEMPT_ADD, .attempt = (row_) \
	}
#define ADD_WEBHOOK(row_) \
	{ \
		.kind = STORE_WEBHOOK_ADD, .webhook = (row_) \
	}
#define SET_WEBHOOK(row_) \
	{ \
		.kind = STORE_WEBHOOK_SET, .webhook = (row_) \
	}
#define REMOVE_WEBHOOK(number_) \
	{ \
		.kind = STORE_WEBHOOK_REMOVE, .webhook_number = (number_) \
	}

/** Number of rows by a query straight on the database file. */
int64_t test_count(const char *directory, const char *sql);

/** The attempts in the database file, in rows of their own and in packs. */
int64_t test_count_attempts(const char *directory);

/** Numbers of rows that reads give. */
size_t test_waiting_first(struct store *store, uint64_t webhook);
size_t test_waiting_retries(struct store *store, uint64_t webhook);
