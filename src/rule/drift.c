#include "rule/drift.h"

#include <string.h>

static void
note_jump(struct drift *drift, int64_t before, int64_t by)
{
	if (drift->count == DRIFT_JUMPS_MAX) {
		drift->count--;
		memmove(drift->jumps, drift->jumps + 1,
			drift->count * sizeof(*drift->jumps));
	}
	drift->jumps[drift->count++] = (struct drift_jump){before, by};
}

int64_t
drift_look(struct drift *drift, int64_t wall, int64_t monotonic)
{
	int64_t by = wall - monotonic - drift->offset;
	bool is_jump = drift->is_started &&
		       (by > DRIFT_TOLERANCE || by < -DRIFT_TOLERANCE);

	if (is_jump)
		note_jump(drift, wall - by, by);
	drift->is_started = true;
	drift->offset = wall - monotonic;
	drift->wall = wall;
	return is_jump ? by : 0;
}

/**
 * Whether a time was written before this jump. Forward, no time between
 * `before` and `before + by` was ever written, and the jump came a little
 * before it was seen: the middle of the gap is on the safe side of both.
 * Backward, only what lies in the future must be from before.
 */
static bool
is_from_before(
	const struct drift *drift, const struct drift_jump *jump, int64_t time)
{
	return jump->by > 0 ? time < jump->before + jump->by / 2
			    : time > drift->wall;
}

int64_t
drift_wall(const struct drift *drift, int64_t written)
{
	for (size_t i = 0; i < drift->count; i++) {
		if (is_from_before(drift, &drift->jumps[i], written))
			written += drift->jumps[i].by;
	}
	return written;
}

int64_t
drift_due(const struct drift *drift, int64_t due, int64_t written,
	int64_t monotonic)
{
	int64_t wait = due > written ? due - written : 0;
	int64_t at = drift_wall(drift, written) + wait - drift->offset;

	return at < monotonic + wait ? at : monotonic + wait;
}

int64_t
drift_age(const struct drift *drift, int64_t written)
{
	int64_t age = drift->wall - drift_wall(drift, written);

	return age > 0 ? age : 0;
}
