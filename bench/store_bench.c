/*
 * What the store costs: processor time of the committing thread for each
 * published state and each outcome of a delivery, as the hub writes them; of
 * all threads (making up the rows is in it, and moving the log); and the time
 * by the clock.
 *
 *     build/store_bench DIRECTORY [UNITS A COMMIT] [UNITS] [burst]
 *
 * DIRECTORY must exist and be empty; the database stays in it. A commit has
 * the units' events, and the outcomes of the one before, as in a hub whose
 * endpoints keep up. With "burst" every unit is published first, and all
 * outcomes follow.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/store.h"

enum { CHANGES = 3, RESOURCES = 20000, BODY = 1024, UNITS_MAX = 4096 };

static struct store *store;
static struct str body, head, answer;

struct unit {
	struct store_unit unit;
	struct store_change changes[CHANGES];
	struct event_row event;
	struct resource_row resource;
	struct delivery_row delivery;
	struct attempt_row attempt;
	char subject[32];
};

static struct unit units[2 * UNITS_MAX];
static struct store_unit *list[2 * UNITS_MAX];
static uint64_t last_of[RESOURCES];

/** Microseconds. */
static double
now_by(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static struct delivery_row
delivery_of(uint64_t number, enum delivery_state state)
{
	int64_t now = clock_now();

	return (struct delivery_row){.sequence = number,
		.is_in_row = true,
		.workspace = 1,
		.event = number,
		.webhook = 1,
		.state = state,
		.attempts = state == DELIVERY_WAITING ? 0 : 1,
		.due = now,
		.created = now,
		.updated = now};
}

static void
fill_publish(struct unit *unit, uint64_t number)
{
	uint64_t resource = number * 7919 % RESOURCES;

	snprintf(unit->subject, sizeof(unit->subject), "BENCH+%llu",
		(unsigned long long)resource);
	unit->event = (struct event_row){.sequence = number,
		.workspace = 1,
		.id = str_of("an id of our own, which is not stored"),
		.source = str_of("/grapnel"),
		.type = str_of("compute-ops/server"),
		.type_as_received = str_of("compute-ops/server"),
		.subject = str_of(unit->subject),
		.operation = last_of[resource] ? OPERATION_UPDATED
					       : OPERATION_CREATED,
		.form = EVENT_STATE,
		.previous = last_of[resource],
		.time = clock_now(),
		.accepted = clock_now(),
		.publisher = str_of("gk_0123456789abcdef"),
		.matched = 1,
		.first_delivery = number,
		.body = body};
	unit->resource = (struct resource_row){.workspace = 1,
		.type = unit->event.type,
		.id = unit->event.subject,
		.last = number,
		.updated = unit->event.accepted};
	unit->delivery = delivery_of(number, DELIVERY_WAITING);
	unit->event.accepted = unit->delivery.created;
	unit->resource.updated = unit->delivery.created;
	unit->changes[0] = (struct store_change){.kind = STORE_RESOURCE_SET,
		.resource = &unit->resource,
		.expected = last_of[resource]};
	unit->changes[1] = (struct store_change){
		.kind = STORE_EVENT_ADD, .event = &unit->event};
	unit->changes[2] = (struct store_change){
		.kind = STORE_DELIVERY_ADD, .delivery = &unit->delivery};
	last_of[resource] = number;
}

static void
fill_outcome(struct unit *unit, uint64_t number)
{
	unit->delivery = delivery_of(number, DELIVERY_DELIVERED);
	unit->attempt = (struct attempt_row){.delivery = number,
		.webhook = 1,
		.started = clock_now(),
		.ended = clock_now(),
		.status = 204,
		.is_acknowledged = true,
		.destination = str_of("http://127.0.0.1:43210/"),
		.request_head = head,
		.response_head = answer,
		.first_byte = 300};
	unit->changes[0] = (struct store_change){
		.kind = STORE_DELIVERY_SET, .delivery = &unit->delivery};
	unit->changes[1] = (struct store_change){
		.kind = STORE_ATTEMPT_ADD, .attempt = &unit->attempt};
	unit->changes[2] = (struct store_change){.kind = STORE_HEALTH_SET,
		.webhook_number = 1,
		.health = {.window = 1, .count = 1}};
}

typedef void fill_function(struct unit *unit, uint64_t number);

/** The next units of a commit, from number `first` on. */
static void
add(fill_function *fill, uint64_t first, size_t per_commit, size_t *count)
{
	for (size_t i = 0; i < per_commit; i++) {
		struct unit *unit = &units[*count];

		fill(unit, first + i);
		unit->unit.changes = unit->changes;
		unit->unit.count = CHANGES;
		list[(*count)++] = &unit->unit;
	}
}

/** The time that it took. */
static double
commit(size_t count)
{
	double start = now_by(CLOCK_THREAD_CPUTIME_ID);
	struct buf why = {0};

	if (store_commit(store, list, count, &why) || units[0].unit.result) {
		fprintf(stderr, "store_bench: %s: %s\n",
			err_name(units[0].unit.result), buf_text(&why));
		exit(1);
	}
	return now_by(CLOCK_THREAD_CPUTIME_ID) - start;
}

/** `then` (may be NULL) gets each commit's units with the next one. */
static void
run(const char *name, fill_function *fill, fill_function *then,
	size_t per_commit, size_t count)
{
	double cpu = 0;
	double cpu_start = now_by(CLOCK_PROCESS_CPUTIME_ID);
	double wall_start = now_by(CLOCK_MONOTONIC);

	for (size_t at = 0; at < count + (then ? per_commit : 0);
		at += per_commit) {
		size_t filled = 0;

		if (then && at > 0)
			add(then, at - per_commit + 1, per_commit, &filled);
		if (at < count)
			add(fill, at + 1, per_commit, &filled);
		cpu += commit(filled);
	}
	printf("%-8s %6.2f us CPU a unit, %zu a commit; %6.2f of all threads, "
	       "%6.2f us in all\n",
		name, cpu / (double)count, per_commit,
		(now_by(CLOCK_PROCESS_CPUTIME_ID) - cpu_start) / (double)count,
		(now_by(CLOCK_MONOTONIC) - wall_start) / (double)count);
}

static struct str
filled(size_t len)
{
	char *text = mem_alloc(len + 1);

	memset(text, 'x', len);
	text[len] = '\0';
	return str_make(text, len);
}

int
main(int argc, char **argv)
{
	size_t per_commit = argc > 2 ? strtoul(argv[2], NULL, 10) : 256;
	size_t count = argc > 3 ? strtoul(argv[3], NULL, 10) : 100000;
	struct store_options options = {.directory = argc > 1 ? argv[1] : "."};
	struct buf why = {0};

	if (per_commit == 0 || per_commit > UNITS_MAX)
		return 1;
	if (store_open(&options, &store, &why)) {
		fprintf(stderr, "store_bench: %s\n", buf_text(&why));
		return 1;
	}
	body = filled(BODY);
	head = filled(430);
	answer = filled(90);
	count -= count % per_commit;
	if (argc > 4 && strcmp(argv[4], "burst") == 0) {
		run("publish", fill_publish, NULL, per_commit, count);
		run("outcome", fill_outcome, NULL, per_commit, count);
	} else {
		run("both", fill_publish, fill_outcome, per_commit, count);
	}
	store_close(store);
	return 0;
}
