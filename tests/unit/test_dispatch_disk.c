/* What is on disk and not in memory, and when it is due. */
#include "base/clock.h"
#include "base/random.h"
#include "check.h"
#include "dispatch_double.h"

enum { LANES = 3, TRIES = 3 };

TEST(dispatch_disk, retries_far_ahead_do_not_keep_nearer_ones_on_disk)
{
	struct dispatch *dispatch = fake_dispatch(4, 100);

	fake_disk_count = 0;
	fake_status(dispatch, 1, WEBHOOK_ACTIVE);
	for (uint64_t i = 1; i <= 6; i++)
		fake_offer_retry(dispatch, i, 0, 8 * HOURS + (int64_t)i);
	for (uint64_t i = 7; i <= 12; i++)
		fake_offer_retry(dispatch, i, 0, SECONDS + (int64_t)i);
	CHECK_INT(dispatch_next_time(dispatch), SECONDS + 7);
	for (uint64_t i = 7; i <= 12; i++) {
		CHECK_INT(fake_take(dispatch, 2 * SECONDS), i);
		fake_disk[i].row.state = DELIVERY_DELIVERED;
		fake_finish_first(dispatch);
		fake_read_back(dispatch);
	}
	CHECK_INT(fake_take(dispatch, 8 * HOURS), 0);
	for (uint64_t i = 1; i <= 6; i++) {
		CHECK_INT(fake_take(dispatch, 9 * HOURS), i);
		fake_disk[i].row.state = DELIVERY_DELIVERED;
		fake_finish_first(dispatch);
		fake_read_back(dispatch);
	}
	fake_end(dispatch);
}

TEST(dispatch_disk, lanes_are_filled_up_in_turn)
{
	struct dispatch *dispatch = fake_dispatch(1000, 50);
	struct dispatch_refill want;
	struct delivery_list list;
	uint64_t served[30];

	fake_disk_count = 0;
	for (uint64_t i = 1; i <= 3000; i++)
		fake_disk[++fake_disk_count].row = (struct delivery_row){
			.sequence = i, .webhook = 1 + i % 3};
	for (uint64_t lane = 1; lane <= 3; lane++) {
		struct webhook *webhook = fake_webhook(lane, WEBHOOK_ACTIVE);

		dispatch_set_webhook(dispatch, webhook, true, true);
		webhook_unref(webhook);
	}
	for (size_t i = 0; i < 9; i++) {
		CHECK(dispatch_wants_refill(dispatch, &want));
		served[i] = want.webhook;
		fake_read_rows(&want, &list);
		dispatch_refill(dispatch, &want, &list);
		CHECK(i < 3 || served[i] == served[i - 3]);
		CHECK(i < 1 || served[i] != served[i - 1]);
	}
	fake_end(dispatch);
}

TEST(dispatch_disk, with_memory_full_each_lane_goes_on_with_a_few)
{
	struct dispatch_options options = {.window = 100,
		.window_total = 20,
		.concurrency = 1,
		.concurrency_total = 100,
		.unsettled_max = 100};
	struct dispatch *dispatch = dispatch_new(&options);
	size_t queued = 0, done = 0;

	fake_disk_count = 0;
	fake_status(dispatch, 1, WEBHOOK_ACTIVE);
	fake_status(dispatch, 2, WEBHOOK_ACTIVE);
	for (uint64_t i = 1; i <= 60; i++) {
		struct delivery_row *row = &fake_disk[++fake_disk_count].row;

		*row = (struct delivery_row){
			.sequence = i, .webhook = i <= 50 ? 1 : 2};
		queued +=
			dispatch_offer(dispatch, row, NULL) == DISPATCH_QUEUED;
	}
	CHECK_INT(queued, 24);
	for (int i = 0; i < 1000; i++) {
		uint64_t sequence = fake_take(dispatch, 0);

		done += sequence != 0;
		if (fake_in_flight_count > 0) {
			fake_disk[fake_in_flight[0]->sequence].row.state =
				DELIVERY_DELIVERED;
			fake_finish_first(dispatch);
		}
		fake_read_back(dispatch);
	}
	CHECK_INT(done, 60);
	fake_end(dispatch);
}

/** How many of so many, offered to the lane, were taken in. */
static size_t
offer_many(struct dispatch *dispatch, uint64_t webhook, uint32_t attempts,
	struct payload *payload)
{
	static uint64_t sequence;
	size_t queued = 0;

	fake_status(dispatch, webhook, WEBHOOK_ACTIVE);
	for (int i = 0; i < 6000; i++) {
		struct delivery_row row = {.sequence = ++sequence,
			.webhook = webhook,
			.attempts = attempts,
			.due = i};

		if (dispatch_offer(dispatch, &row, payload_ref(payload)) ==
			DISPATCH_QUEUED)
			queued++;
		else
			payload_unref(payload);
	}
	return queued;
}

