#include "pipeline/ingest.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "pipeline/announce.h"
#include "pipeline/ingest_work.h"

enum { TRIES_MAX = 5 };

static void begin(struct ingest_work *work);

/* ---- the end of an item ---- */

static void
count(_Atomic uint64_t *counter, uint64_t by)
{
	if (by)
		atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}

static void
count_outcomes(const struct publication *publication)
{
	struct ingest *ingest = publication->ingest;
	uint64_t outcomes[] = {[PUBLISH_ACCEPTED] = 0,
		[PUBLISH_UNCHANGED] = 0,
		[PUBLISH_DUPLICATE] = 0,
		[PUBLISH_REFUSED] = 0};
	uint64_t matched = 0;

	for (size_t i = 0; i < publication->count; i++) {
		outcomes[publication->items[i].outcome]++;
		matched += publication->items[i].matched;
	}
	count(&ingest->events, outcomes[PUBLISH_ACCEPTED]);
	count(&ingest->unchanged, outcomes[PUBLISH_UNCHANGED]);
	count(&ingest->duplicates, outcomes[PUBLISH_DUPLICATE]);
	count(&ingest->refused, outcomes[PUBLISH_REFUSED]);
	count(&ingest->matched, matched);
}

static void
end_one(struct publication *publication)
{
	if (atomic_fetch_sub(&publication->pending, 1) != 1)
		return;
	count_outcomes(publication);
	publication->done(publication);
}

static void
end_item(struct ingest_work *work)
{
	payload_unref(work->payload);
	work->payload = NULL;
	arena_release(&work->own_arena);
	end_one(work->publication);
}

/* ---- after the commit (writer's thread) ---- */

static void
settle_state(struct ingest_work *work, bool is_stored)
{
	if (work->entry)
		states_settled(work->ingest->states, work->entry, is_stored);
	work->entry = NULL;
}

static void
run_again(struct desk_job *job)
{
	begin(CONTAINER_OF(job, struct ingest_work, job));
}

/**
 * Somebody else's event came between (or an earlier one of ours failed):
 * look at the resource again, away from the writer's thread.
 */
static void
try_again(struct ingest_work *work)
{
	payload_unref(work->payload);
	work->payload = NULL;
	work->text = NULL; /* by now its type may be of no resource */
	work->item->matched = work->item->skipped = 0;
	buf_clear(&work->item->why);
	arena_release(&work->own_arena);
	work->arena = &work->own_arena;
	work->job.run = run_again;
	if (++work->tries < TRIES_MAX &&
		!atomic_load(&work->ingest->is_stopping) &&
		desk_post(work->ingest->options.desk, &work->job) == ERR_OK)
		return;
	ingest_work_refuse(work, ERR_BUSY,
		"the resource changes too fast to follow, send it again");
	end_item(work);
}

static void
tell_accepted(struct ingest_work *work)
{
	work->item->outcome = PUBLISH_ACCEPTED;
	ingest_work_tell(work);
	end_item(work);
}

static void
committed(struct writer_item *item)
{
	struct ingest_work *work =
		CONTAINER_OF(item, struct ingest_work, writer_item);
	enum err err = item->unit.result;

	settle_state(work, err == ERR_OK);
	if (err == ERR_OK) {
		tell_accepted(work);
		return;
	}
	if (err == ERR_CONFLICT &&
		item->unit.changes[item->unit.conflicted].kind ==
			STORE_EVENT_ADD) {
		work->item->outcome = PUBLISH_DUPLICATE;
		work->item->matched = work->item->skipped = 0;
		end_item(work);
		return;
	}
	if (err == ERR_CONFLICT) {
		try_again(work);
		return;
	}
	work->item->matched = work->item->skipped = 0;
	ingest_work_refuse(work, err,
		err == ERR_LIMIT
			? "there is no room left (the disk, or store-max-bytes); nothing was stored"
			: "the event could not be stored");
	end_item(work);
}

/** What committed() changes of a work's, which other threads used last. */
static void
fetch_committed(struct writer_item *item)
{
	const struct ingest_work *work =
		CONTAINER_OF(item, struct ingest_work, writer_item);

	states_fetch_entry(work->entry);
	__builtin_prefetch(work->deliveries);
	__builtin_prefetch(work->item, 1);
	__builtin_prefetch(work->payload, 1);
}

/* ---- handing over ---- */

/** Numbers the event; its id is made from the number unless it was given. */
static void
set_identity(struct ingest_work *work)
{
	ingest_work_number(work);
	if (!work->event.is_id_given) {
		struct uuid uuid = uuid_from_sequence(
			work->event.accepted, work->event.sequence);

		work->event.id = str_of(uuid_format(uuid, work->id_text));
		work->event.source = work->ingest->options.source;
	}
	work->item->event_id = work->event.id;
}

