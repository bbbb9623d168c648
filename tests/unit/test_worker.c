/* What a worker tells others of itself. */
#include "pipeline/worker.h"

#include "base/clock.h"
#include "check.h"
#include "dispatch_double.h"

static struct worker worker;

/** Its next turn, 10 ms later. */
static void
turn(int64_t slept)
{
	static int64_t now;

	now += 10 * MILLISECONDS;
	dispatch_look(worker.dispatch, now, now);
	worker.slept = slept;
	worker_publish_stats(&worker);
}

TEST(worker, is_behind_when_much_waits_and_it_does_not_sleep)
{
	struct pressure *pressure =
		pressure_new(&(struct pressure_options){.backlog_max = 2});

	worker.dispatch = fake_dispatch(10, 1);
	pressure_gauge_init(&worker.gauge, pressure, 0);
	fake_status(worker.dispatch, 1, WEBHOOK_ACTIVE);
	for (uint64_t i = 1; i <= 3; i++)
		fake_offer(worker.dispatch, i, 1, 0, 0);
	turn(0);
	CHECK(pressure_is_on(pressure));
	turn(9 * MILLISECONDS);
	CHECK(!pressure_is_on(pressure));
	turn(0);
	turn(0);
	CHECK(pressure_is_on(pressure));
	CHECK_INT(fake_take(worker.dispatch, 0), 1);
	turn(0);
	CHECK(!pressure_is_on(pressure));
	pressure_gauge_release(&worker.gauge);
	pressure_free(pressure);
	fake_end(worker.dispatch);
}
