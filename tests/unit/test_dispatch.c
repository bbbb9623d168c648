#include "pipeline/dispatch.h"

#include "base/clock.h"
#include "check.h"
#include "dispatch_double.h"

static void
read_nothing_back(struct dispatch *dispatch)
{
	struct delivery_list nothing = {NULL, 0};
	struct dispatch_refill want;

	while (dispatch_wants_refill(dispatch, &want))
		dispatch_refill(dispatch, &want, &nothing);
}

TEST(dispatch, first_tries_go_before_retries_and_keep_their_order)
{
	struct dispatch *dispatch = fake_dispatch(10, 2);

	fake_status(dispatch, 1, WEBHOOK_ACTIVE);
	fake_offer(dispatch, 1, 1, 1, 50);
	fake_offer(dispatch, 2, 1, 0, 100);
	fake_offer(dispatch, 3, 1, 0, 100);
	CHECK_INT(fake_take(dispatch, 100), 2);
	CHECK_INT(fake_take(dispatch, 100), 3);
	/* Both slots of first tries are taken; the retry has one of its own. */
	CHECK_INT(fake_take(dispatch, 100), 1);
	CHECK_INT(fake_take(dispatch, 100), 0);
	fake_end(dispatch);
}

TEST(dispatch, a_retry_waits_for_its_time)
{
	struct dispatch *dispatch = fake_dispatch(10, 2);

	fake_status(dispatch, 1, WEBHOOK_ACTIVE);
	fake_offer(dispatch, 1, 1, 1, 50);
	CHECK_INT(dispatch_next_time(dispatch), 50);
	CHECK_INT(fake_take(dispatch, 49), 0);
	CHECK_INT(fake_take(dispatch, 50), 1);
	fake_finish_first(dispatch);
	CHECK_INT(dispatch_next_time(dispatch), INT64_MAX);
	fake_end(dispatch);
}

TEST(dispatch, lanes_take_turns)
{
	struct dispatch *dispatch = fake_dispatch(10, 10);

	fake_status(dispatch, 1, WEBHOOK_ACTIVE);
	fake_status(dispatch, 2, WEBHOOK_ACTIVE);
	for (uint64_t i = 1; i <= 4; i++)
		fake_offer(dispatch, i, 1, 0, 0);
	for (uint64_t i = 5; i <= 6; i++)
		fake_offer(dispatch, i, 2, 0, 0);
	CHECK_INT(fake_take(dispatch, 0), 1);
	CHECK_INT(fake_take(dispatch, 0), 5);
	CHECK_INT(fake_take(dispatch, 0), 2);
	CHECK_INT(fake_take(dispatch, 0), 6);
	CHECK_INT(fake_take(dispatch, 0), 3);
	CHECK_INT(fake_take(dispatch, 0), 4);
	fake_end(dispatch);
}

TEST(dispatch, a_lane_has_no_more_in_flight_than_its_cap)
{
	struct dispatch *dispatch = fake_dispatch(10, 2);

	fake_status(dispatch, 1, WEBHOOK_ACTIVE);
	for (uint64_t i = 1; i <= 3; i++)
		fake_offer(dispatch, i, 1, 0, 0);
	CHECK_INT(fake_take(dispatch, 0), 1);
	CHECK_INT(fake_take(dispatch, 0), 2);
	CHECK_INT(fake_take(dispatch, 0), 0);
	fake_finish_first(dispatch);
	CHECK_INT(fake_take(dispatch, 0), 3);
	fake_end(dispatch);
}

