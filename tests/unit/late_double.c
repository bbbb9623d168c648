#include "late_double.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/retain.h"

struct late late;

void
late_start(void)
{
	late.directory = check_temp_dir();
	late.store = test_store_open(late.directory);
}

struct store_unit *
late_make(struct late_unit *state, size_t key, struct arena *arena)
{
	bool is_new = late.last_of[key] == 0 || late.is_deleted[key];

	snprintf(state->id, sizeof(state->id), "r%zu", key);
	state->event = test_event(++late.last_event, arena);
	state->event.subject = str_of(state->id);
	state->event.operation = is_new ? OPERATION_CREATED : OPERATION_UPDATED;
	state->event.previous = is_new ? 0 : late.last_of[key];
	state->resource = test_resource(state->id, late.last_event);
	state->resource.updated = state->event.accepted;
	state->changes[0] = (struct store_change)SET_RESOURCE(
		&state->resource, late.last_of[key]);
	state->changes[1] = (struct store_change)ADD_EVENT(&state->event);
	state->unit =
		(struct store_unit){.changes = state->changes, .count = 2};
	return &state->unit;
}

enum err
late_publish(size_t from, size_t end)
{
	struct store_unit *list[LATE_UNITS];
	struct arena arena = {0};
	size_t count = end - from;
	enum err err;

	CHECK(count <= LATE_UNITS);
	for (size_t i = 0; i < count; i++)
		list[i] = late_make(&late.units[i], from + i, &arena);
	err = store_commit(late.store, list, count, NULL);
	for (size_t i = 0; i < count; i++) {
		CHECK_INT(list[i]->result, err);
		if (err == ERR_OK) {
			late.last_of[from + i] = late.units[i].resource.last;
			late.is_deleted[from + i] = false;
		}
	}
	arena_release(&arena);
	return err;
}

void
late_publish_at_once(size_t key)
{
	struct arena arena = {0};
	struct late_unit *state = &late.units[0];

	late_make(state, key, &arena);
	state->event.subject = STR("");
	state->event.form = EVENT_CHANGE;
	CHECK_OK(test_commit(late.store, state->changes, 2));
	late.last_of[key] = late.last_event;
	late.is_deleted[key] = false;
	arena_release(&arena);
}

static uint64_t
last_in(struct store *from, size_t key)
{
	struct arena arena = {0};
	struct resource_row row = {0};
	char id[16];
	enum err err;

	snprintf(id, sizeof(id), "r%zu", key);
	err = store_resource(from, WORKSPACE_DEFAULT, STR("compute-ops/server"),
		str_of(id), &arena, &row);
	CHECK(err == ERR_OK || err == ERR_NOT_FOUND);
	if (err == ERR_OK) {
		CHECK_TEXT(arena_copy(&arena, row.id).ptr, id);
		CHECK_INT(row.is_deleted, late.is_deleted[key]);
	}
	arena_release(&arena);
	return err == ERR_OK ? row.last : 0;
}

void
late_check(struct store *from, size_t count)
{
	for (size_t i = 0; i < count; i++)
		CHECK_INT(last_in(from, i), late.last_of[i]);
}

int64_t
late_rows(void)
{
	return test_count(late.directory, "SELECT count(*) FROM resources");
}

uint64_t
late_mark(void)
{
	return (uint64_t)test_count(
		late.directory, "SELECT resources_to FROM marks");
}

enum err
late_commit(struct store_change change)
{
	struct store_unit unit = {.changes = &change, .count = 1};
	struct store_unit *list[] = {&unit};

	return store_commit(late.store, list, 1, NULL);
}

enum err
late_want_round(void)
{
	struct retain_step step = {.is_behind = true,
		.limits = {INT64_MIN, INT64_MIN, INT64_MIN, 0}};

	return late_commit(
		(struct store_change){.kind = STORE_RETAIN, .retain = &step});
}

enum err
late_probe(void)
{
	return late_commit((struct store_change){.kind = STORE_PROBE});
}

static void
copy_file(const char *name, const char *to)
{
	static char buffer[65536];
	char path[1024];
	ssize_t len;
	int in, out;

	snprintf(path, sizeof(path), "%s/%s", late.directory, name);
	in = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(in >= 0);
	snprintf(path, sizeof(path), "%s/%s", to, name);
	out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CHECK(out >= 0);
	while ((len = read(in, buffer, sizeof(buffer))) > 0)
		CHECK_INT(write(out, buffer, (size_t)len), len);
	close(in);
	close(out);
}

struct store *
late_open_copy(void)
{
	static int number;
	char copy[1024];

	snprintf(copy, sizeof(copy), "%s/crash%d", late.directory, number++);
	CHECK_INT(mkdir(copy, 0700), 0);
	copy_file("grapnel.db", copy);
	copy_file("grapnel.db-wal", copy);
	return test_store_open(copy);
}

void
late_check_crash(size_t count)
{
	struct store *after = late_open_copy();

	late_check(after, count);
	store_close(after);
}
