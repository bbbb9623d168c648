#include "base/clock.h"
#include "check.h"
#include "dispatch_double.h"

static struct dispatch *
make_batching(size_t batch_max)
{
	struct dispatch_options options = {.window = 100,
		.concurrency = 2,
		.concurrency_total = 100,
		.unsettled_max = 100,
		.batch_max = batch_max,
		.batch_window = 60};
	struct dispatch *dispatch = dispatch_new(&options);
	struct webhook *webhook = fake_webhook(1, WEBHOOK_ACTIVE);

	webhook->options.is_batching = true;
	dispatch_set_webhook(dispatch, webhook, true, false);
	webhook_unref(webhook);
	return dispatch;
}

/** Takes a batch: its sequences, "1 2 3". */
static const char *
take_batch(struct dispatch *dispatch, int64_t now)
{
	static char text[200];
	struct delivery *delivery = dispatch_take(dispatch, now);
	size_t len = 0;

	text[0] = '\0';
	for (; delivery; delivery = delivery->next) {
		fake_in_flight[fake_in_flight_count++] = delivery;
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%d",
			len ? " " : "", (int)delivery->sequence);
	}
	return text;
}

TEST(dispatch_batch, a_batch_goes_when_it_is_full)
{
	struct dispatch *dispatch = make_batching(3);
	struct dispatch_stats stats;

	fake_offer(dispatch, 1, 1, 0, 100);
	fake_offer(dispatch, 2, 1, 0, 101);
	CHECK_TEXT(take_batch(dispatch, 102), "");
	CHECK_INT(dispatch_next_time(dispatch), 160);
	for (uint64_t i = 3; i < 8; i++)
		fake_offer(dispatch, i, 1, 0, 103);
	CHECK_TEXT(take_batch(dispatch, 104), "1 2 3");
	CHECK_TEXT(take_batch(dispatch, 104), "4 5 6");
	CHECK_TEXT(take_batch(dispatch, 104), "");
	dispatch_stats(dispatch, &stats);
	CHECK_INT(stats.in_flight, 2); /* requests */
	CHECK_INT(stats.unsettled, 6);
	CHECK_INT(stats.queued, 1);
	fake_end(dispatch);
}

TEST(dispatch_batch, a_batch_goes_when_its_oldest_has_waited)
{
	struct dispatch *dispatch = make_batching(10);

	fake_offer(dispatch, 1, 1, 0, 100);
	fake_offer(dispatch, 2, 1, 0, 150);
	CHECK_TEXT(take_batch(dispatch, 159), "");
	CHECK_TEXT(take_batch(dispatch, 160), "1 2");
	CHECK(dispatch_next_time(dispatch) > 1 * SECONDS);
	fake_end(dispatch);
}

TEST(dispatch_batch, a_batch_holds_one_slot_until_it_was_attempted)
{
	struct dispatch *dispatch = make_batching(2);

	for (uint64_t i = 1; i < 9; i++)
		fake_offer(dispatch, i, 1, 0, 100);
	CHECK_TEXT(take_batch(dispatch, 100), "1 2");
	CHECK_TEXT(take_batch(dispatch, 100), "3 4");
	CHECK_TEXT(take_batch(dispatch, 100), ""); /* two slots */
	fake_finish_first(dispatch);		   /* the first one held it */
	CHECK_TEXT(take_batch(dispatch, 100), "5 6");
	fake_finish_first(dispatch);
	CHECK_TEXT(take_batch(dispatch, 100), "");
	fake_end(dispatch);
}

TEST(dispatch_batch, retries_due_together_go_together_and_no_other)
{
	struct dispatch *dispatch = make_batching(3);

	fake_offer(dispatch, 1, 1, 1, 1 * SECONDS);
	fake_offer(dispatch, 2, 1, 2, 1 * SECONDS + 20);
	fake_offer(dispatch, 3, 1, 1, 2 * SECONDS);
	CHECK_TEXT(take_batch(dispatch, 1 * SECONDS - 1), "");
	CHECK_TEXT(take_batch(dispatch, 1 * SECONDS), "1 2");
	fake_finish_first(dispatch);
	fake_finish_first(dispatch);
	CHECK_TEXT(take_batch(dispatch, 2 * SECONDS), "3");
	fake_end(dispatch);
}

TEST(dispatch_batch, what_is_hastened_goes_at_once)
{
	struct dispatch *dispatch = make_batching(3);

	fake_offer(dispatch, 1, 1, 1, 1 * HOURS);
	fake_offer(dispatch, 2, 1, 1, 2 * HOURS);
	CHECK_TEXT(take_batch(dispatch, 1), "");
	dispatch_hasten(dispatch, 2, 1);
	dispatch_hasten(dispatch, 7, 1);
	CHECK_TEXT(take_batch(dispatch, 1), "2");
	dispatch_hasten(dispatch, 2, 1); /* on its way already */
	fake_end(dispatch);
}

static size_t
ready(struct dispatch *dispatch)
{
	struct dispatch_stats stats;

	dispatch_settle_front(dispatch);
	dispatch_stats(dispatch, &stats);
	return stats.ready;
}

TEST(dispatch_batch, what_waits_for_others_to_fill_a_batch_is_not_ready)
{
	struct dispatch *dispatch = make_batching(3);

	fake_offer(dispatch, 1, 1, 0, 100);
	fake_offer(dispatch, 2, 1, 0, 100);
	CHECK_TEXT(take_batch(dispatch, 100), "");
	CHECK_INT(ready(dispatch), 0);
	fake_offer(dispatch, 3, 1, 0, 100);
	CHECK_INT(ready(dispatch), 3);
	CHECK_TEXT(take_batch(dispatch, 100), "1 2 3");
	CHECK_INT(ready(dispatch), 0);
	fake_end(dispatch);
}
