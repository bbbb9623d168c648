#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/explain.h"
#include "store_double.h"

/* What store_open accepts, refuses and leaves alone. */

static void
expect_refusal(const char *directory, enum err expected, const char *part)
{
	struct store_options options = {.directory = directory};
	struct store *store = NULL;
	struct buf why = {0};

	CHECK_INT(store_open(&options, &store, &why), expected);
	CHECK(store == NULL);
	if (str_find(buf_str(&why), str_of(part)) == SIZE_MAX)
		check_failed(__FILE__, __LINE__, "\"%s\" has no \"%s\"",
			buf_text(&why), part);
	buf_release(&why);
}

/** Runs SQL on the database file, which is made if need be. */
static void
run_sql(const char *directory, const char *sql)
{
	char path[1024];
	sqlite3 *handle;

	snprintf(path, sizeof(path), "%s/grapnel.db", directory);
	CHECK_INT(sqlite3_open(path, &handle), SQLITE_OK);
	CHECK_INT(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(handle);
}

TEST(store_open, second_one_is_refused_until_the_first_closes)
{
	const char *directory = check_temp_dir();
	struct store *store = test_store_open(directory);
	char pid[64];

	snprintf(pid, sizeof(pid), "by another process (%ld)", (long)getpid());
	expect_refusal(directory, ERR_BUSY, pid);
	store_close(store);
	store_close(test_store_open(directory));
}

TEST(store_open, lock_of_a_dead_process_does_not_hold)
{
	const char *directory = check_temp_dir();
	pid_t child = fork();

	if (child == 0) {
		(void)test_store_open(directory);
		_exit(0);
	}
	CHECK_INT(waitpid(child, NULL, 0), child);
	store_close(test_store_open(directory));
}

TEST(store_open, folder_may_be_reached_by_a_link)
{
	const char *directory = check_temp_dir();
	char folder[1024], link[1024];

	snprintf(folder, sizeof(folder), "%s/real", directory);
	snprintf(link, sizeof(link), "%s/link", directory);
	CHECK_INT(mkdir(folder, 0700), 0);
	CHECK_INT(symlink(folder, link), 0);
	store_close(test_store_open(link));
	store_close(test_store_open(folder));
}

TEST(store_open, database_that_is_a_link_is_refused)
{
	const char *directory = check_temp_dir();
	char path[1024];

	snprintf(path, sizeof(path), "%s/grapnel.db", directory);
	CHECK_INT(symlink("elsewhere", path), 0);
	expect_refusal(directory, ERR_IO, "grapnel.db");
}

TEST(store_open, missing_folder_is_an_error_with_its_name)
{
	expect_refusal("/nonexistent/folder", ERR_IO, "/nonexistent/folder");
}

TEST(store_open, database_of_another_program_is_left_alone)
{
	const char *directory = check_temp_dir();

	run_sql(directory, "CREATE TABLE t (x)");
	expect_refusal(directory, ERR_INVALID, "another program");
	CHECK_INT(
		test_count(directory, "SELECT count(*) FROM sqlite_schema"), 1);
	CHECK_INT(test_count(directory, "SELECT journal_mode = 'delete' FROM "
					"pragma_journal_mode"),
		1);
}

TEST(store_open, another_application_id_is_refused)
{
	const char *directory = check_temp_dir();

	run_sql(directory,
		"PRAGMA application_id = 7; PRAGMA user_version = 1");
	expect_refusal(directory, ERR_INVALID, "another program");
}

TEST(store_open, later_version_is_refused)
{
	const char *directory = check_temp_dir();

	store_close(test_store_open(directory));
	run_sql(directory, "PRAGMA user_version = 4");
	expect_refusal(directory, ERR_INVALID, "is of version 4");
}

TEST(store_open, file_that_is_no_database_is_refused)
{
	const char *directory = check_temp_dir();
	char path[1024];
	char noise[8192];
	int fd;

	memset(noise, 'x', sizeof(noise));
	snprintf(path, sizeof(path), "%s/grapnel.db", directory);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(write(fd, noise, sizeof(noise)) == (ssize_t)sizeof(noise));
	close(fd);
	expect_refusal(directory, ERR_INVALID, "not a database");
}

TEST(store_open, files_are_for_their_owner_only)
{
	static const char *const names[] = {
		"grapnel.db", "grapnel.db-wal", "grapnel.db-shm", "lock"};
	const char *directory = check_temp_dir();
	struct store *store = test_store_open(directory);

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char path[1024];
		struct stat st;

		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		CHECK_INT(stat(path, &st), 0);
		CHECK_INT(st.st_mode & 0777, 0600);
	}
	store_close(store);
}

