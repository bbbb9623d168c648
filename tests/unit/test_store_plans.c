#include <regex.h>
#include <sqlite3.h>

#include "store/sqlite_packed.h"
#include "store/sqlite_row.h"
#include "store_double.h"

/*
 * How SQLite goes about each statement. INDEXED BY fails at the start when an
 * index is lost; a search by keys is only seen in the plan.
 */

struct statement {
	const char *name;
	const char *text;
};

static const struct statement statements[] = {
#define SQL(who, name, text) {#name, text},
#include "store/sqlite_sql.def"
#undef SQL
};

static sqlite3 *handle;
static struct sqlite_db db;

static void
begin(void)
{
	const char *directory = check_temp_dir();
	char path[1024];

	store_close(test_store_open(directory));
	snprintf(path, sizeof(path), "%s/grapnel.db", directory);
	CHECK_INT(sqlite3_open(path, &handle), SQLITE_OK);
	db = (struct sqlite_db){.handle = handle};
	CHECK_OK(sqlite_packed_register(&db, NULL));
}

/** NULL: it reads what only the writer has (sqlite_feed.h, outcome()). */
static sqlite3_stmt *
prepare(const struct statement *statement, const char *explain)
{
	sqlite3_stmt *stmt = NULL;
	char *text = sqlite3_mprintf("%s %s", explain, statement->text);

	if (sqlite3_prepare_v2(handle, text, -1, &stmt, NULL) != SQLITE_OK) {
		const char *why = sqlite3_errmsg(handle);

		if (!strstr(why, "no such table: new_") &&
			!strstr(why, "no such function: outcome"))
			check_failed(__FILE__, __LINE__, "%s: %s",
				statement->name, why);
	}
	sqlite3_free(text);
	return stmt;
}

/** How many lines of the plan the pattern matches. */
static int
count_in_plan(const struct statement *statement, const char *pattern)
{
	sqlite3_stmt *stmt = prepare(statement, "EXPLAIN QUERY PLAN");
	regex_t regex;
	int count = 0;

	CHECK_INT(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	while (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
		const char *line = (const char *)sqlite3_column_text(stmt, 3);

		count += regexec(&regex, line, 0, NULL, 0) == 0;
	}
	regfree(&regex);
	sqlite3_finalize(stmt);
	return count;
}

static const struct statement *
find(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(statements); i++) {
		if (strcmp(statements[i].name, name) == 0)
			return &statements[i];
	}
	check_failed(__FILE__, __LINE__, "no statement %s", name);
	return NULL;
}

TEST(store_plans, no_statement_reads_all_events_deliveries_or_attempts)
{
	static const struct statement whole = {
		"whole", "SELECT * FROM events e WHERE e.subject = 'a'"};
	const char *pattern =
		"^SCAN (events|deliveries|attempts|attempt_packs|[adeo])$";

	begin();
	CHECK_INT(count_in_plan(&whole, pattern), 1);
	for (size_t i = 0; i < COUNT_OF(statements); i++) {
		/* A subquery may have the name of a table's row. */
		int subqueries = count_in_plan(
			&statements[i], "^(CO-ROUTINE|MATERIALIZE) [adeo]$");

		if (count_in_plan(&statements[i], pattern) != subqueries)
			check_failed(__FILE__, __LINE__, "%s reads all",
				statements[i].name);
	}
	sqlite3_close(handle);
}

/** Steps of SQLite's machine for the oldest due of so many webhooks. */
static int
steps_for_oldest_due(int webhooks)
{
	sqlite3_stmt *stmt;
	char fill[512];
	int steps;

	snprintf(fill, sizeof(fill),
		"DELETE FROM deliveries; WITH RECURSIVE n(i) AS (SELECT 1"
		" UNION ALL SELECT i + 1 FROM n WHERE i < 2 * %d)"
		" INSERT INTO deliveries (sequence, workspace, event, webhook,"
		" state, attempts, due, created, updated, reason)"
		" SELECT i, 1, i, i / 2, 0, i %% 2, 5 + i, 1, 1, '' FROM n",
		webhooks);
	CHECK_INT(sqlite3_exec(handle, fill, NULL, NULL, NULL), SQLITE_OK);
	stmt = prepare(find("OLDEST_DUE"), "");
	CHECK_INT(sqlite3_step(stmt), SQLITE_ROW);
	CHECK_INT(sqlite3_column_int64(stmt, 0), 6);
	steps = sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_VM_STEP, 0);
	sqlite3_finalize(stmt);
	return steps;
}

