#include "base/clock.h"
#include "flow/runner_private.h"

/* "Run once": the next execution that a hook starts, shown to somebody. */

enum err
runner_once(struct runner *runner, const struct scenario *scenario,
	struct runner_once *once)
{
	struct runner_lane *lane;
	enum err err = ERR_OK;

	pthread_mutex_lock(&runner->lock);
	lane = runner_lane(runner, scenario);
	if (atomic_load(&runner->is_stopping))
		err = ERR_BUSY;
	else if (lane->once)
		err = ERR_CONFLICT;
	if (!err) {
		lane->once = once;
		lane->may_run_one = true;
		lane->expects_one = lane->queued == lane->queued_by_hand;
		runner_wake(runner);
	}
	pthread_mutex_unlock(&runner->lock);
	return err;
}

bool
runner_take_expected(struct runner *runner, struct uuid scenario)
{
	struct runner_lane *lane;
	bool is_expected = false;

	pthread_mutex_lock(&runner->lock);
	lane = runner_lane_find(runner, &scenario);
	if (lane) {
		is_expected = lane->expects_one;
		lane->expects_one = false;
		lane->has_accepted_one |= is_expected;
	}
	pthread_mutex_unlock(&runner->lock);
	return is_expected;
}

void
runner_once_give_back(struct runner_lane *lane)
{
	lane->has_accepted_one = false;
	lane->expects_one = lane->once != NULL;
	lane->may_run_one = lane->once != NULL;
}

struct runner_once *
runner_once_take(struct runner_lane *lane, const struct runner_item *item)
{
	struct runner_once *once = lane->once;

	if (item->is_retry || item->is_begun || item->is_by_hand)
		return NULL;
	lane->once = NULL;
	lane->may_run_one = false;
	lane->expects_one = lane->has_accepted_one = false;
	return once;
}

/** Under the lock: one whose time is over, taken off; or NULL. */
static struct runner_once *
take_over(struct runner *runner, bool all)
{
	for (struct runner_lane *lane = runner->lanes; lane;
		lane = lane->next) {
		struct runner_once *once = lane->once;

		if (!once || (!all && once->deadline > clock_monotonic()))
			continue;
		lane->once = NULL;
		/* A request that was accepted for it is still to be run. */
		lane->may_run_one = lane->has_accepted_one;
		lane->expects_one = false;
		return once;
	}
	return NULL;
}

void
runner_once_end(struct runner *runner, bool all)
{
	struct runner_once *once;

	do {
		pthread_mutex_lock(&runner->lock);
		once = take_over(runner, all);
		pthread_mutex_unlock(&runner->lock);
		if (once)
			once->came(once, 0);
	} while (once);
}
