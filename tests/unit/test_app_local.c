/* Commands and SQLite files. */
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* A time to sleep for that nobody else on this machine sleeps for. */
static char mark[32];

static const char *
marked(const char *script)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct str rest = str_of(script);

	snprintf(mark, sizeof(mark), "1234.%d", (int)getpid());
	while (rest.ptr != NULL) {
		buf_append(&text, str_split(&rest, '~'));
		if (rest.ptr != NULL)
			buf_append(&text, str_of(mark));
	}
	return arena_copy(&arena, buf_str(&text)).ptr;
}

/** Whether the file has the mark. */
static bool
has_mark(const char *path)
{
	char text[256];
	FILE *file = fopen(path, "re");
	size_t len = file ? fread(text, 1, sizeof(text), file) : 0;

	if (file)
		fclose(file);
	return str_find(str_make(text, len), str_of(mark)) != SIZE_MAX;
}

/** Programs that run with the mark among their arguments. */
static size_t
count_marked(void)
{
	glob_t found;
	size_t count = 0;

	CHECK_INT(glob("/proc/[0-9]*/cmdline", GLOB_NOSORT, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++)
		count += has_mark(found.gl_pathv[i]);
	globfree(&found);
	return count;
}

static void
wait_for_marked(size_t count)
{
	int64_t deadline = clock_monotonic() + 30 * SECONDS;

	while (count_marked() != count) {
		CHECK(clock_monotonic() < deadline);
		sched_yield();
	}
}

TEST(program, what_it_leaves_behind_ends_with_it)
{
	/* In a session of its own, orphaned twice, its streams closed; and one
	   that keeps them. */
	run(marked("setsid sh -c 'sleep ~ >&- 2>&- & sleep ~ & exit' & "
		   "sleep ~ & wait %1; echo done"),
		"", 20 * SECONDS, 4096);
	CHECK_INT(end.how, PROGRAM_ENDED);
	CHECK_STR(end.output, STR("done\n"));
	CHECK_INT(count_marked(), 0);
	/* The same when it is killed for its time, and ignores to be asked. */
	run(marked("trap '' TERM HUP INT; setsid sleep ~ & sleep ~"), "",
		SECONDS / 2, 4096);
	CHECK_INT(end.how, PROGRAM_TIMED_OUT);
	CHECK_INT(count_marked(), 0);
}

TEST(program, it_ends_when_we_are_killed)
{
	const char *script = marked("setsid sleep ~ & sleep ~");
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		run(script, "", 60 * SECONDS, 4096);
		_exit(0);
	}
	/* The shell, and both of its own. */
	wait_for_marked(3);
	kill(pid, SIGKILL);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
	wait_for_marked(0);
}

TEST(program, floods_of_errors_and_output_are_cut_and_ended)
{
	run("exec >&2; while :; do echo more; done", "", 20 * SECONDS, 4096);
	CHECK_INT(end.how, PROGRAM_TOO_MUCH);
	CHECK(end.errors.len <= 4096 && end.output.len == 0);
	run("setsid sh -c 'while :; do echo more; done' & wait", "",
		20 * SECONDS, 4096);
	CHECK_INT(end.how, PROGRAM_TOO_MUCH);
}

TEST(program, nothing_but_its_streams_is_open_and_its_input_ends)
{
	int leak = open("/dev/null", O_RDONLY); /* not close-on-exec */

	run("ls /proc/self/fd | wc -l; cat; readlink /proc/self/fd/0", "",
		20 * SECONDS, 4096);
	CHECK_INT(end.how, PROGRAM_ENDED);
	/* 0, 1, 2 and the folder that ls reads. */
	CHECK(str_starts_with(end.output, STR("4\nsocket:")));
	close(leak);
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

TEST(app_sql, endless_rows_of_numbers_are_too_much)
{
	connect_file("read");
	/* They have no text that would count, and all are wanted. */
	CHECK_INT(stage_run("sql:Execute", "{}",
			  "{\"query\":\"WITH RECURSIVE c(n) AS (SELECT 1 "
			  "UNION ALL SELECT n + 1 FROM c) SELECT n FROM c "
			  "LIMIT 1000000\"}"),
		FAILURE_MAX_FILE_SIZE);
	stage_check_said("values");
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
