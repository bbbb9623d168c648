#include "pipeline/alarm.h"

#include "base/compiler.h"

void
alarm_set(struct heap *alarms, struct alarm *alarm, int64_t delay)
{
	heap_remove(alarms, &alarm->node);
	alarm->node.key = clock_monotonic() + delay;
	heap_add(alarms, &alarm->node);
}

void
alarm_cancel(struct heap *alarms, struct alarm *alarm)
{
	heap_remove(alarms, &alarm->node);
}

int64_t
alarm_next(const struct heap *alarms)
{
	struct heap_node *first = heap_first(alarms);

	return first ? first->key - clock_monotonic() : INT64_MAX;
}

static void
ring_first(struct heap *alarms, bool is_over)
{
	struct heap_node *first = heap_first(alarms);
	struct alarm *alarm = CONTAINER_OF(first, struct alarm, node);

	heap_remove(alarms, first);
	alarm->ring(alarm, is_over);
}

void
alarm_ring_due(struct heap *alarms)
{
	while (heap_first(alarms) && alarm_next(alarms) <= 0)
		ring_first(alarms, false);
}

void
alarm_ring_last(struct heap *alarms)
{
	while (heap_first(alarms))
		ring_first(alarms, true);
	heap_release(alarms);
}
