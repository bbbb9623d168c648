/* Who is furthest behind, told without a walk over all webhooks. */
#include <pthread.h>

#include "check.h"
#include "dispatch_double.h"

enum { FEW = 10, MANY = 10000 };

static void
add_webhook(struct dispatch *dispatch, uint64_t number)
{
	struct webhook *webhook = fake_webhook(number, WEBHOOK_ACTIVE);

	webhook->live = live_new();
	memcpy(webhook->id.bytes, &number, sizeof(number));
	dispatch_set_webhook(dispatch, webhook, true, false);
	webhook_unref(webhook);
}

static uint64_t
number_of(const struct dispatch_behind *one)
{
	uint64_t number;

	memcpy(&number, one->webhook.bytes, sizeof(number));
	return number;
}

/** Webhooks from 1 on, the higher the number the longer it waits. */
static struct dispatch *
some_behind(uint64_t count)
{
	struct dispatch *dispatch = fake_dispatch(10, 2);

	for (uint64_t i = 1; i <= count; i++) {
		add_webhook(dispatch, i);
		fake_offer(dispatch, i, i, 0, (int64_t)(2 * MANY - i));
	}
	CHECK_INT(dispatch_settle_front(dispatch), count);
	return dispatch;
}

TEST(dispatch_front, those_that_wait_longest_are_told_first)
{
	struct dispatch_behind front[DISPATCH_FRONT_MAX];
	struct dispatch *dispatch = some_behind(MANY);

	CHECK_INT(dispatch_front(dispatch, front, 0), DISPATCH_FRONT_MAX);
	for (uint64_t i = 0; i < DISPATCH_FRONT_MAX; i++) {
		CHECK_INT(number_of(&front[i]), MANY - i);
		CHECK_INT(front[i].live.queued, 1);
		CHECK_INT(front[i].live.oldest_due, MANY + (int64_t)i);
	}
	fake_end(dispatch);
}

/* Work is counted, not time: what a change costs, however many there are. */
TEST(dispatch_front, only_webhooks_that_changed_are_looked_at)
{
	static const uint64_t counts[] = {FEW, MANY};

	for (size_t i = 0; i < COUNT_OF(counts); i++) {
		struct dispatch *dispatch = some_behind(counts[i]);

		CHECK_INT(dispatch_settle_front(dispatch), 0);
		fake_offer(dispatch, MANY + 1, 1, 0, 5);
		fake_offer(dispatch, MANY + 2, 1, 0, 5);
		fake_offer(dispatch, MANY + 3, 2, 0, 5);
		CHECK_INT(dispatch_settle_front(dispatch), 2);
		CHECK_INT(dispatch_settle_front(dispatch), 0);
		fake_end(dispatch);
	}
}

TEST(dispatch_front, who_catches_up_makes_room_for_others)
{
	struct dispatch_behind front[DISPATCH_FRONT_MAX];
	struct dispatch *dispatch = some_behind(DISPATCH_FRONT_MAX + 1);
	uint64_t taken;

	CHECK_INT(dispatch_front(dispatch, front, 0), DISPATCH_FRONT_MAX);
	CHECK_INT(number_of(&front[0]), DISPATCH_FRONT_MAX + 1);
	/* Lanes take turns in the order in which they came. */
	while ((taken = fake_take(dispatch, 2 * MANY)) != 0 &&
		taken < DISPATCH_FRONT_MAX + 1)
		continue;
	dispatch_settle_front(dispatch);
	CHECK_INT(dispatch_front(dispatch, front, 0), DISPATCH_FRONT_MAX);
	for (size_t i = 0; i < DISPATCH_FRONT_MAX; i++) {
		CHECK_INT(front[i].live.queued, 0);
		CHECK_INT(front[i].live.in_flight, 1);
	}
	fake_offer(dispatch, MANY, 7, 0, 1);
	dispatch_settle_front(dispatch);
	CHECK_INT(dispatch_front(dispatch, front, 0), DISPATCH_FRONT_MAX);
	CHECK_INT(number_of(&front[0]), 7);
	CHECK_INT(front[0].live.queued, 1);
	fake_end(dispatch);
}

TEST(dispatch_front, who_never_had_anything_or_is_gone_is_not_told)
{
	struct dispatch_behind front[DISPATCH_FRONT_MAX];
	struct dispatch *dispatch = some_behind(3);

	add_webhook(dispatch, 4);
	dispatch_remove_webhook(dispatch, 2);
	CHECK_INT(fake_take(dispatch, 2 * MANY), 1);
	dispatch_remove_webhook(dispatch, 1); /* its attempt is under way */
	dispatch_settle_front(dispatch);
	CHECK_INT(dispatch_front(dispatch, front, 0), 1);
	CHECK_INT(number_of(&front[0]), 3);
	fake_end(dispatch);
}

