#include "pipeline/replay_walk.h"

#include "base/clock.h"
#include "pipeline/announce.h"
#include "pipeline/event_view.h"
#include "pipeline/redeliver.h"
#include "rule/event_body.h"
#include "store/replay.h"

enum fate { FOUND, PASSED, GONE };

static enum delivery_state
state_of(const struct replay_walk *walk)
{
	return walk->spec->which == REPLAY_FAILED ? DELIVERY_DEAD
						  : DELIVERY_SKIPPED;
}

enum err
replay_walk_begin(struct replay_walk *walk, uint64_t *ret_total)
{
	const struct replay_spec *spec = walk->spec;
	bool is_all = spec->which == REPLAY_ALL;
	struct replay_range range;
	struct replay_query query = {
		.webhook = walk->webhook->number, .state = state_of(walk)};
	enum err err = is_all ? store_replay_events(walk->store, spec->from,
					spec->to, &range)
			      : store_replay_deliveries(walk->store, spec->from,
					spec->to, &range);

	if (err)
		return err;
	walk->next = range.first;
	walk->last = range.last;
	*ret_total =
		range.last >= range.first ? range.last - range.first + 1 : 0;
	if (is_all)
		return ERR_OK;
	query.after = range.first - 1;
	query.last = range.last;
	return store_replay_count(walk->store, &query, ret_total);
}

bool
replay_walk_is_complete(const struct replay_walk *walk)
{
	return walk->next > walk->last;
}

void
replay_walk_release(struct replay_walk *walk)
{
	arena_release(&walk->scratch);
}

static bool
is_within(const struct replay_spec *spec, int64_t time)
{
	return time >= spec->from && (spec->to == 0 || time < spec->to);
}

/** Whether the filters that count are true for the event. */
static bool
is_wanted(struct replay_walk *walk, const struct event_row *event,
	struct str previous)
{
	struct filter_event view;

	if (walk->filter == NULL && walk->spec->which != REPLAY_ALL)
		return true;
	if (event_view_make(event, previous, &walk->scratch, &view))
		return false;
	if (walk->spec->which == REPLAY_ALL &&
		(!event_view_is_sent(&view) ||
			!filter_matches(
				walk->webhook->filter, &view, &walk->scratch)))
		return false;
	return walk->filter == NULL ||
	       filter_matches(walk->filter, &view, &walk->scratch);
}

static bool
can_be_sent(
	struct replay_walk *walk, const struct event_row *event, struct str old)
{
	struct str body;

	return event_body_delivered(event->form, event->operation, event->body,
		       old, &walk->scratch, &body) == ERR_OK;
}

/* ---- deliveries that have ended ---- */

static enum err
judge_delivery(struct replay_walk *walk, const struct delivery_row *row,
	enum fate *ret)
{
	struct event_row event, previous = {0};
	enum err err;

	*ret = PASSED;
	if (!is_within(walk->spec, row->created) ||
		row->attempts >= REDELIVER_ATTEMPTS_MAX)
		return ERR_OK;
	*ret = FOUND;
	if (walk->is_counting && walk->filter == NULL)
		return ERR_OK;
	*ret = GONE;
	err = store_event(walk->store, row->event, &walk->scratch, &event);
	if (err)
		return err == ERR_NOT_FOUND ? ERR_OK : err;
	if (event.previous)
		err = store_event(
			walk->store, event.previous, &walk->scratch, &previous);
	if (err && err != ERR_NOT_FOUND)
		return err;
	*ret = FOUND;
	if (!is_wanted(walk, &event, previous.body))
		*ret = PASSED;
	else if (!can_be_sent(walk, &event, previous.body))
		*ret = GONE;
	return ERR_OK;
}

static void
note(struct replay_found *found, enum fate fate, const struct delivery_row *row)
{
	found->looked++;
	found->gone += fate == GONE;
	found->passed += fate == PASSED;
	if (fate == FOUND)
		found->rows[found->count++] = *row;
}

