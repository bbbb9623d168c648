/* Who may have how many attempts under way, whatever the others do. */
#include "base/clock.h"
#include "check.h"
#include "dispatch_double.h"

/*
 * A small world of endpoints: healthy ones answer in 10 ms, others hang until
 * their attempts time out. Every lane always has something to send.
 */
enum { STEP = 10, TIMEOUT = 20000, ENDPOINTS_MAX = 4000 }; /* milliseconds */

struct endpoints {
	struct dispatch *dispatch;
	size_t count;
	size_t hanging;	  /* the first ones … */
	unsigned some_of; /* … of whose attempts one in so many hangs */
	uint64_t sequence;
	int64_t now;
	unsigned sent[ENDPOINTS_MAX + 1];
	int64_t last[ENDPOINTS_MAX + 1];    /* when it last got a turn */
	int64_t longest[ENDPOINTS_MAX + 1]; /* wait for a turn */
	int64_t begun[FAKE_IN_FLIGHT_MAX];
	size_t most;
};

static struct endpoints world;

static void
give_work(uint64_t webhook)
{
	fake_offer(world.dispatch, ++world.sequence, webhook, 0, world.now);
}

static void
set_up(size_t count, size_t hanging, unsigned total)
{
	struct dispatch_options options = {.window = 10,
		.concurrency = 32,
		.concurrency_total = total,
		.unsettled_max = 100000};

	world = (struct endpoints){.count = count, .hanging = hanging};
	world.dispatch = dispatch_new(&options);
	world.now = 1000 * SECONDS;
	for (uint64_t i = 1; i <= count; i++) {
		fake_status(world.dispatch, i, WEBHOOK_ACTIVE);
		world.last[i] = world.now;
		/* A healthy one sends one after the other; one that hangs has
		   all it can hold. */
		for (int n = 0; n < (i <= hanging ? 10 : 1); n++)
			give_work(i);
	}
}

static void
start_all(void)
{
	struct delivery *delivery;

	while ((delivery = dispatch_take(world.dispatch, world.now))) {
		uint64_t webhook = delivery->webhook;
		int64_t wait = world.now - world.last[webhook];

		CHECK(fake_in_flight_count < FAKE_IN_FLIGHT_MAX);
		world.begun[fake_in_flight_count] = world.now;
		fake_in_flight[fake_in_flight_count++] = delivery;
		world.sent[webhook]++;
		world.last[webhook] = world.now;
		if (wait > world.longest[webhook])
			world.longest[webhook] = wait;
	}
	if (fake_in_flight_count > world.most)
		world.most = fake_in_flight_count;
}

static void
end_some(void)
{
	size_t kept = 0;
	unsigned some_of = world.some_of ? world.some_of : 1;

	for (size_t i = 0; i < fake_in_flight_count; i++) {
		struct delivery *delivery = fake_in_flight[i];
		uint64_t webhook = delivery->webhook;
		bool hangs = webhook <= world.hanging &&
			     delivery->sequence % some_of == 0;
		int64_t time = (hangs ? TIMEOUT : STEP) * MILLISECONDS;

		if (world.now - world.begun[i] < time) {
			world.begun[kept] = world.begun[i];
			fake_in_flight[kept++] = delivery;
			continue;
		}
		dispatch_outcome(world.dispatch, delivery,
			hangs ? HTTP_TIMED_OUT : HTTP_NO_FAILURE,
			hangs ? 0 : 204);
		dispatch_attempted(world.dispatch, delivery);
		dispatch_settle(world.dispatch, delivery, false);
		give_work(webhook);
	}
	fake_in_flight_count = kept;
}

static void
live_on(int64_t time)
{
	int64_t until = world.now + time;

	for (; world.now < until; world.now += STEP * MILLISECONDS) {
		dispatch_look(world.dispatch, world.now, world.now);
		end_some();
		start_all();
	}
}

static void
forget_waits(void)
{
	memset(world.longest, 0, sizeof(world.longest));
}

static int64_t
longest_wait_of_healthy(void)
{
	int64_t longest = 0;

	for (size_t i = world.hanging + 1; i <= world.count; i++) {
		int64_t wait = world.now - world.last[i];

		if (world.longest[i] > longest)
			longest = world.longest[i];
		if (wait > longest)
			longest = wait;
	}
	return longest;
}