static enum err
submit(struct ingest_work *work)
{
	struct arena *arena = work->arena;
	int64_t window = work->ingest->options.dedupe_window;
	size_t cap = 2 + work->delivery_count;
	struct store_change *changes =
		arena_alloc_array(arena, cap, sizeof(*changes));
	size_t count = 0;

	changes[count++] = (struct store_change){.kind = STORE_EVENT_ADD,
		.event = &work->event,
		.repeats_from = window ? work->event.accepted - window : 0};
	if (work->is_resource)
		changes[count++] =
			(struct store_change){.kind = STORE_RESOURCE_SET,
				.resource = &work->resource,
				.expected = work->expected};
	if (work->is_resource && !work->event.is_id_given) {
		/* What can conflict stands first. */
		struct store_change event = changes[0];

		changes[0] = changes[1];
		changes[1] = event;
	}
	for (size_t i = 0; i < work->delivery_count; i++)
		changes[count++] =
			(struct store_change){.kind = STORE_DELIVERY_ADD,
				.delivery = &work->deliveries[i]};
	work->writer_item = (struct writer_item){
		.unit = {.changes = changes, .count = count},
		.done = committed,
		.soon = fetch_committed};
	return writer_submit(
		work->ingest->options.writer, &work->writer_item, false);
}

/* ---- nothing to write, because of what is on its way to the disk ---- */

/** The writer has come past all that was on its way (its thread). */
static void
confirmed(struct writer_item *item)
{
	struct ingest_work *work =
		CONTAINER_OF(item, struct ingest_work, writer_item);
	enum err err = item->unit.result;

	if (err == ERR_CONFLICT || (err == ERR_OK && item->unit.count == 0)) {
		try_again(work);
		return;
	}
	if (err) {
		buf_clear(&work->item->why);
		ingest_work_refuse(work, err,
			"the resource's last event could not be stored");
	}
	end_item(work);
}

/**
 * "It is so already" rests on an event that may not be stored: it counts when
 * the writer, behind that event, finds the resource at its sequence. Where it
 * rests on there being no resource, there is no row to hold it against: look
 * again then.
 */
static void
confirm(struct ingest_work *work, const struct states_hold *hold, struct str id)
{
	struct store_change *change =
		ARENA_NEW(work->arena, struct store_change);

	work->resource.id = id;
	work->resource.last = hold->last;
	work->resource.is_deleted = hold->is_deleted;
	*change = (struct store_change){.kind = STORE_RESOURCE_SET,
		.resource = &work->resource,
		.expected = hold->last};
	work->writer_item = (struct writer_item){
		.unit = {.changes = change, .count = hold->last ? 1 : 0},
		.done = confirmed};
	if (writer_submit(work->ingest->options.writer, &work->writer_item,
		    false) == ERR_OK)
		return;
	buf_clear(&work->item->why);
	ingest_work_refuse(work, ERR_BUSY,
		"too many events are waiting to be stored, send it again "
		"later");
	end_item(work);
}

/** The item needs no event: that may be said at once, or not yet. */
static void
end_without_event(
	struct ingest_work *work, const struct states_hold *hold, struct str id)
{
	const struct publication_item *item = work->item;
	bool is_by_state = item->outcome == PUBLISH_UNCHANGED ||
			   item->err == ERR_NOT_FOUND;

	if (is_by_state && !hold->is_on_disk)
		confirm(work, hold, id);
	else
		end_item(work);
}

/* ---- the beginning ---- */

/** Everything between the decision and the writer. */
static bool
hand_over(struct ingest_work *work, uint64_t *ret_sequence)
{
	set_identity(work);
	*ret_sequence = work->event.sequence;
	work->resource.last = work->event.sequence;
	work->resource.is_deleted = json_is_missing(work->new_state);
	if (!ingest_match(work)) {
		work->item->matched = work->item->skipped = 0;
		return false;
	}
	if (submit(work) == ERR_OK)
		return true;
	work->item->matched = work->item->skipped = 0;
	ingest_work_refuse(work, ERR_BUSY,
		"too many events are waiting to be stored, send it again "
		"later");
	return false;
}

