#pragma once
#include "base/clock.h"
#include "base/heap.h"

/*
 * Things that a worker is to do later. Alarms are embedded in what they are
 * for; one worker's, its thread only. A zeroed struct heap has none.
 */
struct alarm {
	struct heap_node node; /* by monotonic time */
	/* Taken out before the call. `is_over`: the worker ends; nothing may
	   be started any more, and nobody else will clean up. */
	void (*ring)(struct alarm *alarm, bool is_over);
};

/** Sets it, also anew, to ring in `delay` microseconds. */
void alarm_set(struct heap *alarms, struct alarm *alarm, int64_t delay);
/** Harmless for one that is not set. */
void alarm_cancel(struct heap *alarms, struct alarm *alarm);

/** Microseconds until the next one; INT64_MAX: there is none. */
int64_t alarm_next(const struct heap *alarms);
/** Rings all that are due. */
void alarm_ring_due(struct heap *alarms);
/** Rings all of them for the last time. */
void alarm_ring_last(struct heap *alarms);
