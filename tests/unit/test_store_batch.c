#include "store/sqlite_batch.h"
#include "store_double.h"

/* Rows that a transaction gathers, and writes many at once. */

enum { MANY = 2 * SQLITE_BATCH_ROWS + 5, CHANGES = 4 };

static struct store *store;
static const char *directory;
static struct arena arena;

static struct event_row events[MANY];
static struct delivery_row deliveries[MANY];
static struct attempt_row attempts[MANY];
static struct store_change changes[MANY + 3][CHANGES];
static struct store_unit units[MANY + 3], *list[MANY + 3];

static void
begin(void)
{
	directory = check_temp_dir();
	store = test_store_open(directory);
}

static void
end(void)
{
	store_close(store);
	arena_release(&arena);
}

/** An event with its delivery and an attempt, as unit `i`. */
static void
make_unit(size_t i)
{
	uint64_t number = i + 1;

	events[i] = test_event(number, &arena);
	deliveries[i] = test_delivery(number, number, 1);
	attempts[i] = test_attempt(number, 0, 1, TEST_NOW);
	/* Others share rows (test_store_packs.c). */
	attempts[i].is_acknowledged = false;
	changes[i][0] = (struct store_change)ADD_EVENT(&events[i]);
	changes[i][1] = (struct store_change)ADD_DELIVERY(&deliveries[i]);
	changes[i][2] = (struct store_change)ADD_ATTEMPT(&attempts[i]);
	units[i] = (struct store_unit){.changes = changes[i], .count = 3};
	list[i] = &units[i];
}

static void
check_rows(size_t count)
{
	CHECK_INT(test_count(directory, "SELECT count(*) FROM events"), count);
	CHECK_INT(test_count(directory, "SELECT count(*) FROM deliveries"),
		count);
	CHECK_INT(test_count_attempts(directory), count);
	CHECK_INT(test_count(directory,
			  "SELECT count(*) FROM deliveries d JOIN events e"
			  " ON e.sequence = d.event JOIN attempts a"
			  " ON a.delivery = d.sequence WHERE d.webhook = 1"
			  " AND a.number = 0 AND e.sequence = d.sequence"),
		count);
}

TEST(store_batch, rows_of_any_number_are_all_written_as_they_are)
{
	begin();
	for (size_t i = 0; i < MANY; i++)
		make_unit(i);
	CHECK_OK(store_commit(store, list, MANY, NULL));
	check_rows(MANY);
	for (size_t i = 0; i < MANY; i++) {
		struct event_row row;

		CHECK_OK(store_event(store, i + 1, &arena, &row));
		CHECK_STR(row.id, events[i].id);
		CHECK_STR(row.body, events[i].body);
		CHECK_STR(row.subject, events[i].subject);
	}
	end();
}

TEST(store_batch, a_conflict_takes_its_own_rows_and_no_others)
{
	struct resource_row resource = test_resource("a", 1);

	begin();
	for (size_t i = 0; i < MANY; i++)
		make_unit(i);
	/* Its third change conflicts: its event and delivery go again. */
	changes[7][2] = (struct store_change)SET_RESOURCE(&resource, 99);
	CHECK_OK(store_commit(store, list, MANY, NULL));
	CHECK_INT(units[7].result, ERR_CONFLICT);
	CHECK_INT(units[7].conflicted, 2);
	check_rows(MANY - 1);
	end();
}

TEST(store_batch, a_delivery_may_be_set_in_the_commit_that_adds_it)
{
	struct delivery_row done = test_delivery(3, 3, 1);
	struct store_stats stats;

	begin();
	for (size_t i = 0; i < MANY; i++)
		make_unit(i);
	done.state = DELIVERY_DELIVERED;
	done.attempts = 1;
	changes[MANY][0] = (struct store_change)SET_DELIVERY(&done);
	units[MANY] = (struct store_unit){.changes = changes[MANY], .count = 1};
	/* Right behind the unit that adds it; the fourth goes to the end. */
	list[MANY] = list[3];
	list[3] = &units[MANY];
	CHECK_OK(store_commit(store, list, MANY + 1, NULL));
	CHECK_OK(units[MANY].result);
	check_rows(MANY);
	CHECK_OK(store_stats(store, &stats));
	CHECK_INT(stats.waiting, MANY - 1);
	end();
}

TEST(store_batch, skipping_reaches_what_the_same_commit_has_added)
{
	begin();
	for (size_t i = 0; i < 3; i++)
		make_unit(i);
	changes[3][0] = (struct store_change){.kind = STORE_DELIVERIES_SKIP,
		.webhook_number = 1,
		.reason = STR("gone"),
		.now = TEST_NOW};
	units[3] = (struct store_unit){.changes = changes[3], .count = 1};
	list[3] = &units[3];
	CHECK_OK(store_commit(store, list, 4, NULL));
	CHECK_INT(test_count(directory,
			  "SELECT count(*) FROM deliveries WHERE state = 3"),
		3);
	end();
}

TEST(store_batch, the_last_health_of_each_webhook_stays)
{
	enum { HOOKS = SQLITE_BATCH_HEALTHS + 3 };
	static struct webhook_row hooks[HOOKS];
	static struct store_change health[2 * HOOKS];
	static struct store_unit hook_units[2 * HOOKS];
	static struct store_unit *hook_list[2 * HOOKS];

	begin();
	for (size_t i = 0; i < HOOKS; i++) {
		hooks[i] = test_webhook(i + 1);
		TEST_COMMIT(store, ADD_WEBHOOK(&hooks[i]));
	}
	for (size_t i = 0; i < COUNT_OF(health); i++) {
		health[i] = (struct store_change){.kind = STORE_HEALTH_SET,
			.webhook_number = i % HOOKS + 1,
			.health = {.count = (uint8_t)(1 + i / HOOKS),
				.window = (uint16_t)(i % HOOKS)}};
		hook_units[i] =
			(struct store_unit){.changes = &health[i], .count = 1};
		hook_list[i] = &hook_units[i];
	}
	CHECK_OK(store_commit(store, hook_list, COUNT_OF(health), NULL));
	CHECK_INT(test_count(directory,
			  "SELECT count(*) FROM health WHERE count = 2"
			  " AND window = webhook - 1"),
		HOOKS);
	end();
}
