#include "store_double.h"

#include <sqlite3.h>

#include "store/attempt_pack.h"

#ifdef __SANITIZE_THREAD__
#define HAS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HAS_TSAN 1
#endif
#endif

#ifdef HAS_TSAN
/*
 * SQLite's connections share the log's index in mapped memory, read without
 * locks and checked by a checksum. The library is not instrumented, but its
 * memcpy is seen, and of its mutexes those that it leaves in a last call.
 */
const char *__tsan_default_suppressions(void);
const char *
__tsan_default_suppressions(void)
{
	return "called_from_lib:libsqlite3.so\n"
	       "mutex:pass_shm_barrier\n";
}
#endif

struct store *
test_store_open(const char *directory)
{
	struct store_options options = {.directory = directory};
	struct buf why = {0};
	struct store *store = NULL;

	if (store_open(&options, &store, &why))
		check_failed(__FILE__, __LINE__, "%s", buf_text(&why));
	return store;
}

struct event_row
test_event(uint64_t sequence, struct arena *arena)
{
	struct event_row row = {
		.sequence = sequence,
		.workspace = WORKSPACE_DEFAULT,
		.source = STR("/v1/resources"),
		.type = STR("compute-ops/server"),
		.type_as_received = STR("compute-ops-mgmt/server"),
		.subject = STR("a+b"),
		.operation = OPERATION_UPDATED,
		.time = TEST_NOW,
		.accepted = TEST_NOW + (int64_t)sequence,
		.publisher = STR("gk_1"),
		.matched = 1,
	};
	char text[UUID_TEXT_SIZE];

	uuid_format(uuid_from_sequence(row.accepted, sequence), text);
	row.id = arena_copy(arena, str_of(text));
	row.body = arena_printf(
		arena, "{\"n\":%llu}", (unsigned long long)sequence);
	return row;
}

struct resource_row
test_resource(const char *id, uint64_t last)
{
	return (struct resource_row){
		.workspace = WORKSPACE_DEFAULT,
		.type = STR("compute-ops/server"),
		.id = str_of(id),
		.last = last,
		.updated = TEST_NOW,
	};
}

struct delivery_row
test_delivery(uint64_t sequence, uint64_t event, uint64_t webhook)
{
	return (struct delivery_row){
		.sequence = sequence,
		.workspace = WORKSPACE_DEFAULT,
		.event = event,
		.webhook = webhook,
		.state = DELIVERY_WAITING,
		.due = TEST_NOW + (int64_t)sequence,
		.created = TEST_NOW,
		.updated = TEST_NOW,
	};
}

struct attempt_row
test_attempt(
	uint64_t delivery, uint32_t number, uint64_t webhook, int64_t started)
{
	return (struct attempt_row){
		.delivery = delivery,
		.number = number,
		.webhook = webhook,
		.started = started,
		.ended = started + 5 * MILLISECONDS,
		.status = 204,
		.is_acknowledged = true,
		.destination = STR("https://example.org/hook"),
		.request_head = STR("POST /hook HTTP/1.1\r\n"),
		.response_head = STR("HTTP/1.1 204 No Content\r\n"),
		.response_body = STR("a\0b"),
		.first_byte = 4321,
	};
}

struct webhook_row
test_webhook(uint64_t number)
{
	struct webhook_row row = {
		.number = number,
		.workspace = WORKSPACE_DEFAULT,
		.revision = 1,
		.dialect = STR("com"),
		.name = STR("hook"),
		.destination = STR("https://example.org/hook"),
		.filter = STR("type eq 'compute-ops/server'"),
		.health = {.state = WEBHOOK_ENABLED, .status = WEBHOOK_ACTIVE},
		.status_reason = STR("good"),
		.generation = 1,
		.created = TEST_NOW,
		.updated = TEST_NOW,
		.options = STR("{}"),
		.sealed = STR("\1\0\2"),
	};

	row.id.bytes[15] = (uint8_t)number;
	return row;
}

static enum err
commit(struct store *store, struct store_unit *unit)
{
	struct store_unit *units[] = {unit};
	struct buf why = {0};

	if (store_commit(store, units, 1, &why))
		check_failed(__FILE__, __LINE__, "%s", buf_text(&why));
	buf_release(&why);
	return unit->result;
}

enum err
test_commit(
	struct store *store, const struct store_change *changes, size_t count)
{
	struct store_unit unit = {.changes = changes, .count = count};

	return commit(store, &unit);
}

size_t
test_conflict(
	struct store *store, const struct store_change *changes, size_t count)
{
	struct store_unit unit = {.changes = changes, .count = count};

	CHECK_INT(commit(store, &unit), ERR_CONFLICT);
	return unit.conflicted;
}

int64_t
test_count(const char *directory, const char *sql)
{
	char path[1024];
	sqlite3 *handle;
	sqlite3_stmt *stmt;
	int64_t count;

	snprintf(path, sizeof(path), "%s/grapnel.db", directory);
	CHECK_INT(sqlite3_open(path, &handle), SQLITE_OK);
	CHECK_INT(sqlite3_prepare_v2(handle, sql, -1, &stmt, NULL), SQLITE_OK);
	CHECK_INT(sqlite3_step(stmt), SQLITE_ROW);
	count = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(handle);
	return count;
}

/** Those of one pack, each looked for by its delivery. */
static int64_t
count_packed(sqlite3_stmt *stmt)
{
	struct str bytes = {sqlite3_column_blob(stmt, 3),
		(size_t)sqlite3_column_bytes(stmt, 3)};
	int64_t count = 0;

	for (int64_t at = sqlite3_column_int64(stmt, 0);
		at <= sqlite3_column_int64(stmt, 1); at++) {
		CLEANUP(arena_release) struct arena arena = {0};
		struct attempt_row row;
		enum err err =
			attempt_pack_find(bytes, 1, (uint64_t)at, &arena, &row);

		CHECK(err == ERR_OK || err == ERR_NOT_FOUND);
		count += err == ERR_OK;
	}
	return count;
}

int64_t
test_count_attempts(const char *directory)
{
	int64_t count = test_count(directory, "SELECT count(*) FROM attempts");
	char path[1024];
	sqlite3 *handle;
	sqlite3_stmt *stmt;

	snprintf(path, sizeof(path), "%s/grapnel.db", directory);
	CHECK_INT(sqlite3_open(path, &handle), SQLITE_OK);
	CHECK_INT(sqlite3_prepare_v2(handle, "SELECT * FROM attempt_packs", -1,
			  &stmt, NULL),
		SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW)
		count += count_packed(stmt);
	sqlite3_finalize(stmt);
	sqlite3_close(handle);
	return count;
}

size_t
test_waiting_first(struct store *store, uint64_t webhook)
{
	struct arena arena = {0};
	struct delivery_list list;

	CHECK_OK(store_waiting_first(store, webhook, 0, 1000, &arena, &list));
	arena_release(&arena);
	return list.count;
}

size_t
test_waiting_retries(struct store *store, uint64_t webhook)
{
	struct arena arena = {0};
	struct delivery_list list;

	CHECK_OK(store_waiting_retries(
		store, webhook, (struct retry_place){0}, 1000, &arena, &list));
	arena_release(&arena);
	return list.count;
}
