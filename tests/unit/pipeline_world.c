#include "pipeline_world.h"

#include "base/mem.h"
#include "pipeline/webhook_snapshot.h"

#define TYPE "compute-ops/server"

static void
note_accepted(void *context, const struct delivery_row *delivery,
	struct payload *payload)
{
	struct world *world = context;
	size_t at = atomic_load(&world->accepted_count);

	(void)payload;
	CHECK(at < WORLD_ACCEPTED_MAX);
	world->accepted[at] = *delivery;
	world->accepted[at].reason = (struct str){NULL, 0};
	atomic_store(&world->accepted_count, at + 1);
}

static void
open_parts(struct world *world, size_t states_memory_max, size_t batch_max)
{
	struct writer_options writer = {.batch_max = batch_max};
	struct ingest_options ingest = {
		.source = STR("/v1/resources"),
		.states_memory_max = states_memory_max,
		.context = world,
		.accepted = note_accepted,
	};
	struct buf why = {0};

	world->store = test_store_open(world->directory);
	writer.store = ingest.store = world->store;
	world->writer = ingest.writer = writer_start(&writer);
	world->desk = ingest.desk = desk_start(2, 0);
	world->match = ingest.match = match_new();
	CHECK_OK(event_types_open(
		world->store, world->writer, &world->event_types, &why));
	ingest.event_types = world->event_types;
	CHECK_OK(ingest_open(&ingest, &world->ingest, &why));
	buf_release(&why);
}

void
world_open(struct world *world, size_t states_memory_max, size_t batch_max)
{
	*world = (struct world){.directory = check_temp_dir()};
	open_parts(world, states_memory_max, batch_max);
}

void
world_close(struct world *world)
{
	desk_stop(world->desk);
	writer_stop(world->writer);
	ingest_close(world->ingest);
	event_types_close(world->event_types);
	match_free(world->match);
	store_close(world->store);
}

void
world_reopen(struct world *world)
{
	world_close(world);
	open_parts(world, 0, 0);
}

struct webhook *
world_webhook(uint64_t number, const char *filter)
{
	struct webhook *webhook = MEM_NEW(struct webhook);
	struct buf why = {0};
	size_t column;

	atomic_init(&webhook->refs, 1);
	webhook->number = number;
	webhook->workspace = WORKSPACE_DEFAULT;
	webhook->health.status = WEBHOOK_ACTIVE;
	CHECK_OK(webhook_set_filter(webhook, str_of(filter), &column, &why));
	return webhook;
}

/* ---- publishing ---- */

static void
note_end(struct publication *publication)
{
	struct published *published = publication->context;

	published->outcome = published->item.outcome;
	published->err = published->item.err;
	published->matched = published->item.matched;
	published->because = published->item.because;
	snprintf(published->why, sizeof(published->why), "%s",
		buf_text(&published->item.why));
	snprintf(published->warning, sizeof(published->warning), "%.*s",
		STR_ARG(published->item.warning));
	buf_release(&published->item.why);
	sem_post(&published->ended);
}

static void
start(struct world *world, struct published *published)
{
	published->publication = (struct publication){
		.workspace = WORKSPACE_DEFAULT,
		.publisher = STR("gk_1"),
		.trace = world->trace,
		.arena = &published->arena,
		.items = &published->item,
		.count = 1,
		.context = published,
		.done = note_end,
	};
	CHECK_INT(sem_init(&published->ended, 0, 0), 0);
	ingest_publish(world->ingest, &published->publication);
}

static void
prepare_put(struct published *published, const char *id, const char *body)
{
	*published = (struct published){.item = {.kind = PUBLISH_STATE,
						.type = STR(TYPE),
						.id = str_of(id),
						.body = str_of(body)}};
	CHECK_OK(json_read(
		str_of(body), &published->arena, &published->doc, NULL));
	published->item.json = json_root(&published->doc);
}

void
world_put(struct world *world, struct published *published, const char *id,
	const char *body)
{
	prepare_put(published, id, body);
	start(world, published);
}

