/* One resource's deliveries, one after the other. */
#include "base/clock.h"
#include "base/random.h"
#include "check.h"
#include "dispatch_double.h"

enum { LANES = 2, TRIES = 3 };

/** A row on disk that is offered, as after its commit. */
static enum dispatch_answer
offer_of(struct dispatch *dispatch, uint64_t resource)
{
	struct fake_row *row = &fake_disk[++fake_disk_count];

	*row = (struct fake_row){.row = {.sequence = fake_disk_count,
					 .webhook = 1,
					 .resource = resource}};
	return dispatch_offer(dispatch, &row->row, NULL);
}

static struct dispatch *
set_up(size_t window)
{
	struct dispatch *dispatch = fake_dispatch(window, 50);

	fake_disk_count = 0;
	fake_status(dispatch, 1, WEBHOOK_ACTIVE);
	return dispatch;
}

/** The attempt under way for `sequence` ends: well, or it is due again. */
static void
settle(struct dispatch *dispatch, uint64_t sequence, int64_t again_at)
{
	struct delivery_row *row = &fake_disk[sequence].row;
	size_t at = 0;
	struct delivery *delivery;

	while (fake_in_flight[at]->sequence != sequence)
		at++;
	delivery = fake_in_flight[at];
	fake_in_flight[at] = fake_in_flight[--fake_in_flight_count];
	dispatch_attempted(dispatch, delivery);
	row->attempts = ++delivery->attempts;
	row->due = delivery->due = again_at;
	row->state = again_at ? DELIVERY_WAITING : DELIVERY_DELIVERED;
	dispatch_settle(dispatch, delivery, again_at != 0);
	for (int i = 0; i < 10; i++)
		fake_read_back(dispatch);
}

TEST(dispatch_order, one_resource_is_in_flight_once_and_in_order)
{
	struct dispatch *dispatch = set_up(10);

	CHECK_INT(offer_of(dispatch, 7), DISPATCH_QUEUED);
	CHECK_INT(offer_of(dispatch, 7), DISPATCH_ON_DISK);
	CHECK_INT(offer_of(dispatch, 8), DISPATCH_QUEUED);
	CHECK_INT(offer_of(dispatch, 7), DISPATCH_ON_DISK);
	CHECK_INT(offer_of(dispatch, 0), DISPATCH_QUEUED);
	CHECK_INT(offer_of(dispatch, 0), DISPATCH_QUEUED);
	CHECK_INT(fake_take(dispatch, 0), 1);
	CHECK_INT(fake_take(dispatch, 0), 3);
	CHECK_INT(fake_take(dispatch, 0), 5);
	CHECK_INT(fake_take(dispatch, 0), 6);
	CHECK_INT(fake_take(dispatch, 0), 0);
	settle(dispatch, 1, 0);
	CHECK_INT(fake_take(dispatch, 0), 2);
	CHECK_INT(fake_take(dispatch, 0), 0);
	settle(dispatch, 2, 0);
	CHECK_INT(fake_take(dispatch, 0), 4);
	settle(dispatch, 4, 0);
	/* All is as at the beginning. */
	CHECK_INT(offer_of(dispatch, 7), DISPATCH_QUEUED);
	CHECK_INT(fake_take(dispatch, 0), 7);
	fake_end(dispatch);
}

TEST(dispatch_order, one_that_fails_holds_back_its_own_resource_only)
{
	struct dispatch *dispatch = set_up(10);

	offer_of(dispatch, 7);
	offer_of(dispatch, 7);
	CHECK_INT(fake_take(dispatch, 0), 1);
	settle(dispatch, 1, 100);
	offer_of(dispatch, 8);
	CHECK_INT(fake_take(dispatch, 50), 3);
	CHECK_INT(fake_take(dispatch, 50), 0);
	CHECK_INT(fake_take(dispatch, 100), 1);
	settle(dispatch, 1, 0);
	CHECK_INT(fake_take(dispatch, 100), 2);
	fake_end(dispatch);
}

/* More of one resource than the window holds do not stop the others. */
TEST(dispatch_order, a_long_queue_of_one_resource_takes_the_room_of_one)
{
	struct dispatch *dispatch = set_up(4);

	for (int i = 0; i < 1000; i++)
		offer_of(dispatch, 7);
	for (uint64_t i = 0; i < 3; i++)
		CHECK_INT(offer_of(dispatch, 100 + i), DISPATCH_QUEUED);
	CHECK_INT(fake_take(dispatch, 0), 1);
	CHECK_INT(fake_take(dispatch, 0), 1001);
	CHECK_INT(fake_take(dispatch, 0), 1002);
	settle(dispatch, 1, 0);
	CHECK_INT(fake_take(dispatch, 0), 1003);
	CHECK_INT(fake_take(dispatch, 0), 2);
	fake_end(dispatch);
}

