#include "base/log.h"
#include "base/random.h"
#include "fault_vfs.h"
#include "late_deliveries.h"
#include "store/explain.h"
#include "store/retain.h"

/*
 * Random units with deliveries that have no row yet against a model in
 * memory: outcomes, conflicts, roll-backs, a disk that fails now and then,
 * webhooks skipped and removed, retention, the store closed, and crashes.
 */
enum { STEPS = 400, UNITS = 8, HOOKS = 3, MOST = STEPS * UNITS * HOOKS };

struct known {
	uint64_t webhook; /* 0: there is no such delivery */
	enum delivery_state state;
	uint32_t attempts;
};

static struct model {
	struct known deliveries[MOST + 1];
	uint64_t last;	   /* delivery */
	uint64_t resource; /* its last event */
	bool is_removed[HOOKS + 1];
} model, trial;

static struct random_unit {
	struct published published;
	struct resource_row resource;
	struct delivery_row outcome;
	struct attempt_row attempt;
	struct retain_step step;
	struct store_change changes[2 + HOOKS];
	struct store_unit unit;
	enum err expected;
} random_units[UNITS];

static struct arena arena;

/** An event, of which some are refused for the sake of a resource. */
static void
publish(struct random_unit *random)
{
	size_t hooks = 1 + (size_t)random_below(HOOKS);
	bool is_wrong = random_below(6) == 0;
	bool is_late = random_below(8) > 0;
	size_t count = 0;

	published_make(&random->published, hooks, &arena);
	random->resource = test_resource("r", random->published.event.sequence);
	random->changes[count++] = random->published.changes[0];
	for (size_t i = 0; i < hooks; i++) {
		struct delivery_row *row = &random->published.deliveries[i];

		if (!is_late)
			row->due += 5;
		random->changes[count++] =
			(struct store_change)ADD_DELIVERY(row);
		trial.last = row->sequence;
		if (!is_wrong && !trial.is_removed[row->webhook])
			trial.deliveries[row->sequence] =
				(struct known){.webhook = row->webhook};
	}
	/* Last, so that a conflict takes deliveries back. */
	if (is_wrong || random_below(3) == 0) {
		random->changes[count++] = (struct store_change)SET_RESOURCE(
			&random->resource, trial.resource + is_wrong);
		if (!is_wrong)
			trial.resource = random->resource.last;
	}
	random->unit.count = count;
	random->expected = is_wrong ? ERR_CONFLICT : ERR_OK;
}

static uint64_t
pick(void)
{
	/* Mostly of the latest. */
	uint64_t among = random_below(4) ? 40 : MOST;

	if (among > trial.last)
		among = trial.last;
	return trial.last - random_below(among + 1);
}

static void
set(struct random_unit *random)
{
	uint64_t sequence = pick();
	struct known *known = &trial.deliveries[sequence];
	enum delivery_state state = random_below(3)   ? DELIVERY_DELIVERED
				    : random_below(2) ? DELIVERY_DEAD
						      : DELIVERY_WAITING;
	bool is_set =
		known->webhook && (known->state == DELIVERY_WAITING ||
					  (known->state == DELIVERY_SKIPPED &&
						  state == DELIVERY_DELIVERED));

	random->outcome = (struct delivery_row){.sequence = sequence,
		.state = state,
		.attempts = known->attempts + 1,
		.due = TEST_NOW,
		.updated = TEST_NOW};
	random->attempt = test_attempt(
		sequence, known->attempts, known->webhook, TEST_NOW);
	random->changes[0] =
		(struct store_change)SET_DELIVERY(&random->outcome);
	random->changes[1] = (struct store_change)ADD_ATTEMPT(&random->attempt);
	random->unit.count = 2;
	random->expected = is_set ? ERR_OK : ERR_CONFLICT;
	if (!is_set)
		return;
	known->state = state;
	known->attempts++;
}

static void
repeat(struct random_unit *random)
{
	uint64_t sequence = pick();
	struct known *known = &trial.deliveries[sequence];
	bool is_set = known->webhook && known->state != DELIVERY_WAITING;

	random->outcome = (struct delivery_row){.sequence = sequence,
		.attempts = known->attempts,
		.due = TEST_NOW,
		.updated = TEST_NOW};
	random->changes[0] = (struct store_change){
		.kind = STORE_DELIVERY_AGAIN, .delivery = &random->outcome};
	random->expected = is_set ? ERR_OK : ERR_CONFLICT;
	if (is_set)
		known->state = DELIVERY_WAITING;
}

static void
skip(struct random_unit *random)
{
	uint64_t webhook = 1 + random_below(HOOKS);

	random->changes[0] =
		(struct store_change){.kind = STORE_DELIVERIES_SKIP,
			.webhook_number = webhook,
			.now = TEST_NOW};
	for (uint64_t i = 1; i <= trial.last; i++) {
		struct known *known = &trial.deliveries[i];

		if (known->webhook == webhook &&
			known->state == DELIVERY_WAITING)
			known->state = DELIVERY_SKIPPED;
	}
}