/* Twenty lanes whose attempts never fake_end; another one gets its turn. */
TEST(dispatch, lanes_that_hang_do_not_take_all_slots)
{
	struct dispatch *dispatch = fake_dispatch(40, 32);
	uint64_t sequence = 0;
	uint64_t last;

	for (uint64_t lane = 1; lane <= 20; lane++) {
		fake_status(dispatch, lane, WEBHOOK_ACTIVE);
		for (int i = 0; i < 40; i++)
			fake_offer(dispatch, ++sequence, lane, 0, 0);
	}
	while (fake_take(dispatch, 0) != 0)
		continue;
	CHECK(fake_in_flight_count < 100);
	last = sequence + 2;
	fake_status(dispatch, 21, WEBHOOK_ACTIVE);
	fake_offer(dispatch, last - 1, 21, 0, 0);
	fake_offer(dispatch, last, 21, 0, 0);
	CHECK_INT(fake_take(dispatch, 0), last - 1);
	/* What ends makes room for the same lane's next. */
	dispatch_attempted(dispatch, fake_in_flight[fake_in_flight_count - 1]);
	dispatch_settle(
		dispatch, fake_in_flight[--fake_in_flight_count], false);
	CHECK_INT(fake_take(dispatch, 0), last);
	fake_end(dispatch);
}

TEST(dispatch, a_pending_webhook_keeps_what_comes_until_it_is_active)
{
	struct dispatch *dispatch = fake_dispatch(10, 2);

	fake_status(dispatch, 1, WEBHOOK_PENDING);
	fake_offer(dispatch, 1, 1, 0, 0);
	CHECK_INT(fake_take(dispatch, 0), 0);
	fake_status(dispatch, 1, WEBHOOK_ACTIVE);
	CHECK_INT(fake_take(dispatch, 0), 1);
	fake_end(dispatch);
}

TEST(dispatch, a_disabled_webhook_drops_its_queue_and_takes_nothing)
{
	struct dispatch *dispatch = fake_dispatch(10, 2);

	fake_status(dispatch, 1, WEBHOOK_ACTIVE);
	fake_offer(dispatch, 1, 1, 0, 0);
	fake_status(dispatch, 1, WEBHOOK_OFF);
	CHECK_INT(fake_take(dispatch, 0), 0);
	CHECK_INT(fake_answer(dispatch, 2, 1, 0, 0), DISPATCH_NOT_SENDING);
	fake_status(dispatch, 1, WEBHOOK_ACTIVE);
	CHECK_INT(fake_take(dispatch, 0), 0);
	read_nothing_back(dispatch);
	fake_offer(dispatch, 2, 1, 0, 0);
	CHECK_INT(fake_take(dispatch, 0), 2);
	fake_end(dispatch);
}

/*
 * A delivery committed right behind its webhook's disabling was not skipped
 * with the others; the lane may have dropped it from memory.
 */
TEST(dispatch, a_webhook_that_opens_again_finds_what_waits_on_disk)
{
	struct dispatch *dispatch = fake_dispatch(10, 2);
	struct delivery_row row = {.sequence = 1, .webhook = 1};
	struct delivery_list list = {&row, 1};
	struct dispatch_refill want;

	fake_status(dispatch, 1, WEBHOOK_ACTIVE);
	fake_offer(dispatch, 1, 1, 0, 0);
	fake_status(dispatch, 1, WEBHOOK_OFF);
	CHECK(!dispatch_wants_refill(dispatch, &want));
	fake_status(dispatch, 1, WEBHOOK_PENDING);
	fake_status(dispatch, 1, WEBHOOK_ACTIVE);
	CHECK(dispatch_wants_refill(dispatch, &want));
	CHECK(!want.is_retry && want.after == 0);
	dispatch_refill(dispatch, &want, &list);
	CHECK_INT(fake_take(dispatch, 0), 1);
	fake_end(dispatch);
}

TEST(dispatch, a_removed_webhook_waits_for_what_is_in_flight)
{
	struct dispatch *dispatch = fake_dispatch(10, 2);

	fake_status(dispatch, 1, WEBHOOK_ACTIVE);
	fake_offer(dispatch, 1, 1, 0, 0);
	fake_offer(dispatch, 2, 1, 0, 0);
	CHECK_INT(fake_take(dispatch, 0), 1);
	dispatch_remove_webhook(dispatch, 1);
	CHECK_INT(fake_answer(dispatch, 3, 1, 0, 0), DISPATCH_NO_WEBHOOK);
	CHECK_INT(fake_take(dispatch, 0), 0);
	fake_finish_first(dispatch);
	CHECK(dispatch_find(dispatch, 1) == NULL);
	dispatch_free(dispatch);
}

