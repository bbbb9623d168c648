#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "store/retain.h"
#include "store_double.h"

/* Removing what is old: what goes, what stays, and that space comes back. */

enum { KEYS = 8, EVENTS_MAX = 4000, HOOK = 1, DELIVERIES_EACH = 2 };

/* What a test knows of an event, by its sequence. */
struct known {
	uint64_t previous;
	uint64_t successor;
	int64_t accepted;
	bool is_deleted; /* the event that says so */
	bool is_last;
	bool is_waited_for;
	bool has_deliveries;
	bool may_be_named;
};

static struct store *store;
static const char *directory;
static struct arena arena;
static struct known known[EVENTS_MAX + 1];
static uint64_t last_event, last_delivery;
static uint64_t last_of[KEYS];
static int64_t now;

static const char *const names[KEYS] = {"a", "b", "c", "d", "e", "f", "g", "h"};

static void
begin(void)
{
	struct webhook_row webhook = test_webhook(HOOK);

	directory = check_temp_dir();
	store = test_store_open(directory);
	TEST_COMMIT(store, ADD_WEBHOOK(&webhook));
	now = TEST_NOW;
}

static void
end(void)
{
	store_close(store);
	arena_release(&arena);
}

/** A change, ADD_RETAIN's step, committed. */
static void
commit_retain(struct retain_step *step)
{
	TEST_COMMIT(store, {.kind = STORE_RETAIN, .retain = step});
}

/** All of a pass; the number of its steps. */
static int
pass(int64_t events_before, int64_t deliveries_before)
{
	const struct retain_limits limits = {.events_before = events_before,
		.deliveries_before = deliveries_before,
		.executions_before = INT64_MIN};
	struct retain_place place = {0};
	static struct retain_step step;
	int steps = 0;

	while (!place.is_done || step.is_shrinking) {
		struct retain_place before = place;

		CHECK_OK(store_retain_find(store, &limits, &place, &step));
		commit_retain(&step);
		if (step.is_unfinished)
			place = before;
		CHECK(++steps < 10000);
	}
	return steps;
}

static int64_t
count(const char *sql)
{
	return test_count(directory, sql);
}

/** What must hold at any moment. */
static void
check_whole(void)
{
	CHECK_INT(count("SELECT count(*) FROM resources r LEFT JOIN events e"
			" ON e.sequence = r.last WHERE e.sequence IS NULL"),
		0);
	CHECK_INT(count("SELECT count(*) FROM deliveries d LEFT JOIN events e"
			" ON e.sequence = d.event WHERE e.sequence IS NULL"),
		0);
	CHECK_INT(count("SELECT count(*) FROM attempts a LEFT JOIN deliveries d"
			" ON d.sequence = a.delivery WHERE d.sequence IS NULL"),
		0);
	CHECK_INT(count("SELECT count(*) FROM events e LEFT JOIN events p"
			" ON p.sequence = e.previous"
			" WHERE e.previous > 0 AND p.sequence IS NULL"),
		0);
	CHECK_INT(
		count("SELECT count(*) FROM deliveries d LEFT JOIN tried_blocks"
		      " b ON b.webhook = d.webhook AND b.block = d.sequence / 128"
		      " WHERE b.webhook IS NULL AND EXISTS (SELECT 1 FROM"
		      " attempts a WHERE a.delivery = d.sequence)"),
		0);
	CHECK_INT(
		count("SELECT count(*) FROM tried_blocks b WHERE NOT EXISTS"
		      " (SELECT 1 FROM deliveries d WHERE d.webhook = b.webhook"
		      " AND d.sequence / 128 = b.block)"),
		0);
	/* Blocks of 16 sequences that hold a type: no more, no fewer. */
	CHECK_INT(count("SELECT count(*) FROM (SELECT DISTINCT type,"
			" sequence / 16 FROM events) e LEFT JOIN type_blocks b"
			" ON b.type = e.type AND b.block = e.\"sequence / 16\""
			" WHERE b.type IS NULL"),
		0);
	CHECK_INT(count("SELECT count(*) FROM type_blocks"),
		count("SELECT count(*) FROM (SELECT DISTINCT type,"
		      " sequence / 16 FROM events)"));
}

