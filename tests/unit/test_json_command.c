#include "cli/json_command.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/arena.h"
#include "check.h"

static char *
put_file(const char *dir, const char *name, const char *text)
{
	static struct arena paths;
	char *path = arena_alloc(&paths, 1024);
	FILE *file;

	snprintf(path, 1024, "%s/%s", dir, name);
	file = fopen(path, "we");
	CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
	return path;
}

/** Standard output goes to a file from here on; returns its path. */
static char *
catch_output(const char *dir)
{
	char *path = put_file(dir, "output", "");
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	CHECK(fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0);
	close(fd);
	return path;
}

TEST(json_command, each_file_gets_a_line_and_the_worst_makes_the_status)
{
	const char *dir = check_temp_dir();
	char *good = put_file(dir, "good", "{\"a\":1}\n");
	char *bad = put_file(dir, "bad", "[1,]");
	char *output = catch_output(dir);
	char *both[] = {good, bad, good};
	char expected[2048];
	struct str got;

	CHECK_INT(json_command_check(1, &good), 0);
	CHECK_INT(json_command_check(3, both), 1);
	fflush(stdout);
	snprintf(expected, sizeof(expected),
		"%s: valid\n%s: valid\n"
		"%s: invalid: line 1 column 4: expected a value\n"
		"%s: valid\n",
		good, good, bad, good);
	got = check_read_file(output);
	CHECK_STR(got, str_of(expected));
}

TEST(json_command, a_dash_is_standard_input)
{
	const char *dir = check_temp_dir();
	char *path = put_file(dir, "input", "[true");
	char *output = catch_output(dir);
	char dash[] = "-";
	char *files[] = {dash};
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0 && dup2(fd, STDIN_FILENO) >= 0);
	CHECK_INT(json_command_check(1, files), 1);
	fflush(stdout);
	CHECK_STR(check_read_file(output),
		STR("-: invalid: line 1 column 6: expected ',' or ']', found "
		    "the end of the text\n"));
}

TEST(json_command, a_file_that_cannot_be_read_is_status_2)
{
	const char *dir = check_temp_dir();
	char *good = put_file(dir, "good", "1");
	char *output = catch_output(dir);
	char missing[] = "/nonexistent/file.json";
	char *files[] = {missing, good};
	char *folder[] = {(char *)(uintptr_t)dir};
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	CHECK(dup2(null, STDERR_FILENO) >= 0);
	CHECK_INT(json_command_check(2, files), 2);
	CHECK_INT(json_command_check(1, folder), 2);
	CHECK_INT(json_command_check(0, NULL), 2);
	fflush(stdout);
	CHECK(str_ends_with(check_read_file(output), STR("good: valid\n")));
}