void
world_put_ahead(struct world *world, struct published *published,
	const char *id, const char *body, unsigned steps)
{
	prepare_put(published, id, body);
	ingest_ahead_begin(&published->ahead, WORKSPACE_DEFAULT, STR(TYPE),
		published->item.id, &published->arena);
	for (unsigned i = 0; i < steps; i++)
		ingest_ahead_on(world->ingest, &published->ahead);
	published->item.ahead = &published->ahead;
	start(world, published);
}

void
world_delete(struct world *world, struct published *published, const char *id)
{
	*published = (struct published){.item = {.kind = PUBLISH_DELETE,
						.type = STR(TYPE),
						.id = str_of(id)}};
	start(world, published);
}

void
world_event(struct world *world, struct published *published, const char *event)
{
	struct buf why = {0};

	*published = (struct published){.item = {.kind = PUBLISH_EVENT}};
	CHECK_OK(json_read(
		str_of(event), &published->arena, &published->doc, NULL));
	CHECK_OK(cloudevents_read(json_root(&published->doc), &published->arena,
		&published->item.cloudevent, &why));
	start(world, published);
}

bool
world_has_ended(struct published *published)
{
	int value;

	CHECK_INT(sem_getvalue(&published->ended, &value), 0);
	return value > 0;
}

void
world_await(struct published *published)
{
	while (sem_wait(&published->ended) != 0)
		continue;
	arena_release(&published->arena);
	sem_destroy(&published->ended);
}

void
world_put_is(struct world *world, const char *id, const char *body,
	enum publish_outcome outcome)
{
	struct published published;

	world_put(world, &published, id, body);
	world_await(&published);
	CHECK_INT(published.outcome, outcome);
}

void
world_delete_is(
	struct world *world, const char *id, enum publish_outcome outcome)
{
	struct published published;

	world_delete(world, &published, id);
	world_await(&published);
	CHECK_INT(published.outcome, outcome);
}

void
world_event_is(
	struct world *world, const char *event, enum publish_outcome outcome)
{
	struct published published;

	world_event(world, &published, event);
	world_await(&published);
	CHECK_INT(published.outcome, outcome);
}

/* ---- looking ---- */

struct event_row
world_last(struct world *world, const char *id, struct arena *arena)
{
	struct resource_row resource;
	struct event_row event;

	CHECK_OK(store_resource(world->store, WORKSPACE_DEFAULT, STR(TYPE),
		str_of(id), arena, &resource));
	CHECK_OK(store_event(world->store, resource.last, arena, &event));
	return event;
}

struct str
world_state(struct world *world, const char *id, struct arena *arena)
{
	struct str state = {NULL, 0};
	enum err err = ingest_resource(world->ingest, WORKSPACE_DEFAULT,
		STR(TYPE), str_of(id), arena, &state);

	CHECK(err == ERR_OK || err == ERR_NOT_FOUND);
	return state;
}

/* ---- the gate ---- */

static void
stand_still(struct writer_item *item)
{
	struct gate *gate = CONTAINER_OF(item, struct gate, item);

	sem_post(&gate->is_closed);
	while (sem_wait(&gate->may_open) != 0)
		continue;
	sem_post(&gate->is_open);
}

void
gate_close(struct gate *gate, struct writer *writer)
{
	*gate = (struct gate){.change = {.kind = STORE_PROBE}};
	gate->item.unit.changes = &gate->change;
	gate->item.unit.count = 1;
	gate->item.done = stand_still;
	sem_init(&gate->is_closed, 0, 0);
	sem_init(&gate->may_open, 0, 0);
	sem_init(&gate->is_open, 0, 0);
	CHECK_OK(writer_submit(writer, &gate->item, true));
	while (sem_wait(&gate->is_closed) != 0)
		continue;
}

void
gate_open(struct gate *gate)
{
	sem_post(&gate->may_open);
	while (sem_wait(&gate->is_open) != 0)
		continue;
	sem_destroy(&gate->is_closed);
	sem_destroy(&gate->may_open);
	sem_destroy(&gate->is_open);
}