/* ---- random things that happen ---- */

/** A delivery of the last event, in a state with a chance each. */
static void
add_delivery(void)
{
	static const enum delivery_state states[] = {DELIVERY_WAITING,
		DELIVERY_DELIVERED, DELIVERY_DELIVERED, DELIVERY_DEAD,
		DELIVERY_SKIPPED};
	struct delivery_row row =
		test_delivery(++last_delivery, last_event, HOOK);
	struct attempt_row attempt = test_attempt(row.sequence, 0, HOOK, now);

	row.state = states[random_below(COUNT_OF(states))];
	row.attempts = row.state == DELIVERY_DELIVERED;
	row.created = row.updated = now;
	row.is_in_row = random_below(3) > 0;
	known[last_event].has_deliveries = true;
	known[last_event].is_waited_for |= row.state == DELIVERY_WAITING;
	if (row.attempts)
		TEST_COMMIT(store, ADD_DELIVERY(&row), ADD_ATTEMPT(&attempt));
	else
		TEST_COMMIT(store, ADD_DELIVERY(&row));
}

/** That says where its deliveries will be, others' among them perhaps. */
static struct event_row
next_event(void)
{
	struct event_row row = test_event(++last_event, &arena);

	row.first_delivery = last_delivery + 1;
	row.matched = DELIVERIES_EACH;
	return row;
}

/** An event that is about no resource. */
static void
add_data(void)
{
	struct event_row row = next_event();

	row.form = EVENT_DATA;
	row.operation = OPERATION_NONE;
	row.accepted = now;
	known[last_event] = (struct known){.accepted = now};
	TEST_COMMIT(store, ADD_EVENT(&row));
}

/** A resource's next event; `is_change`: one whose body says all. */
static void
add_state(size_t key, bool is_change)
{
	struct event_row row = next_event();
	struct resource_row resource = test_resource(names[key], last_event);
	uint64_t former = last_of[key];
	struct known *was = &known[former];
	bool has_old = former && !was->is_deleted;

	row.accepted = now;
	row.subject = str_of(names[key]);
	row.operation = OPERATION_CREATED;
	if (has_old)
		row.operation =
			random_below(4) ? OPERATION_UPDATED : OPERATION_DELETED;
	row.previous = has_old && was->may_be_named ? former : 0;
	if (is_change) {
		row.form = EVENT_CHANGE;
		row.subject = STR("");
		row.body = arena_printf(&arena,
			"{\"old\":{\"id\":\"%s\"},\"new\":{\"id\":\"%s\"}}",
			names[key], names[key]);
	}
	known[last_event] = (struct known){.accepted = now,
		.previous = row.previous,
		.is_last = true,
		.is_deleted = row.operation == OPERATION_DELETED,
		.may_be_named =
			!is_change && row.operation != OPERATION_DELETED};
	was->is_last = false;
	if (row.previous)
		was->successor = last_event;
	last_of[key] = last_event;
	TEST_COMMIT(store, SET_RESOURCE(&resource, former), ADD_EVENT(&row));
}

static void
happen(int times)
{
	for (int i = 0; i < times; i++) {
		now += (int64_t)random_below(10 * SECONDS);
		if (random_below(4) == 0)
			add_data();
		else
			add_state((size_t)random_below(KEYS),
				random_below(5) == 0);
		for (uint64_t n = random_below(DELIVERIES_EACH + 1); n > 0; n--)
			add_delivery();
	}
}

/* ---- what must be left ---- */

static bool
is_needed_by(const struct known *successor, int64_t before)
{
	return successor->accepted >= before || successor->is_waited_for ||
	       (successor->is_deleted && successor->is_last &&
		       successor->has_deliveries);
}

static bool
is_kept(uint64_t sequence, int64_t before)
{
	const struct known *event = &known[sequence];

	if (event->accepted >= before || event->is_waited_for ||
		event->is_last || sequence == last_event)
		return true;
	return event->successor &&
	       is_needed_by(&known[event->successor], before);
}