TEST(dispatch, what_it_knows_already_is_not_taken_twice)
{
	struct dispatch *dispatch = fake_dispatch(10, 2);

	fake_status(dispatch, 1, WEBHOOK_ACTIVE);
	fake_offer(dispatch, 1, 1, 0, 0);
	CHECK_INT(fake_answer(dispatch, 1, 1, 0, 0), DISPATCH_KNOWN);
	CHECK_INT(fake_take(dispatch, 0), 1);
	CHECK_INT(fake_answer(dispatch, 1, 1, 0, 0), DISPATCH_KNOWN);
	fake_end(dispatch);
}

static void
set_options(struct dispatch *dispatch, uint64_t number, unsigned concurrency,
	unsigned rate)
{
	struct webhook *webhook = fake_webhook(number, WEBHOOK_ACTIVE);

	webhook->options.concurrency = concurrency;
	webhook->options.rate = rate;
	dispatch_set_webhook(dispatch, webhook, false, false);
	webhook_unref(webhook);
}

TEST(dispatch, a_webhooks_own_concurrency_counts_retries_too)
{
	struct dispatch *dispatch = fake_dispatch(10, 5);

	fake_status(dispatch, 1, WEBHOOK_ACTIVE);
	set_options(dispatch, 1, 2, 0);
	fake_offer(dispatch, 1, 1, 0, 100);
	fake_offer(dispatch, 2, 1, 0, 100);
	fake_offer(dispatch, 3, 1, 1, 50);
	CHECK_INT(fake_take(dispatch, 100), 1);
	CHECK_INT(fake_take(dispatch, 100), 2);
	CHECK_INT(fake_take(dispatch, 100), 0);
	fake_finish_first(dispatch);
	CHECK_INT(fake_take(dispatch, 100), 3);
	CHECK_INT(fake_take(dispatch, 100), 0);
	/* Back to the hub's own. */
	set_options(dispatch, 1, 0, 0);
	fake_offer(dispatch, 4, 1, 0, 100);
	CHECK_INT(fake_take(dispatch, 100), 4);
	fake_end(dispatch);
}

TEST(dispatch, a_rate_is_waited_for_without_being_asked_in_vain)
{
	struct dispatch *dispatch = fake_dispatch(100, 50);
	int64_t now = 1000 * SECONDS;

	fake_status(dispatch, 1, WEBHOOK_ACTIVE);
	set_options(dispatch, 1, 0, 60);
	fake_status(dispatch, 2, WEBHOOK_ACTIVE);
	for (uint64_t i = 1; i <= 3; i++)
		fake_offer(dispatch, i, 1, 0, now);
	CHECK_INT(fake_take(dispatch, now), 1);
	CHECK_INT(fake_take(dispatch, now), 0);
	CHECK_INT(dispatch_next_time(dispatch), now + SECONDS);
	/* Another webhook is not held up. */
	fake_offer(dispatch, 4, 2, 0, now);
	CHECK_INT(fake_take(dispatch, now), 4);
	CHECK_INT(fake_take(dispatch, now + SECONDS - 1), 0);
	CHECK_INT(fake_take(dispatch, now + SECONDS), 2);
	/* Retries draw on the same bucket. */
	fake_offer(dispatch, 5, 1, 1, now);
	CHECK_INT(fake_take(dispatch, now + SECONDS), 0);
	CHECK_INT(fake_take(dispatch, now + 2 * SECONDS), 3);
	CHECK_INT(fake_take(dispatch, now + 2 * SECONDS), 0);
	CHECK_INT(fake_take(dispatch, now + 3 * SECONDS), 5);
	while (fake_in_flight_count > 0)
		fake_finish_first(dispatch);
	CHECK_INT(dispatch_next_time(dispatch), INT64_MAX);
	/* Without a limit there is nothing to wait for. */
	fake_offer(dispatch, 6, 1, 0, now);
	set_options(dispatch, 1, 0, 0);
	CHECK_INT(fake_take(dispatch, now + 3 * SECONDS), 6);
	fake_end(dispatch);
}
