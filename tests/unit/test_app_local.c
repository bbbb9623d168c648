/* Commands and SQLite files. */
#include <sqlite3.h>

#include "base/clock.h"
#include "check.h"
#include "flow/program.h"
#include "stage.h"

static struct arena arena;
static struct program_end end;

static void
run(const char *script, const char *input, int64_t timeout, size_t max)
{
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};
	struct program program = {.argv = argv,
		.directory = "/",
		.input = str_of(input),
		.timeout = timeout,
		.output_max = max};

	program_run(&program, &arena, &end);
}

TEST(program, streams_code_and_a_clean_environment)
{
	setenv("GRAPNEL_TOKEN", "s3cret", 1);
	run("cat; pwd; env | sort; echo no >&2; exit 3", "in\n", 20 * SECONDS,
		4096);
	CHECK_INT(end.how, PROGRAM_ENDED);
	CHECK_INT(end.code, 3);
	CHECK_STR(end.errors, STR("no\n"));
	CHECK(str_starts_with(end.output, STR("in\n/\n")));
	CHECK(str_find(end.output, STR("LANG=C.UTF-8")) != SIZE_MAX);
	CHECK(str_find(end.output, STR("s3cret")) == SIZE_MAX);
}

TEST(program, time_and_output_are_limited_for_the_whole_group)
{
	int64_t before = clock_monotonic();

	run("sleep 60 & sleep 60", "", SECONDS / 5, 4096);
	CHECK_INT(end.how, PROGRAM_TIMED_OUT);
	run("while :; do echo more; done", "", 20 * SECONDS, 4096);
	CHECK_INT(end.how, PROGRAM_TOO_MUCH);
	CHECK(end.output.len <= 4096);
	run("exec >&- 2>&-; sleep 60", "", SECONDS / 5, 4096);
	CHECK_INT(end.how, PROGRAM_TIMED_OUT);
	run("kill -9 $$", "", 20 * SECONDS, 4096);
	CHECK_INT(end.how, PROGRAM_KILLED);
	CHECK_INT(end.code, 9);
	CHECK(clock_monotonic() - before < 20 * SECONDS);
}

TEST(program, input_that_nobody_reads_does_no_harm)
{
	size_t len = 1 << 20;
	char *much = malloc(len + 1);

	memset(much, 'x', len);
	much[len] = '\0';
	run("exec <&-; exit 0", much, 20 * SECONDS, 4096);
	CHECK_INT(end.how, PROGRAM_ENDED);
	CHECK_INT(end.code, 0);
	free(much);
}

TEST(program, one_that_is_not_there_is_told)
{
	const char *const argv[] = {"/nonexistent", NULL};
	struct program program = {
		.argv = argv, .directory = "/", .timeout = SECONDS};

	program_run(&program, &arena, &end);
	CHECK_INT(end.how, PROGRAM_UNKNOWN);
	CHECK(end.said.len > 0);
}

static enum failure_kind
command(const char *input)
{
	stage_connect("command", "{\"programs\":[\"/bin/echo\","
				 "\"/bin/false\",\"/bin/sleep\"]}");
	return stage_run("command:Run", "{}", input);
}

TEST(app_command, arguments_are_passed_as_they_are)
{
	stage_begin(NULL, 0);
	CHECK_INT(command("{\"program\":\"/bin/echo\",\"arguments\":"
			  "[\"$(id) ; x\",7]}"),
		FAILURE_NONE);
	CHECK_STR(stage_output("stdout"), STR("$(id) ; x 7\n"));
	CHECK_STR(stage_output("exitCode"), STR("0"));
	stage_end();
}

TEST(app_command, what_is_not_allowed_or_fails_is_told)
{
	static const struct {
		const char *input;
		enum failure_kind kind;
		const char *said;
	} cases[] = {
		{"{\"program\":\"/bin/sh\"}", FAILURE_CONFIGURATION,
			"does not allow it"},
		{"{\"program\":\"echo\"}", FAILURE_CONFIGURATION, "allow"},
		{"{}", FAILURE_DATA, "program: expected"},
		{"{\"program\":\"/bin/echo\",\"arguments\":\"x\"}",
			FAILURE_DATA, "arguments is no JSON"},
		{"{\"program\":\"/bin/echo\",\"arguments\":[\"a\\u0000\"]}",
			FAILURE_DATA, "a NUL is in number 1"},
		{"{\"program\":\"/bin/false\"}", FAILURE_RUNTIME,
			"ended with code 1"},
		{"{\"program\":\"/bin/sleep\",\"arguments\":[60],"
		 "\"timeout\":1}",
			FAILURE_MODULE_TIMEOUT, "took too long"},
	};

	stage_begin(NULL, 0);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CHECK_INT(command(cases[i].input), cases[i].kind);
		stage_check_said(cases[i].said);
	}
	CHECK_INT(command("{\"program\":\"/bin/false\","
			  "\"failOnExit\":false}"),
		FAILURE_NONE);
	stage_end();
}