static void
check_left(int64_t before)
{
	for (uint64_t sequence = 1; sequence <= last_event; sequence++) {
		struct event_row row;
		enum err err = store_event(store, sequence, &arena, &row);

		/* The highest delivery holds its event. */
		if (known[last_event].has_deliveries && sequence == last_event)
			continue;
		if ((err == ERR_OK) != is_kept(sequence, before))
			check_failed(__FILE__, __LINE__, "event %llu is %s",
				(unsigned long long)sequence,
				err ? "gone" : "there");
	}
}

static void
run_model(uint64_t seed)
{
	random_test_seed(seed);
	begin();
	for (int round = 0; round < 6; round++) {
		int64_t before;

		happen(60);
		before = now - 200 * SECONDS;
		pass(before, INT64_MIN);
		check_whole();
		check_left(before);
	}
	pass(now + 1, now + 1);
	check_whole();
	CHECK_INT(count("SELECT count(*) FROM deliveries"
			" WHERE state > 0 AND sequence <"
			" (SELECT max(sequence) FROM deliveries)"),
		0);
	end();
	last_event = last_delivery = 0;
	memset(last_of, 0, sizeof(last_of));
	memset(known, 0, sizeof(known));
}

TEST(store_retain, what_goes_and_what_stays_is_what_the_contract_says)
{
	run_model(3);
	run_model(4);
}

TEST(store_retain, highest_keys_are_kept_for_the_counters)
{
	struct store_counters counters;
	struct delivery_row row;

	begin();
	add_data();
	add_data();
	row = test_delivery(++last_delivery, last_event, HOOK);
	row.state = DELIVERY_SKIPPED;
	TEST_COMMIT(store, ADD_DELIVERY(&row));
	pass(INT64_MAX, INT64_MAX);
	CHECK_INT(count("SELECT count(*) FROM events"), 1);
	store_close(store);
	store = test_store_open(directory);
	CHECK_OK(store_counters(store, &counters, NULL));
	CHECK_INT(counters.event, 2);
	CHECK_INT(counters.delivery, 1);
	end();
}

TEST(store_retain, ages_of_zero_remove_nothing)
{
	begin();
	for (int i = 0; i < 5; i++)
		add_data();
	pass(INT64_MIN, INT64_MIN);
	CHECK_INT(count("SELECT count(*) FROM events"), 5);
	end();
}

/* ---- much at once ---- */

/** One event with many deliveries, all DEAD, and one more event. */
static void
add_wide_event(uint64_t deliveries)
{
	struct delivery_row *rows =
		arena_alloc_array(&arena, deliveries, sizeof(*rows));
	struct store_change *changes =
		arena_alloc_array(&arena, deliveries, sizeof(*changes));

	add_data();
	for (uint64_t i = 0; i < deliveries; i++) {
		rows[i] = test_delivery(++last_delivery, last_event, HOOK);
		rows[i].state = DELIVERY_DEAD;
		changes[i] = (struct store_change)ADD_DELIVERY(&rows[i]);
	}
	CHECK_OK(test_commit(store, changes, deliveries));
}

TEST(store_retain, event_with_many_deliveries_goes_in_bounded_steps)
{
	begin();
	add_wide_event(3000);
	add_wide_event(1);
	CHECK(pass(INT64_MAX, INT64_MIN) >= 6);
	CHECK_INT(count("SELECT count(*) FROM events"), 1);
	CHECK_INT(count("SELECT count(*) FROM deliveries"), 1);
	end();
}

static void
fill(uint64_t events, size_t size)
{
	char *body = arena_alloc(&arena, size);
	struct event_row *rows =
		arena_alloc_array(&arena, events, sizeof(*rows));
	struct store_change *changes =
		arena_alloc_array(&arena, events, sizeof(*changes));

	memset(body, 'x', size);
	for (uint64_t i = 0; i < events; i++) {
		rows[i] = test_event(++last_event, &arena);
		rows[i].form = EVENT_DATA;
		rows[i].operation = OPERATION_NONE;
		rows[i].accepted = now;
		rows[i].body = str_make(body, size);
		changes[i] = (struct store_change)ADD_EVENT(&rows[i]);
	}
	CHECK_OK(test_commit(store, changes, events));
}