TEST(dispatch_disk, a_lane_may_have_half_of_what_the_others_leave_free)
{
	struct dispatch_options options = {.window = 5000,
		.window_total = 9000,
		.concurrency = 1,
		.concurrency_total = 100,
		.unsettled_max = 100};
	struct dispatch *dispatch = dispatch_new(&options);

	CHECK_INT(offer_many(dispatch, 1, 0, NULL), 3000);
	CHECK_INT(offer_many(dispatch, 2, 0, NULL), 2000);
	CHECK_INT(offer_many(dispatch, 3, 0, NULL), 1333);
	/* From here on it is what is sure. */
	CHECK_INT(offer_many(dispatch, 4, 0, NULL), DISPATCH_WINDOW_SURE);
	CHECK_INT(offer_many(dispatch, 5, 1, NULL), DISPATCH_WINDOW_SURE);
	dispatch_free(dispatch);
	options.window_total = 0;
	dispatch = dispatch_new(&options);
	CHECK_INT(offer_many(dispatch, 1, 0, NULL), 5000);
	CHECK_INT(offer_many(dispatch, 2, 1, NULL), DISPATCH_WINDOW_SURE);
	dispatch_free(dispatch);
}

TEST(dispatch_disk, far_back_in_a_queue_nothing_takes_the_last_of_the_memory)
{
	struct dispatch_options options = {.window = 5000,
		.concurrency = 1,
		.concurrency_total = 100,
		.unsettled_max = 100};
	struct dispatch *dispatch = dispatch_new(&options);
	struct payload_facts facts = {.body = STR("{}")};
	struct payload *payload = payload_new(&facts);
	size_t max = payload_memory_max();

	CHECK_INT(offer_many(dispatch, 1, 0, payload), 5000);
	CHECK_INT(atomic_load(&payload->refs), 1 + 5000);
	payload_set_memory_max(payload_memory());
	CHECK_INT(offer_many(dispatch, 2, 0, payload), 5000);
	CHECK_INT(atomic_load(&payload->refs), 1 + 5000 + DISPATCH_WINDOW_SURE);
	payload_set_memory_max(max);
	payload_unref(payload);
	dispatch_free(dispatch);
}

/* The wall clock says so much more than the monotonic one. */
#define AHEAD (1000000 * SECONDS)

TEST(dispatch_disk, a_wall_clock_set_forward_lets_no_retry_go_early)
{
	struct dispatch *dispatch = fake_dispatch(2, 100);
	int64_t now = 100 * SECONDS;

	fake_disk_count = 0;
	dispatch_look(dispatch, AHEAD + now, now);
	fake_status(dispatch, 1, WEBHOOK_ACTIVE);
	/* Two are kept in memory, one is left on fake_disk. */
	for (uint64_t i = 1; i <= 3; i++)
		fake_offer_retry(dispatch, i, AHEAD + now,
			AHEAD + now + HOURS + (int64_t)i);
	CHECK_INT(dispatch_look(dispatch, AHEAD + now + 5 * HOURS, now),
		5 * HOURS);
	CHECK_INT(fake_take(dispatch, now), 0);
	CHECK_INT(dispatch_next_time(dispatch), now + HOURS + 1);
	CHECK_INT(fake_take(dispatch, now + HOURS + 2), 1);
	CHECK_INT(fake_take(dispatch, now + HOURS + 2), 2);
	fake_read_back(dispatch);
	CHECK_INT(fake_take(dispatch, now + HOURS + 2), 0);
	CHECK_INT(fake_take(dispatch, now + HOURS + 3), 3);
	fake_end(dispatch);
}

TEST(dispatch_disk, a_wall_clock_set_back_makes_no_retry_wait_longer)
{
	struct dispatch *dispatch = fake_dispatch(2, 100);
	int64_t now = 100 * SECONDS;

	fake_disk_count = 0;
	dispatch_look(dispatch, AHEAD + now, now);
	fake_status(dispatch, 1, WEBHOOK_ACTIVE);
	for (uint64_t i = 1; i <= 3; i++)
		fake_offer_retry(dispatch, i, AHEAD + now,
			AHEAD + now + HOURS + (int64_t)i);
	CHECK_INT(dispatch_look(dispatch, AHEAD + now - 5 * HOURS, now),
		-5 * HOURS);
	CHECK_INT(dispatch_next_time(dispatch), now + HOURS + 1);
	CHECK_INT(fake_take(dispatch, now + HOURS + 2), 1);
	CHECK_INT(fake_take(dispatch, now + HOURS + 2), 2);
	fake_read_back(dispatch);
	CHECK_INT(fake_take(dispatch, now + HOURS + 3), 3);
	fake_end(dispatch);
}