/* ---- SQL ---- */

static void
connect_file(const char *access)
{
	static char path[500];
	char members[600];
	sqlite3 *handle;

	snprintf(path, sizeof(path), "%s/a.db", check_temp_dir());
	CHECK_INT(sqlite3_open(path, &handle), SQLITE_OK);
	CHECK_INT(sqlite3_exec(handle,
			  "CREATE TABLE server (name TEXT PRIMARY KEY, "
			  "bays INTEGER, seen TEXT); "
			  "INSERT INTO server VALUES ('a', 8, NULL), "
			  "('b', 4, 'x')",
			  NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(handle);
	stage_begin(NULL, 0);
	snprintf(members, sizeof(members),
		"{\"path\":\"%s\",\"access\":\"%s\"}", path, access);
	stage_connect("sql", members);
}

TEST(app_sql, rows_are_read_with_parameters)
{
	connect_file("read");
	CHECK_INT(stage_run("sql:Query", "{}",
			  "{\"query\":\"SELECT name, bays, seen FROM server "
			  "WHERE bays > ? ORDER BY name\","
			  "\"parameters\":[5]}"),
		FAILURE_NONE);
	CHECK_INT(stage.result.count, 1);
	stage_check_bundle(0, "{\"name\":\"a\",\"bays\":8,\"seen\":null}");
	CHECK_INT(stage_run("sql:Query", "{}",
			  "{\"query\":\"SELECT name FROM server\","
			  "\"limit\":1}"),
		FAILURE_NONE);
	CHECK_INT(stage.result.count, 1);
	CHECK_INT(stage_run("sql:Execute", "{}",
			  "{\"query\":\"DELETE FROM server\"}"),
		FAILURE_CONFIGURATION);
	stage_check_said("readonly");
	stage_end();
}

TEST(app_sql, changes_are_made_and_counted)
{
	static const char *insert =
		"{\"query\":\"INSERT INTO server VALUES (:n, :b, NULL) "
		"RETURNING name\",\"parameters\":{\"n\":\"c'; DROP\","
		"\"b\":2}}";

	connect_file("write");
	CHECK_INT(stage_run("sql:Execute", "{}", insert), FAILURE_NONE);
	CHECK_STR(stage_output("changes"), STR("1"));
	CHECK_INT(
		stage_run("sql:Execute", "{}", insert), FAILURE_DUPLICATE_DATA);
	stage_check_said("UNIQUE");
	stage_end();
}

TEST(app_sql, other_files_statements_and_endless_ones_are_refused)
{
	static const struct {
		const char *query;
		enum failure_kind kind;
	} cases[] = {
		{"ATTACH '/tmp/x.db' AS x", FAILURE_CONFIGURATION},
		{"PRAGMA journal_mode=DELETE", FAILURE_CONFIGURATION},
		{"SELECT 1; SELECT 2", FAILURE_DATA},
		{"SELEC 1", FAILURE_DATA},
		{"DELETE FROM server", FAILURE_DATA},
		{"SELECT ?", FAILURE_DATA},
		{"SELECT load_extension('x')", FAILURE_DATA},
		{"SELECT zeroblob(100000000)", FAILURE_DATA},
	};
	char input[300];

	connect_file("write");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		snprintf(input, sizeof(input), "{\"query\":\"%s\"}",
			cases[i].query);
		CHECK_INT(stage_run("sql:Query", "{}", input), cases[i].kind);
	}
	stage_set_timeout(SECONDS / 5);
	CHECK_INT(stage_run("sql:Query", "{}",
			  "{\"query\":\"WITH RECURSIVE n(i) AS (SELECT 1 "
			  "UNION ALL SELECT i+1 FROM n) SELECT count(*) FROM "
			  "n\"}"),
		FAILURE_MODULE_TIMEOUT);
	stage_end();
}

TEST(app_sql, file_that_is_not_there_is_not_made)
{
	stage_begin(NULL, 0);
	stage_connect("sql", "{\"path\":\"/nonexistent/a.db\"}");
	CHECK_INT(stage_run("sql:Query", "{}", "{\"query\":\"SELECT 1\"}"),
		FAILURE_CONFIGURATION);
	stage_connect("sql", "{\"path\":\"a.db\"}");
	CHECK_INT(stage_run("sql:Query", "{}", "{\"query\":\"SELECT 1\"}"),
		FAILURE_CONFIGURATION);
	stage_end();
}