static enum err
step_ended(struct replay_walk *walk, size_t max, struct arena *arena,
	struct replay_found *ret)
{
	const struct replay_query query = {.webhook = walk->webhook->number,
		.state = state_of(walk),
		.after = walk->next - 1,
		.last = walk->last};
	struct delivery_list list;
	enum err err = store_replay_ended(
		walk->store, &query, REPLAY_STEP_MAX, arena, &list);
	uint64_t next = walk->last + 1;
	size_t i = 0;

	for (; !err && i < list.count && ret->count < max; i++) {
		enum fate fate;

		arena_reset(&walk->scratch);
		err = judge_delivery(walk, &list.rows[i], &fate);
		if (!err)
			note(ret, fate, &list.rows[i]);
	}
	if (err)
		return err;
	if (i < list.count || list.count == REPLAY_STEP_MAX)
		next = list.rows[i - 1].sequence + 1;
	walk->next = next;
	return ERR_OK;
}

/* ---- all events ---- */

/** News of a webhook is not for itself, now as then (webhook_news.h). */
static bool
is_about_itself(const struct replay_walk *walk, const struct event_row *event)
{
	char id[UUID_TEXT_SIZE];

	return announce_is_own(event->source) &&
	       str_equal(event->subject,
		       str_of(uuid_format(walk->webhook->id, id)));
}

static enum err
judge_event(struct replay_walk *walk, const struct stored_event *stored,
	struct delivery_row *row, enum fate *ret)
{
	const struct event_row *event = &stored->event;
	enum err err;

	*ret = PASSED;
	if (!is_within(walk->spec, event->accepted) ||
		is_about_itself(walk, event) ||
		!is_wanted(walk, event, stored->previous_body))
		return ERR_OK;
	*ret = GONE;
	if (!can_be_sent(walk, event, stored->previous_body))
		return ERR_OK;
	err = store_delivery_to(walk->store, event->sequence,
		walk->webhook->number, &walk->scratch, row);
	row->reason = STR("");
	if (err == ERR_NOT_FOUND)
		*row = (struct delivery_row){.workspace = event->workspace,
			.event = event->sequence,
			.webhook = walk->webhook->number};
	else if (err)
		return err;
	*ret = row->state == DELIVERY_WAITING && row->sequence ? PASSED
	       : row->attempts >= REDELIVER_ATTEMPTS_MAX       ? PASSED
							       : FOUND;
	return ERR_OK;
}

static enum err
step_events(struct replay_walk *walk, size_t max, struct arena *arena,
	struct replay_found *ret)
{
	uint64_t left = walk->last - walk->next + 1;
	const struct event_range range = {.workspace = walk->webhook->workspace,
		.from = walk->next,
		.count =
			left < REPLAY_STEP_MAX ? (size_t)left : REPLAY_STEP_MAX,
		.bytes_max = REPLAY_STEP_BYTES};
	struct stored_events list;
	enum err err = store_events(walk->store, &range, arena, &list);
	size_t i = 0;

	for (; !err && i < list.count && ret->count < max; i++) {
		struct delivery_row row = {0};
		enum fate fate;

		arena_reset(&walk->scratch);
		err = judge_event(walk, &list.rows[i], &row, &fate);
		if (!err)
			note(ret, fate, &row);
	}
	if (err)
		return err;
	walk->next = i < list.count ? list.rows[i].event.sequence : list.next;
	return ERR_OK;
}

enum err
replay_walk_step(struct replay_walk *walk, size_t max, struct arena *arena,
	struct replay_found *ret)
{
	ret->count = 0;
	ret->looked = ret->passed = ret->gone = 0;
	if (replay_walk_is_complete(walk))
		return ERR_OK;
	return walk->spec->which == REPLAY_ALL
		       ? step_events(walk, max, arena, ret)
		       : step_ended(walk, max, arena, ret);
}