static void
restart(struct dispatch **dispatch, size_t window)
{
	struct webhook *webhook;

	while (fake_in_flight_count > 0) {
		struct delivery *delivery =
			fake_in_flight[--fake_in_flight_count];

		fake_disk[delivery->sequence].is_in_flight = false;
		dispatch_attempted(*dispatch, delivery);
		dispatch_settle(*dispatch, delivery, false);
	}
	dispatch_free(*dispatch);
	*dispatch = fake_dispatch(window, 50);
	for (uint64_t lane = 1; lane <= LANES; lane++) {
		webhook = fake_webhook(lane, WEBHOOK_ACTIVE);
		dispatch_set_webhook(*dispatch, webhook, true, true);
		webhook_unref(webhook);
	}
}

TEST(dispatch_order, after_a_start_what_is_behind_a_retry_waits_for_it)
{
	struct dispatch *dispatch = set_up(10);

	offer_of(dispatch, 7);
	offer_of(dispatch, 7);
	offer_of(dispatch, 8);
	CHECK_INT(fake_take(dispatch, 0), 1);
	settle(dispatch, 1, 100);
	restart(&dispatch, 10);
	/* What comes fresh does not overtake what was not read yet. */
	CHECK_INT(offer_of(dispatch, 7), DISPATCH_ON_DISK);
	for (int i = 0; i < 10; i++)
		fake_read_back(dispatch);
	CHECK_INT(fake_take(dispatch, 50), 3);
	CHECK_INT(fake_take(dispatch, 50), 0);
	CHECK_INT(fake_take(dispatch, 100), 1);
	settle(dispatch, 1, 0);
	CHECK_INT(fake_take(dispatch, 100), 2);
	settle(dispatch, 2, 0);
	CHECK_INT(fake_take(dispatch, 100), 4);
	fake_end(dispatch);
}

TEST(dispatch_order, an_earlier_one_asked_for_again_comes_next)
{
	struct dispatch *dispatch = set_up(10);
	struct delivery_row *row = &fake_disk[1].row;

	offer_of(dispatch, 7);
	CHECK_INT(fake_take(dispatch, 0), 1);
	settle(dispatch, 1, 0);
	offer_of(dispatch, 7);
	offer_of(dispatch, 7);
	CHECK_INT(fake_take(dispatch, 0), 2);
	row->state = DELIVERY_WAITING;
	CHECK_INT(dispatch_offer(dispatch, row, NULL), DISPATCH_ON_DISK);
	settle(dispatch, 2, 0);
	CHECK_INT(fake_take(dispatch, 0), 1);
	settle(dispatch, 1, 0);
	CHECK_INT(fake_take(dispatch, 0), 3);
	fake_end(dispatch);
}

TEST(dispatch_order, a_webhook_switched_off_and_on_goes_on_in_order)
{
	struct dispatch *dispatch = set_up(10);

	offer_of(dispatch, 7);
	offer_of(dispatch, 7);
	offer_of(dispatch, 7);
	CHECK_INT(fake_take(dispatch, 0), 1);
	fake_status(dispatch, 1, WEBHOOK_OFF);
	fake_status(dispatch, 1, WEBHOOK_ACTIVE);
	for (int i = 0; i < 10; i++)
		fake_read_back(dispatch);
	CHECK_INT(fake_take(dispatch, 0), 0);
	settle(dispatch, 1, 0);
	CHECK_INT(fake_take(dispatch, 0), 2);
	settle(dispatch, 2, 0);
	CHECK_INT(fake_take(dispatch, 0), 3);
	fake_end(dispatch);
}

TEST(dispatch_order, one_whose_outcome_cannot_be_written_is_not_repeated)
{
	struct dispatch *dispatch = set_up(10);

	offer_of(dispatch, 7);
	offer_of(dispatch, 7);
	CHECK_INT(fake_take(dispatch, 0), 1);
	fake_in_flight[0]->is_stuck = true;
	fake_finish_first(dispatch); /* on disk it waits as before */
	for (int i = 0; i < 10; i++)
		fake_read_back(dispatch);
	CHECK_INT(fake_take(dispatch, 0), 0);
	fake_end(dispatch);
}

