#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/sqlite_mover.h"
#include "store_double.h"

/* Moving the log into the database beside commits. */

enum { LOG_PAGES = 20, BODY = 9000 };

static off_t
size_of(const char *directory, const char *name)
{
	char path[1024];
	struct stat stat_of;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return stat(path, &stat_of) == 0 ? stat_of.st_size : 0;
}

static void
commit_event(struct store *store, uint64_t sequence)
{
	struct arena arena = {0};
	struct event_row event = test_event(sequence, &arena);

	event.body = str_make(arena_alloc(&arena, BODY), BODY);
	TEST_COMMIT(store, ADD_EVENT(&event));
	arena_release(&arena);
}

/** What its header has of a log begun anew: another salt. */
static uint64_t
salt_of(const char *directory)
{
	uint64_t header[4] = {0};
	char path[1024];
	FILE *file;

	snprintf(path, sizeof(path), "%s/grapnel.db-wal", directory);
	file = fopen(path, "rbe");
	CHECK(file != NULL);
	CHECK_INT(fread(header, sizeof(header), 1, file), 1);
	fclose(file);
	return header[2];
}

/** Asks it to move the log, and waits until it has tried. */
static unsigned
move(struct sqlite_mover *mover)
{
	sqlite_mover_ask(mover);
	while (sqlite_mover_is_under_way(mover))
		sched_yield();
	return sqlite_mover_moved(mover);
}

TEST(store_mover, log_begins_anew_while_commits_go_on)
{
	const char *directory = check_temp_dir();
	struct store_options options = {
		.directory = directory, .log_pages = LOG_PAGES};
	struct store *store;
	uint64_t commits = 0;

	CHECK_OK(store_open(&options, &store, NULL));
	for (int times = 0; times < 3; times++) {
		uint64_t before;

		commit_event(store, ++commits);
		before = salt_of(directory);
		while (salt_of(directory) == before)
			commit_event(store, ++commits);
	}
	CHECK(commits > LOG_PAGES / 4);
	CHECK(size_of(directory, "grapnel.db") > 0);
	store_close(store);
	CHECK_INT(size_of(directory, "grapnel.db-wal"), 0);
	CHECK_INT(
		test_count(directory, "SELECT count(*) FROM events"), commits);
	CHECK_INT(test_count(directory, "SELECT integrity_check = 'ok' FROM "
					"pragma_integrity_check"),
		1);
}

TEST(store_mover, moves_what_is_in_the_log_when_asked)
{
	const char *directory = check_temp_dir();
	struct store *store = test_store_open(directory);
	struct sqlite_mover *mover;
	char path[1024];
	off_t before;
	int fd;

	snprintf(path, sizeof(path), "%s/grapnel.db", directory);
	fd = open(path, O_RDWR | O_CLOEXEC);
	CHECK_OK(sqlite_mover_start(path, fd, &mover, NULL));
	for (uint64_t i = 1; i <= 10; i++)
		commit_event(store, i);
	before = size_of(directory, "grapnel.db");
	CHECK(!sqlite_mover_is_under_way(mover));
	CHECK(move(mover) > 10 * BODY / 4096);
	CHECK(size_of(directory, "grapnel.db") > before);
	sqlite_mover_stop(mover);
	store_close(store);
	close(fd);
}

/*
 * As a writer of another process that stopped while it wrote the head of the
 * log's index: of its two copies one is new (byte 48 begins the second), and
 * the writer's lock is taken (byte 120). See SQLite's "WAL-mode File Format".
 */
static void
write_half_a_head(const char *path, int ready, int go)
{
	struct flock lock = {.l_type = F_WRLCK, .l_start = 120, .l_len = 1};
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char byte = 0, changed;

	if (fd < 0 || fcntl(fd, F_SETLK, &lock) != 0 ||
		pread(fd, &byte, 1, 48 + 8) != 1)
		_exit(1);
	changed = (char)(byte ^ 1);
	if (pwrite(fd, &changed, 1, 48 + 8) != 1 || write(ready, "", 1) != 1 ||
		read(go, &changed, 1) != 1 || pwrite(fd, &byte, 1, 48 + 8) != 1)
		_exit(1);
	_exit(0); /* and the lock is released */
}

/** The same, and what it logs goes to the file of this path. */
static unsigned
move_and_log(struct sqlite_mover *mover, const char *path)
{
	int usual = dup(STDERR_FILENO);
	int log = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	unsigned moved;

	CHECK(log >= 0 && dup2(log, STDERR_FILENO) >= 0);
	moved = move(mover);
	CHECK(dup2(usual, STDERR_FILENO) >= 0);
	return moved;
}

TEST(store_mover, a_writer_amid_its_work_is_no_reason_for_a_warning)
{
	const char *directory = check_temp_dir();
	struct store *store = test_store_open(directory);
	struct sqlite_mover *mover;
	char path[1024], index[1040], byte;
	int fd, ready[2], go[2], status;
	pid_t writer;

	snprintf(path, sizeof(path), "%s/grapnel.db", directory);
	snprintf(index, sizeof(index), "%s-shm", path);
	fd = open(path, O_RDWR | O_CLOEXEC);
	CHECK_OK(sqlite_mover_start(path, fd, &mover, NULL));
	commit_event(store, 1);
	CHECK(move(mover) > 0);
	commit_event(store, 2);

	CHECK(pipe(ready) == 0 && pipe(go) == 0);
	writer = fork();
	if (writer == 0) {
		close(go[1]); /* it ends with the test, however that ends */
		write_half_a_head(index, ready[1], go[0]);
	}
	CHECK_INT(read(ready[0], &byte, 1), 1);
	snprintf(path, sizeof(path), "%s/log", directory);
	CHECK_INT(move_and_log(mover, path), 0);
	CHECK_STR(check_read_file(path), STR(""));
	CHECK_INT(write(go[1], "", 1), 1);
	CHECK(waitpid(writer, &status, 0) == writer && status == 0);
	CHECK(move(mover) > 0);

	sqlite_mover_stop(mover);
	store_close(store);
	close(fd);
}

TEST(store_mover, one_that_was_never_asked_stops)
{
	const char *directory = check_temp_dir();
	struct sqlite_mover *mover;
	char path[1024];
	int fd;

	store_close(test_store_open(directory));
	snprintf(path, sizeof(path), "%s/grapnel.db", directory);
	fd = open(path, O_RDWR | O_CLOEXEC);
	CHECK_OK(sqlite_mover_start(path, fd, &mover, NULL));
	sqlite_mover_stop(mover);
	close(fd);
	sqlite_mover_stop(NULL);
}
