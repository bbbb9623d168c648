#include "cli/json_command.h"

#include <fcntl.h>
#include <unistd.h>

#include "check.h"

/** Standard output goes to a file from here on; returns its path. */
static char *
catch_output(void)
{
	char *path = check_write_file("output", "");
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	CHECK(fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0);
	close(fd);
	return path;
}

TEST(json_command, each_file_gets_a_line_and_the_worst_makes_the_status)
{
	char *good = check_write_file("good", "{\"a\":1}\n");
	char *bad = check_write_file("bad", "[1,]");
	char *output = catch_output();
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
	char *path = check_write_file("input", "[true");
	char *output = catch_output();
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
	char *good = check_write_file("good", "1");
	char *output = catch_output();
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