static void
begin_with_resource(struct ingest_work *work, struct str id)
{
	struct states_hold hold;
	struct state *next = NULL;
	struct publication_item *item = work->item;
	uint64_t sequence;
	bool is_plain;

	if (states_hold(
		    work->ingest->states, ingest_work_place(work, id), &hold)) {
		ingest_work_refuse(
			work, ERR_IO, "the resource could not be read");
		end_item(work);
		return;
	}
	if (!ingest_work_decide(work, &hold)) {
		states_let_go(&hold);
		end_without_event(work, &hold, id);
		return;
	}
	work->resource.id = id;
	work->entry = states_expect(&hold);
	is_plain = work->event.form == EVENT_STATE;
	if (!json_is_missing(work->new_state))
		next = states_copy(&hold,
			is_plain ? item->body : json_raw(work->new_state),
			work->new_state);
	work->text = next ? next->text : NULL;
	if (hand_over(work, &sequence)) {
		/* `work` may be gone: the writer has it. */
		states_set(&hold, sequence, next, is_plain);
		states_let_go(&hold);
	} else {
		settle_state(
			work, true); /* as before: nothing was handed over */
		states_let_go(&hold);
		end_item(work);
	}
	state_unref(next);
}

/** What bears the hub's own source would pass for something it said. */
static bool
is_forged(const struct ingest_work *work)
{
	return work->item->kind == PUBLISH_EVENT &&
	       announce_is_own(work->item->cloudevent.source);
}

static void
begin(struct ingest_work *work)
{
	uint64_t sequence;
	struct str id;

	if (is_forged(work)) {
		ingest_work_refuse(work, ERR_INVALID,
			"source: what begins with " ANNOUNCE_SOURCE
			" is the hub's own");
		end_item(work);
		return;
	}
	if (!ingest_work_resource_id(work, &id)) {
		if (!ingest_work_decide(work, NULL) ||
			!hand_over(work, &sequence))
			end_item(work);
		return;
	}
	if (str_is_empty(id)) {
		ingest_work_refuse(work, ERR_INVALID,
			"subject: expected the resource's id, in subject or "
			"in data.new.id");
		end_item(work);
		return;
	}
	begin_with_resource(work, id);
}

void
ingest_publish(struct ingest *ingest, struct publication *publication)
{
	struct ingest_work *works = arena_alloc_array(
		publication->arena, publication->count, sizeof(*works));

	publication->ingest = ingest;
	publication->begun = clock_now();
	atomic_init(&publication->pending, publication->count + 1);
	for (size_t i = 0; i < publication->count; i++) {
		struct ingest_work *work = &works[i];

		work->ingest = ingest;
		work->publication = publication;
		work->item = &publication->items[i];
		work->arena = publication->arena;
		work->item->work = work;
	}
	for (size_t i = 0; i < publication->count; i++) {
		ingest_work_look_ahead(works, publication->count, i);
		begin(&works[i]);
	}
	end_one(publication);
}

enum err
ingest_resource(struct ingest *ingest, uint32_t workspace, struct str type,
	struct str id, struct arena *arena, struct str *ret)
{
	struct states_hold hold;
	struct states_place place = states_place(
		workspace, catalog_canonical(type, arena), id, arena);
	enum err err = states_hold(ingest->states, &place, &hold);

	if (err)
		return err;
	if (hold.state)
		*ret = arena_copy(arena, hold.state->doc.text);
	else
		err = ERR_NOT_FOUND;
	states_let_go(&hold);
	return err;
}

void
ingest_number(
	struct ingest *ingest, uint64_t *ret_event, uint64_t *ret_delivery)
{
	if (ret_event)
		*ret_event = atomic_fetch_add(&ingest->last_event, 1) + 1;
	if (ret_delivery)
		*ret_delivery = atomic_fetch_add(&ingest->last_delivery, 1) + 1;
}

void
ingest_stats(const struct ingest *ingest, struct ingest_stats *ret)
{
	*ret = (struct ingest_stats){
		.events = atomic_load(&ingest->events),
		.unchanged = atomic_load(&ingest->unchanged),
		.duplicates = atomic_load(&ingest->duplicates),
		.refused = atomic_load(&ingest->refused),
		.matched = atomic_load(&ingest->matched),
		.schema_refusals = atomic_load(&ingest->schema_refusals),
		.schema_warnings = atomic_load(&ingest->schema_warnings),
		.oversized = atomic_load(&ingest->oversized),
	};
}

enum err
ingest_open(const struct ingest_options *options, struct ingest **ret,
	struct buf *why)
{
	struct store_counters counters;
	struct ingest *ingest;
	enum err err = store_counters(options->store, &counters, why);

	if (err)
		return err;
	ingest = MEM_NEW(struct ingest);
	ingest->options = *options;
	ingest->states = states_new(options->store, options->states_memory_max);
	atomic_init(&ingest->last_event, counters.event);
	atomic_init(&ingest->last_delivery, counters.delivery);
	*ret = ingest;
	return ERR_OK;
}

void
ingest_stop(struct ingest *ingest)
{
	atomic_store(&ingest->is_stopping, true);
}

void
ingest_close(struct ingest *ingest)
{
	if (ingest == NULL)
		return;
	states_free(ingest->states);
	mem_free(ingest);
}
