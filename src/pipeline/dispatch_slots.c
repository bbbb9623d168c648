/*
 * Who may have how many attempts under way.
 *
 * A lane has as many as its endpoint answers well (rule/pace). A worker has
 * `concurrency_total` for lanes whose endpoints come back in time, and others
 * for those that do not: a lane is slow from the moment when one has timed
 * out, or has been under way for SLOTS_PATIENCE and nothing has come back since
 * it began or half of them are like that, until SLOTS_TRUST in a row have come
 * back in time and none is late. All that it has under
 * way then counts as slow, and so does any attempt that has been under way for
 * so long; so endpoints that hang give their slots back to the others within
 * that time, however many they are; and all slow lanes together start no more
 * than `slow_total`. Only what hangs all at once, one lane each, can fill
 * `in_flight_max`.
 */
#include "base/clock.h"
#include "pipeline/dispatch_private.h"

#define SLOTS_PATIENCE (2 * SECONDS)

enum { SLOTS_TRUST = 4 };

static unsigned
in_flight_of(const struct lane *lane)
{
	return lane->first_in_flight + lane->retries_in_flight;
}

static size_t
less(size_t from, size_t what)
{
	return from > what ? from - what : 0;
}

size_t
slots_left(const struct dispatch *dispatch, bool is_slow)
{
	const struct dispatch_options *options = &dispatch->options;
	size_t total = options->concurrency_total;
	size_t slow = options->slow_total ? options->slow_total : total / 2 + 1;
	size_t max =
		options->in_flight_max ? options->in_flight_max : total * 4;
	size_t fast_in_flight = dispatch->in_flight - dispatch->slow_in_flight;
	size_t left = is_slow ? less(slow, dispatch->slow_in_flight)
			      : less(total, fast_in_flight);
	size_t all = less(max, dispatch->in_flight);

	return left < all ? left : all;
}

/*
 * The fewer slots are left in all, the fewer a lane may hold, so that many
 * endpoints cannot take all of them (P4): n such lanes leave 1 / (1 + n/8) of
 * the slots free. One is always allowed; a lane that holds one comes back here
 * when that is over.
 */
static unsigned
at_most_fair(const struct dispatch *dispatch, const struct lane *lane,
	unsigned slots)
{
	size_t left = slots_left(dispatch, lane->is_slow);
	size_t fair = left / 8 > 1 ? left / 8 : 1;

	return slots < fair ? slots : (unsigned)fair;
}

static bool
is_full(const struct lane *lane)
{
	return lane->is_strict && in_flight_of(lane) >= lane->pace.limit;
}

bool
lane_has_first_slot(const struct dispatch *dispatch, const struct lane *lane)
{
	return lane->first_in_flight <
		       at_most_fair(dispatch, lane, lane->pace.limit) &&
	       !is_full(lane);
}

/** A quarter beside the first tries. */
bool
lane_has_retry_slot(const struct dispatch *dispatch, const struct lane *lane)
{
	unsigned slots = lane->pace.limit / 4 ? lane->pace.limit / 4 : 1;

	return lane->retries_in_flight < at_most_fair(dispatch, lane, slots) &&
	       !is_full(lane);
}

/* ---- one attempt ---- */

static int64_t
started_at(const struct delivery *delivery)
{
	return delivery->by_due.key - SLOTS_PATIENCE;
}

/** Of what the lane has under way, what counts as slow. */
static unsigned
slow_of(const struct lane *lane)
{
	return lane->is_slow ? in_flight_of(lane) : lane->late;
}

void
slots_take(
	struct dispatch *dispatch, struct lane *lane, struct delivery *delivery)
{
	delivery->holds_slot = true;
	dispatch->in_flight++;
	dispatch->slow_in_flight -= slow_of(lane);
	if (delivery->is_retry)
		lane->retries_in_flight++;
	else
		lane->first_in_flight++;
	dispatch->slow_in_flight += slow_of(lane);
	delivery->by_due.key = dispatch->now + SLOTS_PATIENCE;
	heap_add(&dispatch->patience, &delivery->by_due);
}

void
slots_give_back(
	struct dispatch *dispatch, struct lane *lane, struct delivery *delivery)
{
	if (!delivery->holds_slot)
		return;
	delivery->holds_slot = false;
	heap_remove(&dispatch->patience, &delivery->by_due);
	dispatch->in_flight--;
	dispatch->slow_in_flight -= slow_of(lane);
	if (delivery->is_retry)
		lane->retries_in_flight--;
	else
		lane->first_in_flight--;
	lane->late -= delivery->is_late;
	delivery->is_late = false;
	dispatch->slow_in_flight += slow_of(lane);
}

/* ---- slow and fast ---- */

static void
set_slow(struct dispatch *dispatch, struct lane *lane, bool is_slow)
{
	if (lane->is_slow == is_slow)
		return;
	lane_leave_turn(dispatch, lane);
	dispatch->slow_in_flight -= slow_of(lane);
	lane->is_slow = is_slow;
	dispatch->slow_in_flight += slow_of(lane);
	lane_reconsider(dispatch, lane);
}

void
slots_look(struct dispatch *dispatch)
{
	struct heap_node *node;

	while ((node = heap_first(&dispatch->patience)) &&
		node->key <= dispatch->now) {
		struct delivery *delivery =
			CONTAINER_OF(node, struct delivery, by_due);
		struct lane *lane = delivery->lane;

		heap_remove(&dispatch->patience, node);
		delivery->is_late = true;
		dispatch->slow_in_flight -= slow_of(lane);
		lane->late++;
		dispatch->slow_in_flight += slow_of(lane);
		if (lane->back_at < started_at(delivery) ||
			lane->late * 2 >= in_flight_of(lane))
			set_slow(dispatch, lane, true);
	}
}

/** How long attempts take, whatever comes of them, at best. */
static void
note_time(struct lane *lane, int64_t time)
{
	if (lane->briefest == 0 || time < lane->briefest)
		lane->briefest = time > 0 ? time : 1;
	else
		lane->briefest += (time - lane->briefest) / 4096;
}

void
dispatch_outcome(struct dispatch *dispatch, struct delivery *delivery,
	enum http_failure failure, int status)
{
	struct lane *lane = delivery->lane;
	const struct pace_outcome outcome = {
		.failure = failure,
		.status = status,
		.started = started_at(delivery),
		.ended = dispatch->now,
		.in_flight = in_flight_of(lane),
	};
	bool is_late = outcome.ended - outcome.started >= SLOTS_PATIENCE;

	if (!delivery->holds_slot)
		return;
	pace_move(&lane->pace, &outcome);
	note_time(lane, outcome.ended - outcome.started);
	lane->timely = is_late ? 0 : lane->timely + 1;
	if (failure == HTTP_TIMED_OUT) {
		lane->timely = 0;
		set_slow(dispatch, lane, true);
		return;
	}
	lane->back_at = dispatch->now;
	if (lane->timely >= SLOTS_TRUST && lane->late == 0)
		set_slow(dispatch, lane, false);
}
