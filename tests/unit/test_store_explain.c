#include "store/explain.h"

#include "base/random.h"
#include "store_double.h"

/* Pages of deliveries and events against a plain list of all of them. */

enum { DELIVERIES = 400, HOOKS = 3, EVENTS = 50 };

static struct store *store;
static struct arena arena;
static struct delivery_row rows[DELIVERIES + 1];

static const char *const subjects[] = {"alpha", "Beta", "gamma"};
static const char *const types[] = {"compute-ops/server", "shop.order"};

/** An event's deliveries are numbered in a row: the first. */
static uint64_t
first_of(uint64_t event)
{
	return ((event - 1) * (DELIVERIES + 1) + EVENTS - 1) / EVENTS;
}

static struct event_row
make_event(uint64_t sequence)
{
	struct event_row row = test_event(sequence, &arena);

	row.accepted = TEST_NOW + (int64_t)sequence * 10 * MINUTES;
	row.subject = str_of(subjects[sequence % COUNT_OF(subjects)]);
	row.type = str_of(types[sequence % COUNT_OF(types)]);
	row.type_as_received = row.type;
	if (sequence % 2) {
		row.first_delivery = first_of(sequence);
		row.matched =
			(uint32_t)(first_of(sequence + 1) - row.first_delivery);
	}
	return row;
}

static struct delivery_row
make_delivery(uint64_t sequence)
{
	struct delivery_row row = test_delivery(sequence,
		1 + sequence * EVENTS / (DELIVERIES + 1),
		1 + random_below(HOOKS));

	row.created = TEST_NOW + (int64_t)row.event * 10 * MINUTES;
	/* Some of an event's are found through it, some by the index. */
	row.is_in_row = row.event % 2 && random_below(4) > 0;
	row.state = (enum delivery_state)random_below(4);
	row.attempts =
		row.state == DELIVERY_SKIPPED ? 0 : (uint32_t)random_below(3);
	if (row.state == DELIVERY_DELIVERED || row.state == DELIVERY_DEAD)
		row.attempts++;
	row.reason = row.state == DELIVERY_DEAD ? STR("Status 500") : STR("");
	return row;
}

static void
begin(void)
{
	random_test_seed(11);
	store = test_store_open(check_temp_dir());
	for (uint64_t number = 1; number <= HOOKS; number++) {
		struct webhook_row webhook = test_webhook(number);

		TEST_COMMIT(store, ADD_WEBHOOK(&webhook));
	}
	for (uint64_t i = 1; i <= EVENTS; i++) {
		struct event_row event = make_event(i);

		TEST_COMMIT(store, ADD_EVENT(&event));
	}
	for (uint64_t i = 1; i <= DELIVERIES; i++) {
		rows[i] = make_delivery(i);
		TEST_COMMIT(store, ADD_DELIVERY(&rows[i]));
		for (uint32_t n = 0; n < rows[i].attempts; n++) {
			struct attempt_row attempt =
				test_attempt(i, n, rows[i].webhook, TEST_NOW);

			TEST_COMMIT(store, ADD_ATTEMPT(&attempt));
		}
	}
}

static void
end(void)
{
	store_close(store);
	arena_release(&arena);
}

static bool
is_wanted(const struct delivery_query *query, const struct delivery_row *row)
{
	struct event_row event = make_event(row->event);

	if (query->webhook && row->webhook != query->webhook)
		return false;
	if (query->event && row->event != query->event)
		return false;
	if (query->has_state && row->state != query->state)
		return false;
	if (query->from && row->created < query->from)
		return false;
	if (query->to && row->created >= query->to)
		return false;
	if (query->type.len && !str_equal(query->type, event.type))
		return false;
	return query->text.len == 0 || str_equal(event.subject, STR("Beta")) ||
	       row->state == DELIVERY_DEAD;
}

