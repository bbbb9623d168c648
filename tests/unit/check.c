#include "check.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"

#ifdef __SANITIZE_THREAD__
enum { TIME_LIMIT_SECONDS = 480 }; /* TSan alone makes a test 10 times slower */
#else
enum { TIME_LIMIT_SECONDS = 120 };
#endif

static struct test *first;
static struct test **last = &first;
static char temp_dir[512];
static struct arena kept; /* to the end: no leak, no free */

void
check_register(struct test *test)
{
	*last = test;
	last = &test->next;
}

void
check_failed(const char *file, int line, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "  %s:%d: ", file, line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	_exit(1);
}

const char *
check_data_path(const char *name)
{
	static char path[1024];

	snprintf(path, sizeof(path), "%s/%s", TESTS_DIR, name);
	return path;
}

struct str
check_read_file(const char *path)
{
	FILE *file = fopen(path, "rbe");
	char *bytes;
	long size;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0)
		check_failed(path, 0, "cannot be read");
	size = ftell(file);
	rewind(file);
	bytes = arena_alloc(&kept, (size_t)size + 1);
	if (fread(bytes, 1, (size_t)size, file) != (size_t)size)
		check_failed(path, 0, "cannot be read");
	fclose(file);
	return str_make(bytes, (size_t)size);
}

char *
check_write_file(const char *name, const char *text)
{
	size_t size = strlen(check_temp_dir()) + strlen(name) + 2;
	char *path = arena_alloc(&kept, size);
	FILE *file;

	snprintf(path, size, "%s/%s", check_temp_dir(), name);
	file = fopen(path, "we");

	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
		check_failed(path, 0, "cannot be written");
	return path;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static void
remove_temp_dir(void)
{
	if (temp_dir[0])
		nftw(temp_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *
check_temp_dir(void)
{
	const char *parent = getenv("TMPDIR");

	snprintf(temp_dir, sizeof(temp_dir), "%s/grapnel-test-XXXXXX",
		parent ? parent : "/tmp");
	if (mkdtemp(temp_dir) == NULL)
		check_failed(__FILE__, __LINE__, "no temporary directory");
	return temp_dir;
}

static bool
is_selected(const struct test *test, const char *wanted)
{
	char full[512];

	if (wanted == NULL)
		return true;
	snprintf(full, sizeof(full), "%s/%s", test->suite, test->name);
	return !strcmp(wanted, test->suite) || !strcmp(wanted, full);
}

/** Runs in the child; exits with 0 only when the test came to its end. */
static _Noreturn void
run_in_child(const struct test *test)
{
	alarm(TIME_LIMIT_SECONDS);
	test->run();
	remove_temp_dir();
	fflush(NULL);
	exit(0); /* not _exit: the leak check runs at exit */
}

static bool
run_one(const struct test *test)
{
	int64_t start = clock_monotonic();
	pid_t child;
	int status;

	fflush(NULL);
	child = fork();
	if (child == 0)
		run_in_child(test);
	if (child < 0 || waitpid(child, &status, 0) != child) {
		perror("unit_tests");
		exit(2);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	if (WIFSIGNALED(status))
		printf("not ok %s/%s: %s", test->suite, test->name,
			strsignal(WTERMSIG(status)));
	else
		printf("not ok %s/%s", test->suite, test->name);
	printf(" (%.3f s)\n", (double)(clock_monotonic() - start) / 1e6);
	return false;
}

int
main(int argc, char **argv)
{
	int passed = 0, failed = 0;

	for (struct test *test = first; test; test = test->next) {
		if (!is_selected(test, argc > 1 ? argv[1] : NULL))
			continue;
		if (run_one(test))
			passed++;
		else
			failed++;
	}
	printf("unit: %d passed, %d failed\n", passed, failed);
	return failed || passed == 0 ? 1 : 0;
}
