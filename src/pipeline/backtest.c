#include "pipeline/backtest.h"

#include "pipeline/event_view.h"

int64_t
backtest_hour(const struct backtest *backtest, size_t i)
{
	return (backtest->since / HOURS + (int64_t)i) * HOURS;
}

size_t
backtest_sample_count(const struct backtest *backtest)
{
	return backtest->matched < backtest->samples_max
		       ? (size_t)backtest->matched
		       : backtest->samples_max;
}

uint64_t
backtest_sample(const struct backtest *backtest, size_t i)
{
	return backtest
		->samples[(backtest->matched - 1 - i) % backtest->samples_max];
}

void
backtest_release(struct backtest *backtest)
{
	arena_release(&backtest->arena);
	arena_release(&backtest->scratch);
}

static enum err
find_beginning(struct backtest *backtest)
{
	struct store_counters counters;
	enum err err = store_counters(backtest->store, &counters, NULL);

	if (err)
		return err;
	backtest->last = counters.event;
	if (backtest->next)
		return ERR_OK;
	return store_events_since(
		backtest->store, backtest->since, &backtest->next);
}

/** Whether the filter asks for events of this type; cheap. */
static bool
is_asked_for(const struct filter *filter, struct str type)
{
	const struct str *types;
	size_t count;

	if (!filter_types(filter, &types, &count))
		return true;
	for (size_t i = 0; i < count; i++) {
		if (str_equal(types[i], type))
			return true;
	}
	return false;
}

static bool
is_match(struct backtest *backtest, const struct stored_event *stored)
{
	struct filter_event view;

	if (!is_asked_for(backtest->filter, stored->event.type))
		return false;
	/* What cannot be read could not have been matched either. */
	arena_reset(&backtest->scratch);
	if (event_view_make(&stored->event, stored->previous_body,
		    &backtest->scratch, &view))
		return false;
	return event_view_is_sent(&view) &&
	       filter_matches(backtest->filter, &view, &backtest->scratch);
}

static void
count_match(struct backtest *backtest, const struct event_row *event)
{
	uint64_t hour =
		(uint64_t)(event->accepted / HOURS - backtest->since / HOURS);

	/* A clock that was put back: better in the last hour than lost. */
	if (hour >= COUNT_OF(backtest->hours))
		hour = COUNT_OF(backtest->hours) - 1;
	backtest->hours[hour]++;
	if (backtest->samples_max)
		backtest->samples[backtest->matched % backtest->samples_max] =
			event->sequence;
	backtest->matched++;
}

/** Up to where the step's time is over. */
static void
hold_events(struct backtest *backtest, const struct stored_events *events)
{
	int64_t end = clock_monotonic() + BACKTEST_STEP_TIME;

	backtest->next = events->next;
	for (size_t i = 0; i < events->count; i++) {
		const struct stored_event *stored = &events->rows[i];

		if (stored->event.accepted >= backtest->since) {
			backtest->scanned++;
			if (is_match(backtest, stored))
				count_match(backtest, &stored->event);
		}
		if (clock_monotonic() > end) {
			backtest->next = stored->event.sequence + 1;
			return;
		}
	}
}

enum err
backtest_step(struct backtest *backtest)
{
	struct event_range range = {
		.workspace = backtest->workspace,
		.count = BACKTEST_STEP_EVENTS,
		.bytes_max = BACKTEST_STEP_BYTES,
	};
	struct stored_events events;
	enum err err = ERR_OK;

	if (backtest->last == 0)
		err = find_beginning(backtest);
	if (err)
		return err;
	arena_reset(&backtest->arena);
	range.from = backtest->next;
	err = store_events(backtest->store, &range, &backtest->arena, &events);
	if (err)
		return err;
	hold_events(backtest, &events);
	backtest->is_complete = backtest->next > backtest->last;
	return ERR_OK;
}
