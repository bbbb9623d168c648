#include "base/clock.h"
#include "base/mem.h"
#include "check.h"
#include "pipeline/dispatch.h"

static struct delivery *in_flight[100];
static size_t in_flight_count;

static struct delivery *
make_delivery(
	uint64_t sequence, uint64_t webhook, uint32_t attempts, int64_t due)
{
	struct delivery_row row = {.sequence = sequence,
		.webhook = webhook,
		.attempts = attempts,
		.due = due};

	return delivery_new(&row, NULL);
}

static void
offer(struct dispatch *dispatch, uint64_t sequence, uint64_t webhook,
	uint32_t attempts, int64_t due)
{
	CHECK_INT(dispatch_offer(dispatch,
			  make_delivery(sequence, webhook, attempts, due)),
		DISPATCH_QUEUED);
}

/** The one taken first comes to its end. */
static void
finish_first(struct dispatch *dispatch)
{
	struct delivery *delivery = in_flight[0];

	in_flight_count--;
	memmove(in_flight, in_flight + 1, in_flight_count * sizeof(*in_flight));
	dispatch_attempted(dispatch, delivery);
	dispatch_settle(dispatch, delivery, false);
}

static void
end(struct dispatch *dispatch)
{
	while (in_flight_count > 0)
		finish_first(dispatch);
	dispatch_free(dispatch);
}

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
	struct webhook *webhook = MEM_NEW(struct webhook);

	atomic_init(&webhook->refs, 1);
	webhook->number = 1;
	webhook->health.status = WEBHOOK_ACTIVE;
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
	for (; delivery; delivery = delivery->batch) {
		in_flight[in_flight_count++] = delivery;
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%d",
			len ? " " : "", (int)delivery->sequence);
	}
	return text;
}

TEST(dispatch_batch, a_batch_goes_when_it_is_full)
{
	struct dispatch *dispatch = make_batching(3);
	struct dispatch_stats stats;

	offer(dispatch, 1, 1, 0, 100);
	offer(dispatch, 2, 1, 0, 101);
	CHECK_TEXT(take_batch(dispatch, 102), "");
	CHECK_INT(dispatch_next_time(dispatch), 160);
	for (uint64_t i = 3; i < 8; i++)
		offer(dispatch, i, 1, 0, 103);
	CHECK_TEXT(take_batch(dispatch, 104), "1 2 3");
	CHECK_TEXT(take_batch(dispatch, 104), "4 5 6");
	CHECK_TEXT(take_batch(dispatch, 104), "");
	dispatch_stats(dispatch, &stats);
	CHECK_INT(stats.in_flight, 2); /* requests */
	CHECK_INT(stats.unsettled, 6);
	CHECK_INT(stats.queued, 1);
	end(dispatch);
}

TEST(dispatch_batch, a_batch_goes_when_its_oldest_has_waited)
{
	struct dispatch *dispatch = make_batching(10);

	offer(dispatch, 1, 1, 0, 100);
	offer(dispatch, 2, 1, 0, 150);
	CHECK_TEXT(take_batch(dispatch, 159), "");
	CHECK_TEXT(take_batch(dispatch, 160), "1 2");
	CHECK_INT(dispatch_next_time(dispatch), INT64_MAX);
	end(dispatch);
}

TEST(dispatch_batch, a_batch_holds_one_slot_until_it_was_attempted)
{
	struct dispatch *dispatch = make_batching(2);

	for (uint64_t i = 1; i < 9; i++)
		offer(dispatch, i, 1, 0, 100);
	CHECK_TEXT(take_batch(dispatch, 100), "1 2");
	CHECK_TEXT(take_batch(dispatch, 100), "3 4");
	CHECK_TEXT(take_batch(dispatch, 100), ""); /* two slots */
	finish_first(dispatch);			   /* the first one held it */
	CHECK_TEXT(take_batch(dispatch, 100), "5 6");
	finish_first(dispatch);
	CHECK_TEXT(take_batch(dispatch, 100), "");
	end(dispatch);
}

TEST(dispatch_batch, retries_due_together_go_together_and_no_other)
{
	struct dispatch *dispatch = make_batching(3);

	offer(dispatch, 1, 1, 1, 200);
	offer(dispatch, 2, 1, 2, 200);
	offer(dispatch, 3, 1, 1, 300);
	CHECK_TEXT(take_batch(dispatch, 199), "");
	CHECK_TEXT(take_batch(dispatch, 200), "1 2");
	finish_first(dispatch);
	finish_first(dispatch);
	CHECK_TEXT(take_batch(dispatch, 300), "3");
	end(dispatch);
}
