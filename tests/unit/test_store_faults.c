#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "fault_vfs.h"
#include "store_double.h"

/*
 * Every write, sync and truncate of a small workload, in which the log is
 * moved into the database again and again, fails once, in every way. A unit is
 * an event, its resource and a delivery; what was acknowledged is there whole,
 * and what was not is there whole or not at all.
 */
enum { COMMITS = 4, UNITS = 2, BODY = 5000, OPERATIONS_MAX = 400 };

struct world {
	const char *directory;
	struct store *store;
	bool is_acknowledged[COMMITS * UNITS + 1]; /* by sequence */
	int failures;
};

/** Commits units with sequences from `first` on; the commit's error. */
static enum err
commit_units(struct world *world, uint64_t first, struct buf *why)
{
	struct arena arena = {0};
	struct event_row events[UNITS];
	struct resource_row resources[UNITS];
	struct delivery_row deliveries[UNITS];
	struct store_change changes[UNITS][3];
	struct store_unit units[UNITS], *list[UNITS];
	enum err err;

	for (size_t i = 0; i < UNITS; i++) {
		uint64_t sequence = first + i;

		events[i] = test_event(sequence, &arena);
		events[i].body = str_make(arena_alloc(&arena, BODY), BODY);
		resources[i] =
			test_resource(arena_printf(&arena, "r%llu",
					      (unsigned long long)sequence)
					      .ptr,
				sequence);
		deliveries[i] = test_delivery(sequence, sequence, 1);
		changes[i][0] =
			(struct store_change)SET_RESOURCE(&resources[i], 0);
		changes[i][1] = (struct store_change)ADD_EVENT(&events[i]);
		changes[i][2] =
			(struct store_change)ADD_DELIVERY(&deliveries[i]);
		units[i] =
			(struct store_unit){.changes = changes[i], .count = 3};
		list[i] = &units[i];
	}
	err = store_commit(world->store, list, UNITS, why);
	for (size_t i = 0; i < UNITS; i++) {
		CHECK_INT(units[i].result, err);
		world->is_acknowledged[first + i] = err == ERR_OK;
	}
	arena_release(&arena);
	return err;
}

/** Whether the unit is there; it must not be there in part. */
static bool
has_unit(struct store *store, uint64_t sequence)
{
	struct arena arena = {0};
	struct event_row event;
	struct resource_row resource;
	struct delivery_row delivery;
	struct str id =
		arena_printf(&arena, "r%llu", (unsigned long long)sequence);
	bool has_event = store_event(store, sequence, &arena, &event) == ERR_OK;
	bool has_resource = store_resource(store, WORKSPACE_DEFAULT,
				    STR("compute-ops/server"), id, &arena,
				    &resource) == ERR_OK;
	bool has_delivery =
		store_delivery(store, sequence, &arena, &delivery) == ERR_OK;

	CHECK_INT(has_event, has_resource);
	CHECK_INT(has_event, has_delivery);
	if (has_event)
		CHECK_INT(event.body.len, BODY);
	arena_release(&arena);
	return has_event;
}

/** `is_exact`: what failed is not there either. */
static void
check_world(const struct world *world, struct store *store, bool is_exact)
{
	for (uint64_t i = 1; i <= COMMITS * UNITS; i++) {
		bool is_there = has_unit(store, i);

		if (world->is_acknowledged[i])
			CHECK(is_there);
		else if (is_exact)
			CHECK(!is_there);
	}
}

static void
copy_file(const char *from, const char *to, const char *name)
{
	char path[1024], buffer[65536];
	ssize_t len;
	int in, out;

	snprintf(path, sizeof(path), "%s/%s", from, name);
	in = open(path, O_RDONLY | O_CLOEXEC);
	if (in < 0)
		return;
	snprintf(path, sizeof(path), "%s/%s", to, name);
	out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CHECK(out >= 0);
	while ((len = read(in, buffer, sizeof(buffer))) > 0)
		CHECK(write(out, buffer, (size_t)len) == len);
	close(in);
	close(out);
}

/** What a process that starts after a crash now would find. */
static void
check_after_crash(const struct world *world)
{
	char directory[1024];
	struct store *store;

	snprintf(directory, sizeof(directory), "%s/crash", world->directory);
	CHECK_INT(mkdir(directory, 0700), 0);
	copy_file(world->directory, directory, "grapnel.db");
	copy_file(world->directory, directory, "grapnel.db-wal");
	store = test_store_open(directory);
	check_world(world, store, false);
	store_close(store);
	snprintf(directory, sizeof(directory), "%s/crash/grapnel.db",
		world->directory);
	CHECK_INT(unlink(directory), 0);
	snprintf(directory, sizeof(directory), "%s/crash/lock",
		world->directory);
	CHECK_INT(unlink(directory), 0);
	snprintf(directory, sizeof(directory), "%s/crash", world->directory);
	CHECK_INT(rmdir(directory), 0);
}

static void
check_failure(struct world *world, enum fault_kind kind, enum err err,
	const struct buf *why)
{
	CHECK(fault_has_struck());
	CHECK(why->len > 0);
	CHECK_INT(err, kind == FAULT_IO ? ERR_IO : ERR_LIMIT);
	world->failures++;
	check_world(world, world->store, true);
	check_after_crash(world);
}