TEST(dispatch_front, those_of_several_workers_join_in_order)
{
	struct dispatch_behind front[DISPATCH_FRONT_MAX];
	struct dispatch *one = some_behind(15);
	struct dispatch *other = some_behind(MANY);
	size_t count = dispatch_front(one, front, 0);

	CHECK_INT(count, 15);
	count = dispatch_front(one, front, count);
	CHECK_INT(count, DISPATCH_FRONT_MAX);
	for (uint64_t i = 0; i < DISPATCH_FRONT_MAX; i++)
		CHECK_INT(number_of(&front[i]), 15 - i / 2);
	CHECK_INT(dispatch_front(other, front, count), DISPATCH_FRONT_MAX);
	for (uint64_t i = 0; i < DISPATCH_FRONT_MAX; i++)
		CHECK_INT(number_of(&front[i]), MANY - i);
	fake_end(one);
	fake_end(other);
}

/* ---- others read while the worker works ---- */

struct reading {
	struct dispatch *dispatch;
	atomic_bool is_over;
	bool was_in_order;
};

static void *
read_on(void *context)
{
	struct dispatch_behind front[DISPATCH_FRONT_MAX];
	struct reading *reading = context;

	do {
		size_t count = dispatch_front(reading->dispatch, front, 0);

		for (size_t i = 1; i < count; i++)
			reading->was_in_order &=
				front[i - 1].rank <= front[i].rank;
	} while (!atomic_load(&reading->is_over));
	return NULL;
}

TEST(dispatch_front, it_may_be_read_while_webhooks_come_and_go)
{
	struct reading reading = {
		.dispatch = fake_dispatch(10, 2), .was_in_order = true};
	uint64_t sequence = 0;
	pthread_t thread;

	CHECK_INT(pthread_create(&thread, NULL, read_on, &reading), 0);
	for (int round = 0; round < 50; round++) {
		for (uint64_t i = 1; i <= 30; i++) {
			add_webhook(reading.dispatch, i);
			sequence++;
			fake_offer(reading.dispatch, sequence, i, 0,
				(int64_t)sequence);
		}
		dispatch_settle_front(reading.dispatch);
		while (fake_take(reading.dispatch, INT32_MAX))
			continue;
		while (fake_in_flight_count > 0)
			fake_finish_first(reading.dispatch);
		for (uint64_t i = 1; i <= 30; i += 3)
			dispatch_remove_webhook(reading.dispatch, i);
	}
	atomic_store(&reading.is_over, true);
	pthread_join(thread, NULL);
	CHECK(reading.was_in_order);
	fake_end(reading.dispatch);
}

static size_t
ready(struct dispatch *dispatch)
{
	struct dispatch_stats stats;

	dispatch_settle_front(dispatch);
	dispatch_stats(dispatch, &stats);
	return stats.ready;
}

TEST(dispatch_front, ready_are_first_tries_that_are_not_under_way)
{
	struct dispatch *dispatch = fake_dispatch(10, 2);

	fake_status(dispatch, 1, WEBHOOK_ACTIVE);
	fake_status(dispatch, 2, WEBHOOK_ACTIVE);
	for (uint64_t i = 1; i <= 5; i++)
		fake_offer(dispatch, i, 1, 0, 0);
	fake_offer(dispatch, 6, 1, 1, 0); /* a retry */
	fake_offer(dispatch, 7, 2, 0, 0);
	CHECK_INT(ready(dispatch), 6);
	CHECK_INT(fake_take(dispatch, 0), 1);
	CHECK_INT(fake_take(dispatch, 0), 7);
	CHECK_INT(fake_take(dispatch, 0), 2);
	CHECK_INT(ready(dispatch), 3);
	fake_finish_first(dispatch);
	CHECK_INT(ready(dispatch), 3);
	fake_status(dispatch, 1, WEBHOOK_OFF);
	CHECK_INT(ready(dispatch), 0);
	dispatch_remove_webhook(dispatch, 1);
	CHECK_INT(ready(dispatch), 0);
	fake_end(dispatch);
}

static void
offer_five(struct dispatch *dispatch, const struct webhook *webhook)
{
	static uint64_t sequence;

	dispatch_set_webhook(dispatch, webhook, true, false);
	for (int i = 0; i < 5; i++)
		fake_offer(dispatch, ++sequence, webhook->number, 0, 0);
	webhook_unref(webhook);
}