TEST(store_open, database_is_marked_as_ours)
{
	const char *directory = check_temp_dir();

	store_close(test_store_open(directory));
	CHECK_INT(test_count(directory, "PRAGMA application_id"), 0x47525031);
	CHECK_INT(test_count(directory, "PRAGMA user_version"), 3);
	CHECK_INT(test_count(directory, "PRAGMA auto_vacuum"), 2);
	CHECK_INT(test_count(directory, "SELECT journal_mode = 'wal' FROM "
					"pragma_journal_mode"),
		1);
}

static bool
check_webhook(void *context, const struct webhook_row *row)
{
	CHECK_INT(row->number, 1);
	CHECK_STR(row->name, STR("tower"));
	CHECK_INT(row->health.window, 5);
	++*(int *)context;
	return true;
}

/** The version 1 fixture's rows by the reads that came with version 2. */
static void
check_pages(struct store *store, struct arena *arena)
{
	struct delivery_query deliveries = {
		.workspace = 1, .webhook = 1, .limit = 10};
	struct event_query events = {
		.workspace = 1, .type = STR("compute-ops/server"), .limit = 10};
	struct delivery_page page;
	struct event_page event_page;

	CHECK_OK(store_deliveries_page(store, &deliveries, arena, &page));
	CHECK_INT(page.count, 2);
	CHECK_INT(page.rows[0].delivery.state, DELIVERY_WAITING);
	CHECK_INT(page.rows[1].delivery.state, DELIVERY_DELIVERED);
	CHECK_OK(store_events_page(store, &events, arena, &event_page));
	CHECK(event_page.count > 0);
}

/* A database that release 0.1.0 left, kept as SQL: old ones stay readable. */
TEST(store_open, version_1_is_opened_and_read)
{
	struct str sql = check_read_file(
		check_data_path("fixtures/store_version_1.sql"));
	const char *directory = check_temp_dir();
	struct arena arena = {0};
	struct store *store;
	struct attempt_view view;
	struct resource_row resource;
	struct store_counters counters;
	int webhooks = 0;

	run_sql(directory, sql.ptr);
	store = test_store_open(directory);
	CHECK_OK(store_counters(store, &counters, NULL));
	CHECK_INT(counters.event, 2);
	CHECK_INT(counters.delivery, 2);
	CHECK_INT(counters.webhook, 4); /* 4 was removed */
	CHECK_OK(store_resource(store, 1, STR("compute-ops/server"),
		STR("875765-S01+SGH1"), &arena, &resource));
	CHECK_INT(resource.last, 2);
	CHECK_OK(store_attempt(store, 1, 1, 0, &arena, &view));
	CHECK_INT(view.attempt.status, 201);
	CHECK_INT(view.delivery.state, DELIVERY_DELIVERED);
	CHECK_STR(view.event.type_as_received, STR("compute-ops-mgmt/server"));
	CHECK_STR(view.event.body, STR("{\"power\":\"ON\"}"));
	CHECK_INT(test_waiting_first(store, 1), 1);
	CHECK_OK(store_each_webhook(store, &arena, check_webhook, &webhooks));
	CHECK_INT(webhooks, 1);
	check_pages(store, &arena);
	store_close(store);
	arena_release(&arena);
	/* Brought up to the present one, and able to give space back. */
	CHECK_INT(test_count(directory, "PRAGMA user_version"), 3);
	CHECK_INT(test_count(directory, "PRAGMA auto_vacuum"), 2);
}

/* What the release with version 2 leaves. */
TEST(store_open, version_2_is_opened_and_read)
{
	struct str sql = check_read_file(
		check_data_path("fixtures/store_version_2.sql"));
	const char *directory = check_temp_dir();
	struct arena arena = {0};
	struct store *store;

	run_sql(directory, sql.ptr);
	store = test_store_open(directory);
	check_pages(store, &arena);
	store_close(store);
	arena_release(&arena);
	CHECK_INT(test_count(directory, "PRAGMA user_version"), 3);
	CHECK_INT(test_count(directory, "SELECT count(*) FROM tried_blocks"),
		test_count(directory,
			"SELECT count(*) FROM (SELECT DISTINCT"
			" webhook, delivery / 128 FROM attempts)"));
	/* Every release before wrote rows of resources at once. */
	CHECK_INT(test_count(directory, "SELECT resources_to FROM marks, events"
					" WHERE sequence = resources_to"),
		test_count(directory, "SELECT max(sequence) FROM events"));
}
