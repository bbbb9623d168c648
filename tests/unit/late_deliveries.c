#include "late_deliveries.h"

#include "store/retain.h"

static struct published units[PUBLISHED_MAX];
static uint64_t last_delivery;
static uint64_t hooks_of_last;
static uint8_t tries[1 << 18]; /* attempts, by delivery */

struct store_unit *
published_make(struct published *published, size_t hooks, struct arena *arena)
{
	struct event_row *event = &published->event;

	if (late.last_event == 0) {
		last_delivery = 0;
		memset(tries, 0, sizeof(tries));
	}
	*event = test_event(++late.last_event, arena);
	event->form = EVENT_DATA;
	event->operation = OPERATION_NONE;
	event->first_delivery = last_delivery + 1;
	event->matched = (uint32_t)hooks;
	hooks_of_last = hooks;
	published->changes[0] = (struct store_change)ADD_EVENT(event);
	for (size_t i = 0; i < hooks; i++) {
		struct delivery_row *row = &published->deliveries[i];

		*row = test_delivery(++last_delivery, event->sequence, i + 1);
		row->due = row->created = row->updated = event->accepted;
		row->is_in_row = true;
		published->changes[1 + i] =
			(struct store_change)ADD_DELIVERY(row);
	}
	published->unit = (struct store_unit){
		.changes = published->changes, .count = 1 + hooks};
	return &published->unit;
}

enum err
published_add(size_t count, size_t hooks)
{
	struct store_unit *list[PUBLISHED_MAX];
	struct arena arena = {0};
	enum err err;

	CHECK(count <= PUBLISHED_MAX);
	for (size_t i = 0; i < count; i++)
		list[i] = published_make(&units[i], hooks, &arena);
	err = store_commit(late.store, list, count, NULL);
	for (size_t i = 0; i < count; i++)
		CHECK_INT(list[i]->result, err);
	arena_release(&arena);
	return err;
}

uint64_t
published_last(void)
{
	return last_delivery;
}

struct outcome {
	struct delivery_row row;
	struct attempt_row attempt;
	struct store_change changes[2];
	struct store_unit unit;
};

static struct store_unit *
make_outcome(
	struct outcome *outcome, uint64_t delivery, enum delivery_state state)
{
	bool has_attempt = state != DELIVERY_SKIPPED;

	/* What is not to be changed is nonsense here. */
	outcome->row = (struct delivery_row){.sequence = delivery,
		.state = state,
		.attempts = has_attempt,
		.due = TEST_NOW + 7 * (int64_t)delivery,
		.updated = TEST_NOW + 9 * (int64_t)delivery,
		.reason = has_attempt ? STR("") : STR("skipped")};
	CHECK(delivery < COUNT_OF(tries));
	outcome->attempt = test_attempt(delivery, tries[delivery],
		hooks_of_last ? (delivery - 1) % hooks_of_last + 1 : 1,
		TEST_NOW);
	outcome->changes[0] = (struct store_change)SET_DELIVERY(&outcome->row);
	outcome->changes[1] =
		(struct store_change)ADD_ATTEMPT(&outcome->attempt);
	outcome->unit = (struct store_unit){
		.changes = outcome->changes, .count = has_attempt ? 2 : 1};
	return &outcome->unit;
}

enum err
published_set(uint64_t delivery, enum delivery_state state)
{
	struct outcome outcome;
	struct store_unit *unit = make_outcome(&outcome, delivery, state);
	enum err err = store_commit(late.store, &unit, 1, NULL);

	if (unit->result == ERR_OK)
		tries[delivery]++;
	return err ? err : unit->result;
}

enum err
published_set_all(uint64_t from, uint64_t to, enum delivery_state state)
{
	static struct outcome outcomes[PUBLISHED_MAX];
	struct store_unit *list[PUBLISHED_MAX];
	size_t count = to - from + 1;
	enum err err;

	CHECK(count <= PUBLISHED_MAX);
	for (size_t i = 0; i < count; i++)
		list[i] = make_outcome(&outcomes[i],
			i % 2 ? from + i : to - (count % 2 ? i : i + 1), state);
	err = store_commit(late.store, list, count, NULL);
	for (size_t i = 0; i < count; i++) {
		if (list[i]->result == ERR_OK)
			tries[outcomes[i].row.sequence]++;
	}
	return err;
}

void
published_write_all(void)
{
	CHECK_OK(late_want_round());
}

int64_t
published_rows(void)
{
	return test_count(late.directory, "SELECT count(*) FROM deliveries");
}

int64_t
published_waiting_rows(void)
{
	return test_count(late.directory,
		"SELECT count(*) FROM deliveries WHERE state = 0");
}

uint64_t
published_mark(void)
{
	return (uint64_t)test_count(
		late.directory, "SELECT deliveries_to FROM marks");
}

uint64_t
published_waiting(struct store *store)
{
	struct store_stats stats;

	CHECK_OK(store_stats(store, &stats));
	return stats.waiting;
}

void
published_check(
	struct store *store, uint64_t delivery, enum delivery_state state)
{
	struct arena arena = {0};
	struct delivery_row row = {0};

	CHECK_OK(store_delivery(store, delivery, &arena, &row));
	CHECK_INT(row.sequence, delivery);
	CHECK_INT(row.state, state);
	CHECK_INT(row.workspace, WORKSPACE_DEFAULT);
	CHECK_INT(row.created, TEST_NOW + (int64_t)row.event);
	if (row.attempts == 0 && state == DELIVERY_WAITING) {
		CHECK_INT(row.due, row.created);
		CHECK_INT(row.updated, row.created);
	} else {
		CHECK_INT(row.due, TEST_NOW + 7 * (int64_t)delivery);
		CHECK_INT(row.updated, TEST_NOW + 9 * (int64_t)delivery);
	}
	arena_release(&arena);
}