/** Turns all pages and holds them against the list. */
static void
check_query(struct delivery_query query)
{
	uint64_t expected = DELIVERIES;
	size_t pages = 0;

	query.workspace = WORKSPACE_DEFAULT;
	query.limit = 7;
	do {
		struct delivery_page page;

		CHECK_OK(store_deliveries_page(store, &query, &arena, &page));
		CHECK(page.count <= query.limit);
		for (size_t i = 0; i < page.count; i++, expected--) {
			while (expected && !is_wanted(&query, &rows[expected]))
				expected--;
			CHECK_INT(page.rows[i].delivery.sequence, expected);
		}
		query.before = page.next;
		CHECK(++pages <= DELIVERIES);
	} while (query.before);
	while (expected && !is_wanted(&query, &rows[expected]))
		expected--;
	CHECK_INT(expected, 0);
}

TEST(store_explain, pages_of_deliveries_hold_all_that_is_asked_for)
{
	begin();
	for (uint64_t webhook = 0; webhook <= HOOKS; webhook++) {
		check_query((struct delivery_query){.webhook = webhook});
		for (int state = 0; state <= DELIVERY_SKIPPED; state++)
			check_query((struct delivery_query){.webhook = webhook,
				.has_state = true,
				.state = (enum delivery_state)state});
		check_query((struct delivery_query){
			.webhook = webhook, .type = STR("shop.order")});
	}
	/* "Beta" and "Status 500" both have it, in some case. */
	check_query((struct delivery_query){.text = STR("TA")});
	check_query((struct delivery_query){.event = 7});
	end();
}

TEST(store_explain, times_bound_pages)
{
	begin();
	for (int64_t at = -1; at <= EVENTS + 1; at += 4) {
		int64_t time = TEST_NOW + at * 10 * MINUTES;

		check_query((struct delivery_query){.from = time});
		check_query((struct delivery_query){.to = time});
		check_query((struct delivery_query){.webhook = 2,
			.from = time,
			.to = time + 100 * MINUTES});
	}
	end();
}

TEST(store_explain, removed_webhook_is_on_no_page)
{
	begin();
	TEST_COMMIT(store, REMOVE_WEBHOOK(2));
	for (uint64_t i = 1; i <= DELIVERIES; i++) {
		if (rows[i].webhook == 2)
			rows[i].webhook = rows[i].event = 99;
	}
	check_query((struct delivery_query){.webhook = 1});
	check_query((struct delivery_query){.webhook = 2});
	end();
}

static void
check_events(struct str type, struct str subject, size_t expected)
{
	struct event_query query = {.workspace = WORKSPACE_DEFAULT,
		.type = type,
		.subject = subject,
		.limit = 4};
	uint64_t last = UINT64_MAX;
	size_t count = 0;

	do {
		struct event_page page;

		CHECK_OK(store_events_page(store, &query, &arena, &page));
		for (size_t i = 0; i < page.count; i++) {
			CHECK(page.rows[i].sequence < last);
			last = page.rows[i].sequence;
			CHECK(type.len == 0 ||
				str_equal(page.rows[i].type, type));
			CHECK(subject.len == 0 ||
				str_equal(page.rows[i].subject, subject));
			CHECK_INT(page.rows[i].body.len, 0);
		}
		count += page.count;
		query.before = page.next;
	} while (query.before);
	CHECK_INT(count, expected);
}

TEST(store_explain, pages_of_events_hold_all_that_is_asked_for)
{
	begin();
	check_events(STR(""), STR(""), EVENTS);
	check_events(STR("shop.order"), STR(""), EVENTS / 2);
	check_events(STR(""), STR("Beta"), 17);
	check_events(STR("none"), STR(""), 0);
	end();
}

TEST(store_explain, attempts_of_a_delivery_come_in_their_order)
{
	struct attempt_rows attempts;

	begin();
	for (uint64_t i = 1; i <= DELIVERIES; i++) {
		CHECK_OK(store_attempts_of(store, i, &arena, &attempts));
		CHECK_INT(attempts.count, rows[i].attempts);
		for (size_t n = 0; n < attempts.count; n++)
			CHECK_INT(attempts.rows[n].number, n);
	}
	end();
}