static int64_t
file_size(void)
{
	char path[1024];
	struct stat st;

	snprintf(path, sizeof(path), "%s/grapnel.db", directory);
	CHECK_INT(stat(path, &st), 0);
	return st.st_size;
}

TEST(store_retain, free_space_is_given_back_while_the_store_runs)
{
	int64_t full;

	begin();
	fill(3000, 5000);
	store_close(store); /* all of the log is in the file */
	store = test_store_open(directory);
	full = file_size();
	CHECK(full > 15000000);
	pass(INT64_MAX, INT64_MAX);
	CHECK(file_size() < full / 5);
	CHECK_INT(count("SELECT integrity_check = 'ok'"
			" FROM pragma_integrity_check"),
		1);
	end();
}

TEST(store_retain, kill_in_the_middle_leaves_it_whole)
{
	char byte;
	int pipes[2];
	pid_t child;

	begin();
	happen(300);
	add_wide_event(2000);
	add_data();
	store_close(store);
	CHECK_INT(pipe(pipes), 0);
	for (int round = 0; round < 4; round++) {
		child = fork();
		if (child == 0) {
			const struct retain_limits all = {
				.events_before = INT64_MAX,
				.deliveries_before = INT64_MAX};
			struct retain_place place = {0};
			static struct retain_step step;

			store = test_store_open(directory);
			for (;;) {
				CHECK_OK(store_retain_find(
					store, &all, &place, &step));
				commit_retain(&step);
				CHECK_INT(write(pipes[1], "x", 1), 1);
			}
		}
		for (int steps = 0; steps <= round; steps++)
			CHECK_INT(read(pipes[0], &byte, 1), 1);
		kill(child, SIGKILL);
		CHECK_INT(waitpid(child, NULL, 0), child);
		store = test_store_open(directory);
		check_whole();
		store_close(store);
	}
	close(pipes[0]);
	close(pipes[1]);
	store = test_store_open(directory);
	pass(INT64_MAX, INT64_MAX);
	check_whole();
	CHECK_INT(count("SELECT integrity_check = 'ok'"
			" FROM pragma_integrity_check"),
		1);
	end();
}

/* ---- the limit ---- */

TEST(store_retain, full_store_refuses_events_and_takes_all_else)
{
	struct store_options options = {.bytes_max = 1 << 20};
	struct webhook_row webhook = test_webhook(HOOK);
	struct event_row row;
	struct delivery_row delivery = test_delivery(1, 1, HOOK);
	struct store_change event = ADD_EVENT(&row);
	struct store_room room;
	enum err err = ERR_OK;

	options.directory = directory = check_temp_dir();
	CHECK_OK(store_open(&options, &store, NULL));
	now = TEST_NOW;
	TEST_COMMIT(store, ADD_WEBHOOK(&webhook));
	fill(1, 10);
	TEST_COMMIT(store, ADD_DELIVERY(&delivery));
	for (int i = 0; i < 1000 && err == ERR_OK; i++) {
		row = test_event(++last_event, &arena);
		row.form = EVENT_DATA;
		row.operation = OPERATION_NONE;
		row.body = str_make(arena_alloc(&arena, 9000), 9000);
		err = test_commit(store, &event, 1);
	}
	CHECK_INT(err, ERR_LIMIT);
	store_room(store, &room);
	CHECK(room.used >= room.max);
	CHECK(room.used < room.max + (64 << 10));
	delivery.state = DELIVERY_DELIVERED;
	TEST_COMMIT(store, SET_DELIVERY(&delivery));
	pass(INT64_MAX, INT64_MAX);
	row = test_event(++last_event, &arena);
	CHECK_OK(test_commit(store, &event, 1));
	end();
}