static void
forget(struct random_unit *random)
{
	uint64_t sequence = random_below(trial.last + 1);
	struct known *known = &trial.deliveries[sequence];

	random->step = (struct retain_step){
		.limits = {INT64_MIN, INT64_MAX, INT64_MIN, 0},
		.deliveries = {sequence},
		.delivery_count = 1};
	random->changes[0] = (struct store_change){
		.kind = STORE_RETAIN, .retain = &random->step};
	/* The highest stays. Which that is depends on what was removed, so
	   the latest are left alone. */
	if (sequence + UNITS * HOOKS * 4 > trial.last)
		random->step.delivery_count = 0;
	else if (known->state != DELIVERY_WAITING)
		*known = (struct known){0};
}

static void
remove_one(struct random_unit *random)
{
	uint64_t webhook = 2 + random_below(HOOKS - 1);

	/* Seldom: none is ever made again. The first stays, so that the highest
	   row is one of the latest. */
	if (random_below(10) || trial.is_removed[webhook]) {
		random->changes[0] = (struct store_change){.kind = STORE_PROBE};
		return;
	}
	random->changes[0] = (struct store_change)REMOVE_WEBHOOK(webhook);
	trial.is_removed[webhook] = true;
	for (uint64_t i = 1; i <= trial.last; i++) {
		if (trial.deliveries[i].webhook == webhook)
			trial.deliveries[i] = (struct known){0};
	}
}

static void
make(struct random_unit *random)
{
	static void (*const seldom[])(struct random_unit *) = {
		repeat, repeat, skip, forget, forget, remove_one};
	uint64_t dice = random_below(40);

	random->unit =
		(struct store_unit){.changes = random->changes, .count = 1};
	random->expected = ERR_OK;
	if (dice == 0)
		seldom[random_below(COUNT_OF(seldom))](random);
	else if (dice < 16 || trial.last == 0)
		publish(random);
	else
		set(random);
}

static void
check_all(struct store *store)
{
	uint64_t waiting = 0, untried = 0, found = 0, all = 0;

	for (uint64_t i = 1; i <= model.last; i++) {
		const struct known *known = &model.deliveries[i];
		struct delivery_row row;
		enum err err = store_delivery(store, i, &arena, &row);

		CHECK_INT(err, known->webhook ? ERR_OK : ERR_NOT_FOUND);
		if (err)
			continue;
		CHECK_INT(row.webhook, known->webhook);
		CHECK_INT(row.state, known->state);
		CHECK_INT(row.attempts, known->attempts);
		all++;
		waiting += row.state == DELIVERY_WAITING;
		untried += row.state == DELIVERY_WAITING && row.attempts == 0;
	}
	CHECK_INT(published_waiting(store), waiting);
	for (uint64_t hook = 1; hook <= HOOKS; hook++) {
		struct delivery_list list;

		CHECK_OK(store_waiting_first(
			store, hook, 0, SIZE_MAX, &arena, &list));
		found += list.count;
	}
	CHECK_INT(found, untried);
	if (random_below(20) == 0) {
		const struct delivery_query query = {
			.workspace = WORKSPACE_DEFAULT, .limit = MOST};
		struct delivery_page page;

		CHECK_OK(store_deliveries_page(store, &query, &arena, &page));
		CHECK_INT(page.count, all);
	}
	arena_reset(&arena);
}

static void
step(void)
{
	struct store_unit *list[UNITS];
	size_t count = 1 + (size_t)random_below(UNITS);
	enum err err;

	trial = model;
	for (size_t i = 0; i < count; i++) {
		make(&random_units[i]);
		list[i] = &random_units[i].unit;
	}
	if (random_below(8) == 0)
		fault_arm(FAULT_NO_SPACE, (int)random_below(6), false);
	err = store_commit(late.store, list, count, NULL);
	fault_disarm();
	for (size_t i = 0; i < count; i++)
		CHECK_INT(
			list[i]->result, err ? err : random_units[i].expected);
	if (err == ERR_OK)
		model = trial;
	else
		CHECK(fault_has_struck());
	model.last = trial.last;
}

static void
run(uint64_t seed)
{
	fault_install();
	log_set_level(LOG_ERROR);
	late_start();
	random_test_seed(seed);
	for (uint64_t hook = 1; hook <= HOOKS; hook++) {
		struct webhook_row webhook = test_webhook(hook);

		TEST_COMMIT(late.store, ADD_WEBHOOK(&webhook));
	}
	for (int i = 0; i < STEPS; i++) {
		step();
		check_all(late.store);
		if (random_below(30) == 0) {
			struct store *after = late_open_copy();

			check_all(after);
			store_close(after);
		}
		/* After a start nobody publishes to what was removed. */
		if (random_below(50) == 0 && !model.is_removed[2] &&
			!model.is_removed[3]) {
			store_close(late.store);
			late.store = test_store_open(late.directory);
			check_all(late.store);
		}
	}
	store_close(late.store);
	late.store = test_store_open(late.directory);
	check_all(late.store);
	store_close(late.store);
	arena_release(&arena);
}

TEST(store_late_model, random_units_end_as_the_contract_says)
{
	run(1);
}

TEST(store_late_model, random_units_end_as_the_contract_says_once_more)
{
	run(2026);
}