/* ---- against a disk, at random ---- */

static void
commit_new_row(struct dispatch *dispatch)
{
	struct fake_row *row = &fake_disk[fake_disk_count + 1];

	if (fake_disk_count == FAKE_ROWS_MAX)
		return;
	fake_disk_count++;
	*row = (struct fake_row){.row = {.sequence = fake_disk_count,
					 .webhook = 1 + random_below(LANES),
					 .resource = random_below(12)}};
	dispatch_offer(dispatch, &row->row, NULL);
}

static bool
is_same_resource(const struct fake_row *a, const struct fake_row *b)
{
	return a != b && a->row.resource == b->row.resource &&
	       a->row.resource != 0 && a->row.webhook == b->row.webhook;
}

/** Nothing before it waits, and nothing of its resource is under way. */
static void
check_turn(const struct fake_row *row, bool may_be_late)
{
	for (size_t i = 1; i <= fake_disk_count; i++) {
		const struct fake_row *other = &fake_disk[i];

		if (!is_same_resource(row, other))
			continue;
		CHECK(!other->is_in_flight);
		if (!may_be_late && other < row)
			CHECK(other->row.state != DELIVERY_WAITING);
	}
}

static void
start_one(struct dispatch *dispatch, int64_t now, bool may_be_late)
{
	struct delivery *delivery = dispatch_take(dispatch, now);
	struct fake_row *row;

	if (delivery == NULL)
		return;
	row = &fake_disk[delivery->sequence];
	CHECK(!row->is_in_flight);
	CHECK_INT(row->row.state, DELIVERY_WAITING);
	CHECK(row->row.due <= now);
	check_turn(row, may_be_late);
	row->is_in_flight = true;
	row->attempted++;
	fake_in_flight[fake_in_flight_count++] = delivery;
}

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
	is_again =
		row->row.attempts % TRIES != TRIES - 1 && random_below(3) == 0;
	dispatch_attempted(dispatch, delivery);
	row->row.attempts = ++delivery->attempts;
	row->row.updated = delivery->written = now;
	row->row.due = delivery->due = now + 1 + (int64_t)random_below(300);
	row->row.state = is_again ? DELIVERY_WAITING : DELIVERY_DELIVERED;
	row->is_in_flight = false;
	dispatch_settle(dispatch, delivery, is_again);
}

static void
ask_again(struct dispatch *dispatch, int64_t now)
{
	struct fake_row *row = &fake_disk[1 + random_below(FAKE_ROWS_MAX)];

	if (row > &fake_disk[fake_disk_count] ||
		row->row.state == DELIVERY_WAITING || random_below(50) > 0)
		return;
	row->row.state = DELIVERY_WAITING;
	row->row.due = row->row.updated = now;
	dispatch_offer(dispatch, &row->row, NULL);
}

static void
run_at_random(bool with_again, bool with_restarts, uint64_t seed)
{
	struct dispatch *dispatch;

	random_test_seed(seed);
	dispatch = set_up(8);
	restart(&dispatch, 8);
	for (int64_t now = 1; now < 200000; now++) {
		bool is_busy = now < 30000;

		dispatch_look(dispatch, now, now);
		if (with_restarts && is_busy && random_below(3000) == 0)
			restart(&dispatch, 8);
		switch (random_below(is_busy ? 5 : 3)) {
		case 0: start_one(dispatch, now, with_again); break;
		case 1: end_one(dispatch, now); break;
		case 2: fake_read_back(dispatch); break;
		case 3: commit_new_row(dispatch); break;
		default:
			if (with_again)
				ask_again(dispatch, now);
		}
	}
	CHECK(fake_disk_count > 3000);
	for (size_t i = 1; i <= fake_disk_count; i++)
		CHECK_INT(fake_disk[i].row.state, DELIVERY_DELIVERED);
	dispatch_free(dispatch);
}

TEST(dispatch_order, with_a_small_window_all_go_in_order_whatever_fails)
{
	for (uint64_t seed = 1; seed <= 5; seed++)
		run_at_random(false, false, seed);
}

TEST(dispatch_order, restarts_change_no_order)
{
	for (uint64_t seed = 1; seed <= 5; seed++)
		run_at_random(false, true, seed);
}

TEST(dispatch_order, asked_for_again_at_random_all_end_one_at_a_time)
{
	for (uint64_t seed = 1; seed <= 5; seed++)
		run_at_random(true, true, seed);
}