TEST(store_plans, how_late_the_oldest_is_costs_the_same_for_any_number)
{
	begin();
	CHECK_INT(steps_for_oldest_due(1000), steps_for_oldest_due(10));
	sqlite3_close(handle);
}

TEST(store_plans, events_of_a_type_are_walked_over_in_their_order)
{
	static const char *const names[] = {"EVENTS_OF_TYPE", "AUDIT_PAGE"};

	begin();
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const struct statement *statement = find(names[i]);

		CHECK_INT(count_in_plan(statement, "TEMP B-TREE"), 0);
		CHECK_INT(count_in_plan(statement,
				  "^SEARCH b USING PRIMARY KEY \\(type=\\? AND "
				  "block>\\? AND block<\\?\\)"),
			1);
		CHECK_INT(count_in_plan(statement,
				  "^SEARCH e USING INTEGER PRIMARY KEY "
				  "\\(rowid>\\? AND rowid<\\?\\)"),
			1);
	}
	sqlite3_close(handle);
}

TEST(store_plans, attempts_of_a_delivery_are_at_their_place_or_apart)
{
	static const char *const names[] = {"ATTEMPT", "ATTEMPTS_OF",
		"RETAIN_ATTEMPTS", "PURGE_ATTEMPTS", "ATTEMPTS_SHOWN"};

	begin();
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const struct statement *statement = find(names[i]);

		CHECK(count_in_plan(statement,
			      "^SEARCH (attempts|a) USING INTEGER PRIMARY KEY "
			      "\\(rowid=\\?\\)") > 1);
		CHECK_INT(count_in_plan(statement,
				  "^SEARCH (attempts|a) USING COVERING INDEX "
				  "attempts_apart \\(delivery=\\?"),
			1);
	}
	sqlite3_close(handle);
}

TEST(store_plans, packs_are_looked_for_in_a_stretch)
{
	static const char *const names[] = {
		"PACKS_AT", "RETAIN_PACK", "PURGE_PACKS"};

	begin();
	for (size_t i = 0; i < COUNT_OF(names); i++)
		CHECK_INT(count_in_plan(find(names[i]),
				  "^SEARCH attempt_packs USING INTEGER PRIMARY "
				  "KEY \\(rowid>\\? AND rowid<\\?\\)"),
			1);
	sqlite3_close(handle);
}

TEST(store_plans, tried_deliveries_of_a_webhook_are_walked_over_in_their_order)
{
	static const char *const names[] = {"ATTEMPTS_SHOWN", "WALK_WEBHOOK"};

	begin();
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const struct statement *statement = find(names[i]);

		CHECK_INT(
			count_in_plan(statement, "^SEARCH b USING PRIMARY KEY "
						 "\\(webhook=\\?"),
			1);
		CHECK_INT(count_in_plan(statement,
				  "^SEARCH d USING INTEGER PRIMARY KEY "
				  "\\(rowid>\\? AND rowid<\\?\\)"),
			1);
	}
	/* Those of parts that are put together; a walk needs none. */
	CHECK_INT(count_in_plan(find("ATTEMPTS_SHOWN"), "TEMP B-TREE"), 2);
	CHECK_INT(count_in_plan(find("WALK_WEBHOOK"), "TEMP B-TREE"), 4);
	sqlite3_close(handle);
}

TEST(store_plans, deliveries_of_an_event_are_a_stretch_and_an_index)
{
	static const char *const names[] = {"DELIVERIES_OF_EVENT", "WALK_EVENT",
		"DELIVERY_TO", "RETAIN_OF_EVENT", "RETAIN_CHECK",
		"RETAIN_EVENT", "RETAIN_EVENTS"};

	begin();
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const struct statement *statement = find(names[i]);
		int stretches = count_in_plan(statement,
			"^SEARCH d USING INTEGER PRIMARY KEY "
			"\\(rowid>\\? AND rowid<\\?\\)");

		CHECK(stretches > 0);
		CHECK_INT(count_in_plan(statement,
				  "^SEARCH d USING (COVERING )?INDEX "
				  "deliveries_apart"),
			stretches);
	}
	sqlite3_close(handle);
}