TEST(dispatch_disk, retries_on_disk_are_found_behind_those_that_are_known)
{
	struct dispatch *dispatch = fake_dispatch(4, 100);
	struct dispatch_refill want;

	fake_disk_count = 0;
	fake_status(dispatch, 1, WEBHOOK_ACTIVE);
	for (uint64_t i = 1; i <= 8; i++)
		fake_offer_retry(dispatch, i, 0, 7); /* all at the same time */
	for (uint64_t i = 1; i <= 4; i++) {
		CHECK(fake_take(dispatch, 7) != 0);
		dispatch_attempted(dispatch, fake_in_flight[i - 1]);
	}
	/* Their outcomes are not on disk: they look as if they waited. */
	CHECK_INT(fake_take(dispatch, 7), 0);
	fake_read_back(dispatch);
	for (uint64_t i = 5; i <= 8; i++)
		CHECK(fake_take(dispatch, 7) >= 5);
	fake_read_back(dispatch);
	CHECK(!dispatch_wants_refill(dispatch, &want));
	for (uint64_t i = 1; i <= 4; i++)
		dispatch_settle(dispatch, fake_in_flight[i - 1], false);
	fake_in_flight_count -= 4;
	memmove(fake_in_flight, fake_in_flight + 4,
		4 * sizeof(*fake_in_flight));
	fake_end(dispatch);
}

TEST(dispatch_disk, what_is_asked_for_again_meanwhile_is_looked_for_on_disk)
{
	struct dispatch *dispatch = fake_dispatch(10, 2);

	fake_disk_count = 0;
	fake_status(dispatch, 1, WEBHOOK_ACTIVE);
	fake_offer_retry(dispatch, 1, 0, 0);
	CHECK_INT(fake_take(dispatch, 0), 1);
	/* Skipped on fake_disk, and wanted again, before its outcome was known.
	 */
	fake_disk[1].row.due = fake_disk[1].row.updated = 5;
	CHECK_INT(dispatch_offer(dispatch, &fake_disk[1].row, NULL),
		DISPATCH_KNOWN);
	fake_finish_first(dispatch);
	CHECK(dispatch_is_hungry(dispatch));
	fake_read_back(dispatch);
	fake_read_back(dispatch);
	CHECK_INT(fake_take(dispatch, 5), 1);
	fake_end(dispatch);
}

/* ---- against a fake_disk, at random ---- */

static void
commit_new_row(struct dispatch *dispatch)
{
	struct fake_row *row = &fake_disk[fake_disk_count + 1];

	if (fake_disk_count == FAKE_ROWS_MAX)
		return;
	fake_disk_count++;
	row->row = (struct delivery_row){.sequence = fake_disk_count,
		.webhook = 1 + random_below(LANES),
		.state = DELIVERY_WAITING};
	dispatch_offer(dispatch, &row->row, NULL);
}

static void
start_one(struct dispatch *dispatch, int64_t now)
{
	struct delivery *delivery = dispatch_take(dispatch, now);
	struct fake_row *row;

	if (delivery == NULL)
		return;
	row = &fake_disk[delivery->sequence];
	CHECK(!row->is_in_flight);
	CHECK_INT(row->row.state, DELIVERY_WAITING);
	CHECK_INT(delivery->attempts, row->row.attempts);
	CHECK(row->row.due <= now);
	row->is_in_flight = true;
	row->attempted++;
	fake_in_flight[fake_in_flight_count++] = delivery;
}

/** An attempt ends: the fake_disk first, then the dispatch. */
static void
end_one(struct dispatch *dispatch, int64_t now)
{
	size_t at =
		fake_in_flight_count ? random_below(fake_in_flight_count) : 0;
	struct delivery *delivery;
	struct fake_row *row;
	bool is_again;

	if (fake_in_flight_count == 0)
		return;
	delivery = fake_in_flight[at];
	fake_in_flight[at] = fake_in_flight[--fake_in_flight_count];
	row = &fake_disk[delivery->sequence];
	is_again = row->row.attempts + 1 < TRIES && random_below(2) == 0;
	dispatch_attempted(dispatch, delivery);
	delivery->attempts++;
	delivery->written = now;
	delivery->due = now + 1 + (int64_t)random_below(50);
	row->row.updated = now;
	row->row.attempts = delivery->attempts;
	row->row.due = delivery->due;
	row->row.state = is_again ? DELIVERY_WAITING : DELIVERY_DELIVERED;
	row->is_in_flight = false;
	dispatch_settle(dispatch, delivery, is_again);
}

TEST(dispatch_disk,
	with_a_small_window_everything_is_attempted_until_it_is_done)
{
	struct dispatch *dispatch = fake_dispatch(8, 4);
	int64_t now = 0;

	random_test_seed(7);
	for (uint64_t lane = 1; lane <= LANES; lane++)
		fake_status(dispatch, lane, WEBHOOK_ACTIVE);
	for (int step = 0; step < 200000; step++) {
		now++;
		dispatch_look(dispatch, now, now);
		switch (random_below(step < 20000 ? 4 : 3)) {
		case 0: start_one(dispatch, now); break;
		case 1: end_one(dispatch, now); break;
		case 2: fake_read_back(dispatch); break;
		default: commit_new_row(dispatch); break;
		}
	}
	CHECK_INT(fake_disk_count > 3000, true);
	for (size_t i = 1; i <= fake_disk_count; i++) {
		CHECK_INT(fake_disk[i].row.state, DELIVERY_DELIVERED);
		CHECK_INT(fake_disk[i].attempted, fake_disk[i].row.attempts);
	}
	dispatch_free(dispatch);
}