static void
end(void)
{
	while (fake_in_flight_count > 0) {
		struct delivery *delivery =
			fake_in_flight[--fake_in_flight_count];

		dispatch_attempted(world.dispatch, delivery);
		dispatch_settle(world.dispatch, delivery, false);
	}
	dispatch_free(world.dispatch);
}

TEST(dispatch_slots, half_of_a_hundred_that_hang_are_not_noticed)
{
	set_up(100, 50, 1024);
	live_on(120 * SECONDS);
	CHECK_INT(longest_wait_of_healthy(), STEP * MILLISECONDS);
	/* Those that hang get their turns, too. */
	for (size_t i = 1; i <= world.hanging; i++)
		CHECK(world.sent[i] >= 6);
	end();
}

TEST(dispatch_slots, two_thousand_that_hang_leave_fifty_their_slots)
{
	set_up(2050, 2000, 1024);
	/* All of them are new: who hangs shows within the time of patience. */
	live_on(5 * SECONDS);
	CHECK(longest_wait_of_healthy() <= 4 * SECONDS);
	forget_waits();
	live_on(200 * SECONDS);
	CHECK_INT(longest_wait_of_healthy(), STEP * MILLISECONDS);
	CHECK(world.most <= 4096);
	for (size_t i = 1; i <= world.hanging; i++)
		CHECK(world.sent[i] >= 2);
	end();
}

TEST(dispatch_slots, a_thousand_that_hang_now_and_then_do_no_harm_either)
{
	set_up(1050, 1000, 1024);
	world.some_of = 3;
	live_on(30 * SECONDS);
	forget_waits();
	live_on(100 * SECONDS);
	CHECK_INT(longest_wait_of_healthy(), STEP * MILLISECONDS);
	CHECK(world.most <= 4096);
	end();
}

TEST(dispatch_slots, even_few_slots_come_back_from_many_that_hang)
{
	set_up(120, 100, 32);
	live_on(60 * SECONDS);
	forget_waits();
	live_on(60 * SECONDS);
	CHECK_INT(longest_wait_of_healthy(), STEP * MILLISECONDS);
	end();
}

TEST(dispatch_slots, one_that_answers_again_gets_all_its_slots_again)
{
	struct dispatch_stats stats;

	set_up(1, 1, 100);
	live_on(60 * SECONDS);
	dispatch_stats(world.dispatch, &stats);
	CHECK_INT(stats.slow_in_flight, stats.in_flight);
	CHECK(stats.in_flight <= 4);
	world.hanging = 0;
	live_on(30 * SECONDS);
	dispatch_stats(world.dispatch, &stats);
	CHECK_INT(stats.slow_in_flight, 0);
	CHECK_INT(stats.in_flight, 10); /* all there is */
	end();
}

/** All that is under way comes back after 10 ms; what is under way then. */
static size_t
go_round(struct dispatch *dispatch, int64_t *now, int status)
{
	size_t count = fake_in_flight_count;

	*now += 10 * MILLISECONDS;
	dispatch_look(dispatch, *now, *now);
	for (size_t i = 0; i < count; i++) {
		dispatch_outcome(
			dispatch, fake_in_flight[0], HTTP_NO_FAILURE, status);
		fake_finish_first(dispatch);
		while (fake_take(dispatch, *now))
			continue;
	}
	while (fake_take(dispatch, *now))
		continue;
	return fake_in_flight_count;
}

TEST(dispatch_slots, answers_grow_the_number_and_overload_halves_it)
{
	struct dispatch_options options = {.window = 1000,
		.concurrency = 64,
		.concurrency_total = 1024,
		.unsettled_max = 1000};
	struct dispatch *dispatch = dispatch_new(&options);
	int64_t now = SECONDS;

	fake_status(dispatch, 1, WEBHOOK_ACTIVE);
	for (uint64_t i = 1; i <= 900; i++)
		fake_offer(dispatch, i, 1, 0, 0);
	CHECK_INT(go_round(dispatch, &now, 200), 16);
	CHECK_INT(go_round(dispatch, &now, 200), 32);
	CHECK_INT(go_round(dispatch, &now, 200), 64);
	CHECK_INT(go_round(dispatch, &now, 200), 64);
	CHECK_INT(go_round(dispatch, &now, 503), 32);
	CHECK_INT(go_round(dispatch, &now, 429), 16);
	CHECK_INT(go_round(dispatch, &now, 200), 17);
	CHECK_INT(go_round(dispatch, &now, 500), 17);
	fake_end(dispatch);
}