/** One run with a fault at operation `at`; whether it struck. */
static bool
run(const char *directory, enum fault_kind kind, int at)
{
	struct store_options options = {
		.directory = directory, .log_pages = 15};
	struct world world = {.directory = directory};

	CHECK_OK(store_open(&options, &world.store, NULL));
	fault_arm(kind, at, false);
	for (uint64_t i = 0; i < COMMITS; i++) {
		struct buf why = {0};
		enum err err = commit_units(&world, 1 + i * UNITS, &why);

		if (err)
			check_failure(&world, kind, err, &why);
		buf_release(&why);
	}
	CHECK(world.failures <= 1);
	/* What failed is tried again and works. */
	for (uint64_t i = 0; i < COMMITS; i++) {
		if (!world.is_acknowledged[1 + i * UNITS])
			CHECK_OK(commit_units(&world, 1 + i * UNITS, NULL));
	}
	store_close(world.store);
	fault_disarm(); /* not before: closing moves the log */
	world.store = test_store_open(directory);
	check_world(&world, world.store, true);
	store_close(world.store);
	return fault_has_struck();
}

static void
remove_database(const char *directory)
{
	static const char *const names[] = {
		"grapnel.db", "grapnel.db-wal", "grapnel.db-shm"};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char path[1024];

		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		(void)unlink(path);
	}
}

static void
run_all(enum fault_kind kind)
{
	const char *directory = check_temp_dir();
	int at = 0;

	fault_install();
	log_set_level(LOG_ERROR); /* moving the log only warns */
	while (run(directory, kind, at)) {
		remove_database(directory);
		CHECK(++at < OPERATIONS_MAX);
	}
	CHECK(at > COMMITS * 2); /* the faults did reach the workload */
}

TEST(store_faults, full_disk_at_any_write_loses_nothing_acknowledged)
{
	run_all(FAULT_NO_SPACE);
}

TEST(store_faults, short_write_anywhere_loses_nothing_acknowledged)
{
	run_all(FAULT_SHORT);
}

TEST(store_faults, io_error_at_any_write_or_sync_loses_nothing_acknowledged)
{
	run_all(FAULT_IO);
}

TEST(store_faults, full_disk_is_a_limit_and_passes)
{
	const char *directory = check_temp_dir();
	struct world world = {.directory = directory};
	struct buf why = {0};

	fault_install();
	world.store = test_store_open(directory);
	CHECK_OK(commit_units(&world, 1, NULL));
	fault_arm(FAULT_NO_SPACE, 0, true);
	for (int i = 0; i < 5; i++) {
		CHECK_INT(commit_units(&world, 1 + UNITS, &why), ERR_LIMIT);
		CHECK_TEXT(
			buf_text(&why), "database: database or disk is full");
		buf_clear(&why);
		check_world(&world, world.store, true);
	}
	fault_disarm();
	CHECK_OK(commit_units(&world, 1 + UNITS, NULL));
	check_world(&world, world.store, true);
	store_close(world.store);
	buf_release(&why);
}

TEST(store_faults, opening_on_a_failing_disk_is_an_error_and_can_be_repeated)
{
	const char *directory = check_temp_dir();
	struct store_options options = {.directory = directory};
	struct buf why = {0};
	int failures = 0;

	fault_install();
	for (int kind = 0; kind < FAULT_KINDS; kind++) {
		for (int at = 0;; at++) {
			struct store *store = NULL;
			enum err err;

			remove_database(directory);
			fault_arm((enum fault_kind)kind, at, false);
			err = store_open(&options, &store, &why);
			fault_disarm();
			failures += err != ERR_OK;
			CHECK(err == ERR_OK || why.len > 0);
			store_close(store);
			store_close(test_store_open(directory));
			if (!fault_has_struck())
				break;
			CHECK(at < OPERATIONS_MAX);
		}
	}
	CHECK(failures > 3 * FAULT_KINDS);
	buf_release(&why);
}

TEST(store_faults, purging_on_a_full_disk_does_not_hold_up_units)
{
	const char *directory = check_temp_dir();
	struct world world = {.directory = directory};
	struct webhook_row webhook = test_webhook(1);

	fault_install();
	world.store = test_store_open(directory);
	TEST_COMMIT(world.store, ADD_WEBHOOK(&webhook));
	CHECK_OK(commit_units(&world, 1, NULL));
	TEST_COMMIT(world.store, REMOVE_WEBHOOK(1));
	fault_arm(FAULT_NO_SPACE, 0, true);
	CHECK_INT(commit_units(&world, 1 + UNITS, NULL), ERR_LIMIT);
	fault_disarm();
	CHECK_INT(test_count(directory, "SELECT count(*) FROM purges"), 1);
	TEST_COMMIT(world.store, {.kind = STORE_PROBE}); /* without purging */
	CHECK_INT(test_count(directory, "SELECT count(*) FROM purges"), 1);
	TEST_COMMIT(world.store, {.kind = STORE_PROBE});
	TEST_COMMIT(world.store, {.kind = STORE_PROBE});
	CHECK_INT(test_count(directory, "SELECT count(*) FROM purges"), 0);
	store_close(world.store);
}