/** One attempt takes so long, and two others begin. Status 0: timed out. */
static void
answer_status(struct dispatch *dispatch, int status, int64_t time)
{
	enum http_failure failure = status ? HTTP_NO_FAILURE : HTTP_TIMED_OUT;
	static int64_t now;
	struct delivery *delivery = dispatch_take(dispatch, now);

	now += time;
	dispatch_look(dispatch, now, now);
	dispatch_outcome(dispatch, delivery, failure, status);
	dispatch_attempted(dispatch, delivery);
	dispatch_settle(dispatch, delivery, false);
	while (fake_take(dispatch, now))
		continue;
}

static void
answer(struct dispatch *dispatch, int64_t time)
{
	answer_status(dispatch, 204, time);
}

static void
remove_all(struct dispatch *dispatch, uint64_t number)
{
	while (fake_in_flight_count)
		fake_finish_first(dispatch);
	dispatch_remove_webhook(dispatch, number);
}

TEST(dispatch_front, what_waits_for_its_endpoint_or_its_rate_is_not_ready)
{
	struct dispatch *dispatch = fake_dispatch(10, 2);
	struct webhook *webhook = fake_webhook(1, WEBHOOK_ACTIVE);

	webhook->options.rate = 1000000;
	offer_five(dispatch, webhook);
	CHECK_INT(ready(dispatch), 0);
	remove_all(dispatch, 1);
	/* Two at a time: 400 µs each are 5,000 a second. */
	offer_five(dispatch, fake_webhook(2, WEBHOOK_ACTIVE));
	answer(dispatch, 400);
	CHECK_INT(ready(dispatch), 2);
	remove_all(dispatch, 2);
	offer_five(dispatch, fake_webhook(3, WEBHOOK_ACTIVE));
	answer(dispatch, 401);
	CHECK_INT(ready(dispatch), 0);
	remove_all(dispatch, 3);
	offer_five(dispatch, fake_webhook(4, WEBHOOK_ACTIVE));
	answer_status(dispatch, 0, 1); /* now it is slow */
	CHECK_INT(ready(dispatch), 0);
	fake_end(dispatch);
}

TEST(dispatch_front, with_more_under_way_answers_may_take_longer)
{
	struct dispatch *dispatch = fake_dispatch(10, 2);

	offer_five(dispatch, fake_webhook(1, WEBHOOK_ACTIVE));
	answer(dispatch, 700);
	CHECK_INT(ready(dispatch), 0);
	offer_five(dispatch, fake_webhook(2, WEBHOOK_ACTIVE));
	answer(dispatch, 800);
	fake_offer(dispatch, 100, 1, 0, 0);
	CHECK_INT(ready(dispatch), 3 + 2);
	fake_end(dispatch);
}

TEST(dispatch_front, what_hangs_under_way_does_not_make_others_ready)
{
	struct dispatch *dispatch = fake_dispatch(10, 2);

	offer_five(dispatch, fake_webhook(1, WEBHOOK_ACTIVE));
	answer_status(dispatch, 0, 1);
	offer_five(dispatch, fake_webhook(2, WEBHOOK_ACTIVE));
	answer(dispatch, 500);
	CHECK_INT(fake_in_flight_count, 1 + 2);
	CHECK_INT(ready(dispatch), 0);
	fake_end(dispatch);
}

TEST(dispatch_front, what_is_slow_to_fail_is_not_ready)
{
	struct dispatch *dispatch = fake_dispatch(10, 2);

	offer_five(dispatch, fake_webhook(1, WEBHOOK_ACTIVE));
	answer_status(dispatch, 500, SECONDS);
	CHECK_INT(ready(dispatch), 0);
	fake_end(dispatch);
}

TEST(dispatch_front, what_its_endpoint_asked_to_wait_is_not_ready)
{
	struct dispatch *dispatch = fake_dispatch(10, 2);

	offer_five(dispatch, fake_webhook(1, WEBHOOK_ACTIVE));
	answer_status(dispatch, 429, 1);
	CHECK_INT(ready(dispatch), 0);
	fake_end(dispatch);
}

TEST(dispatch_front, what_waits_for_its_own_concurrency_is_not_ready)
{
	struct dispatch *dispatch = fake_dispatch(10, 2);
	struct webhook *webhook = fake_webhook(3, WEBHOOK_ACTIVE);

	offer_five(dispatch, fake_webhook(1, WEBHOOK_ACTIVE));
	answer(dispatch, 1);
	offer_five(dispatch, fake_webhook(2, WEBHOOK_ACTIVE));
	answer(dispatch, 1);
	CHECK_INT(ready(dispatch), 2 + 2);
	webhook->options.concurrency = 1;
	offer_five(dispatch, webhook);
	answer(dispatch, 201); /* one at a time: 5,000 a second are 200 µs */
	CHECK_INT(fake_in_flight_count, 2 + 2 + 1);
	CHECK_INT(ready(dispatch), 2 + 2);
	fake_end(dispatch);
}
