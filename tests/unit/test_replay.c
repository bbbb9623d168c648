#include "pipeline/replay.h"

#include <sched.h>

#include "base/log.h"
#include "pipeline_world.h"
#include "store/replay.h"

static struct replay_job
usual(void)
{
	return (struct replay_job){
		.id = uuid_from_sequence(TEST_NOW, 7),
		.workspace = 3,
		.webhook = uuid_from_sequence(TEST_NOW, 8),
		.revision = 5,
		.spec = {.which = REPLAY_ALL,
			.from = TEST_NOW,
			.to = TEST_NOW + HOURS,
			.filter = STR("a eq 'x\"y'"),
			.rate = 60},
		.key_id = STR("gk_1"),
		.created = TEST_NOW,
		.updated = TEST_NOW + 1,
		.next = 10,
		.last = 99,
		.total = 90,
		.sent = 4,
		.passed = 3,
		.gone = 2,
	};
}

TEST(replay, a_job_is_read_as_it_was_written)
{
	struct replay_job job = usual(), got;
	struct arena arena = {0};
	struct object_row row;

	replay_job_to_row(&job, &arena, &row);
	CHECK_INT(row.kind, OBJECT_REPLAY);
	CHECK_OK(replay_job_from_row(&row, &arena, &got));
	CHECK(uuid_equal(got.id, job.id));
	CHECK(uuid_equal(got.webhook, job.webhook));
	CHECK_INT(got.workspace, 3);
	CHECK_INT(got.revision, 5);
	CHECK_INT(got.spec.which, REPLAY_ALL);
	CHECK_INT(got.spec.from, job.spec.from);
	CHECK_INT(got.spec.to, job.spec.to);
	CHECK_STR(got.spec.filter, job.spec.filter);
	CHECK_INT(got.spec.rate, 60);
	CHECK_STR(got.key_id, job.key_id);
	CHECK_INT(got.next, 10);
	CHECK_INT(got.last, 99);
	CHECK_INT(replay_job_left(&got), 81);
	CHECK_INT(got.state, REPLAY_RUNNING);
	arena_release(&arena);
}

TEST(replay, what_is_no_job_is_refused)
{
	static const char *const bodies[] = {"", "[]", "{}",
		"{\"which\":\"x\"}",
		"{\"which\":\"all\",\"state\":\"RUNNING\",\"rate\":-1}",
		"{\"which\":\"all\",\"state\":\"RUNNING\",\"rate\":1}"};
	struct replay_job job = usual(), got;
	struct arena arena = {0};
	struct object_row row;

	replay_job_to_row(&job, &arena, &row);
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		row.body = str_of(bodies[i]);
		CHECK_INT(replay_job_from_row(&row, &arena, &got), ERR_INVALID);
	}
	arena_release(&arena);
}

TEST(replay, a_job_ends_once)
{
	struct replay_job job = usual();

	CHECK(replay_job_end(&job, REPLAY_ENDED_CANCELLED, STR("why"), 9));
	CHECK_INT(job.ended, 9);
	CHECK(!replay_job_end(&job, REPLAY_ENDED_DONE, STR(""), 10));
	CHECK_TEXT(replay_state_name(job.state), "CANCELLED");
	CHECK_STR(job.reason, STR("why"));
}

/* ---- walking ---- */

static void
skip(struct world *world, uint64_t sequence, enum delivery_state state)
{
	struct delivery_row row = test_delivery(sequence, sequence, 1);

	row.state = state;
	row.created = row.updated = TEST_NOW + (int64_t)sequence * HOURS;
	TEST_COMMIT(world->store, ADD_DELIVERY(&row));
}

static void
fill(struct world *world)
{
	struct arena arena = {0};

	world_open(world, 0, 0);
	for (uint64_t i = 1; i <= 9; i++) {
		struct event_row event = test_event(i, &arena);

		event.accepted = TEST_NOW + (int64_t)i * HOURS;
		event.operation = OPERATION_CREATED;
		TEST_COMMIT(world->store, ADD_EVENT(&event));
		skip(world, i, i % 3 ? DELIVERY_SKIPPED : DELIVERY_DEAD);
	}
	arena_release(&arena);
}

static size_t
count_found(struct world *world, const struct replay_spec *spec, size_t max)
{
	struct webhook *webhook = world_webhook(1, "operation eq 'Created'");
	struct replay_walk walk = {
		.store = world->store, .webhook = webhook, .spec = spec};
	struct arena arena = {0};
	struct replay_found found;
	uint64_t total, looked = 0;
	size_t count = 0;

	CHECK_OK(replay_walk_begin(&walk, &total));
	while (!replay_walk_is_complete(&walk)) {
		uint64_t before = walk.next;

		CHECK_OK(replay_walk_step(&walk, max, &arena, &found));
		CHECK(found.count <= max);
		CHECK(walk.next > before);
		count += found.count;
		looked += found.looked;
	}
	CHECK(looked <= total);
	replay_walk_release(&walk);
	arena_release(&arena);
	webhook_unref(webhook);
	return count;
}

TEST(replay, a_walk_finds_each_once_however_small_its_steps)
{
	struct world world;

	fill(&world);
	for (size_t max = 1; max <= REPLAY_STEP_MAX; max *= 4) {
		struct replay_spec spec = {.which = REPLAY_SKIPPED};

		CHECK_INT(count_found(&world, &spec, max), 6);
		spec.which = REPLAY_FAILED;
		CHECK_INT(count_found(&world, &spec, max), 3);
		spec.from = TEST_NOW + 6 * HOURS;
		CHECK_INT(count_found(&world, &spec, max), 2);
		spec.to = TEST_NOW + 9 * HOURS;
		CHECK_INT(count_found(&world, &spec, max), 1);
		spec.which = REPLAY_ALL;
		CHECK_INT(count_found(&world, &spec, max), 3);
	}
	world_close(&world);
}

TEST(replay, an_empty_store_is_walked_over)
{
	struct replay_spec spec = {.which = REPLAY_ALL, .from = 1};
	struct world world;

	world_open(&world, 0, 0);
	CHECK_INT(count_found(&world, &spec, 1), 0);
	spec.which = REPLAY_FAILED;
	CHECK_INT(count_found(&world, &spec, 1), 0);
	world_close(&world);
}

TEST(replay, skipped_ones_are_counted_since_a_time)
{
	struct replay_skipped skipped;
	struct world world;

	fill(&world);
	CHECK_OK(store_replay_skipped(world.store, 1, 0, 100, &skipped));
	CHECK_INT(skipped.count, 6);
	CHECK_INT(skipped.first_created, TEST_NOW + HOURS);
	CHECK(!skipped.is_more);
	CHECK_OK(store_replay_skipped(
		world.store, 1, TEST_NOW + 5 * HOURS, 100, &skipped));
	CHECK_INT(skipped.count, 3);
	CHECK_INT(skipped.first_created, TEST_NOW + 5 * HOURS);
	CHECK_OK(store_replay_skipped(world.store, 1, 0, 6, &skipped));
	CHECK(skipped.is_more);
	CHECK_OK(store_replay_skipped(world.store, 2, 0, 6, &skipped));
	CHECK_INT(skipped.count, 0);
	world_close(&world);
}

TEST(replay, what_waits_again_has_its_schedule_anew)
{
	struct delivery_row row;
	struct arena arena = {0};
	struct world world;

	fill(&world);
	CHECK_OK(store_delivery(world.store, 3, &arena, &row));
	CHECK_INT(row.since, 0);
	row.state = DELIVERY_WAITING;
	row.updated = TEST_NOW + 20 * HOURS;
	TEST_COMMIT(
		world.store, {.kind = STORE_DELIVERY_AGAIN, .delivery = &row});
	CHECK_OK(store_delivery(world.store, 3, &arena, &row));
	CHECK_INT(row.state, DELIVERY_WAITING);
	CHECK_INT(row.since, TEST_NOW + 20 * HOURS);
	CHECK_INT(row.spent, row.attempts);
	TEST_CONFLICT(world.store, 0,
		{.kind = STORE_DELIVERY_AGAIN, .delivery = &row});
	arena_release(&arena);
	world_close(&world);
}

/* ---- a job that runs ---- */

enum { MISSED = 6 };

static struct hub *
open_hub(const char *directory)
{
	struct hub_options options = {
		.directory = directory,
		.policy = {.allow_http = true, .allowed_count = 1},
		.user_agent = "test",
		.source = STR("/s"),
		.workers = 1,
		.dispatch = {.window = 100,
			.concurrency = 2,
			.concurrency_total = 10,
			.unsettled_max = 100},
		.connect_timeout = 5 * SECONDS,
		.delivery_timeout = 5 * SECONDS,
		.handshake_timeout = 5 * SECONDS,
		.retry = {.window = HOURS},
		.webhooks_max = 10,
		.enables_max = 10,
		.enables_window = 1,
	};
	struct buf why = {0};
	struct hub *hub = NULL;

	log_set_level(LOG_ERROR);
	CHECK_OK(address_network_parse(
		STR("127.0.0.0/8"), &options.policy.allowed[0], NULL));
	CHECK_OK(hub_open(&options, &hub, &why));
	buf_release(&why);
	return hub;
}

static const struct webhook *
make_webhook(struct hub *hub)
{
	struct arena arena = {0};
	struct json_doc options;
	struct webhook_draft draft = {.has_name = true,
		.has_destination = true,
		.has_state = true,
		.has_filter = true,
		.has_options = true,
		.dialect = STR("native"),
		.name = STR("hook"),
		.destination = STR("http://127.0.0.1:9/"),
		.state = WEBHOOK_ENABLED,
		.filter = STR("type eq 'nothing'")};
	struct webhook_problem problem = {0};
	const struct webhook *webhook;

	CHECK_OK(json_read(STR("{\"handshake\":\"none\",\"rate\":1}"), &arena,
		&options, NULL));
	draft.options = json_root(&options);
	CHECK_OK(webhooks_create(
		hub->webhooks, WORKSPACE_DEFAULT, &draft, &webhook, &problem));
	CHECK_INT(webhook->health.status, WEBHOOK_ACTIVE);
	arena_release(&arena);
	return webhook;
}

/** An event and a delivery of it that was skipped. */
static uint64_t
miss(struct hub *hub, const struct webhook *webhook)
{
	struct arena arena = {0};
	struct event_row event = test_event(1, &arena);
	struct delivery_row row = test_delivery(1, 1, webhook->number);
	const struct store_change changes[] = {
		{.kind = STORE_EVENT_ADD, .event = &event},
		{.kind = STORE_DELIVERY_ADD, .delivery = &row}};

	ingest_number(hub->ingest, &event.sequence, &row.sequence);
	row.event = event.sequence;
	row.state = DELIVERY_SKIPPED;
	CHECK_OK(writer_commit(hub->writer, changes, COUNT_OF(changes)));
	arena_release(&arena);
	return row.sequence;
}

static size_t
queued(struct hub *hub)
{
	struct writer_stats stats;

	writer_stats(hub->writer, &stats);
	return stats.queued;
}

static uint64_t
units(struct hub *hub)
{
	struct writer_stats stats;

	writer_stats(hub->writer, &stats);
	return stats.units;
}

static enum replay_state
state_of_job(struct hub *hub, struct uuid id, struct replay_job *ret)
{
	struct arena arena = {0};

	CHECK_OK(replay_find(hub->replay, WORKSPACE_DEFAULT, id, &arena, ret));
	arena_release(&arena);
	return ret->state;
}

/** Somebody else sends it again, once the gate opens. */
static void
note_done(struct writer_item *item)
{
	(void)item;
}

TEST(replay, what_changes_between_look_and_step_is_left_out_alone)
{
	const char *directory = check_temp_dir();
	struct hub *hub = open_hub(directory);
	const struct webhook *webhook;
	struct replay_request request = {
		.spec = {.which = REPLAY_SKIPPED, .rate = 60}};
	struct delivery_row other = {
		.state = DELIVERY_WAITING, .due = INT64_MAX, .updated = 1};
	const struct store_change change = {
		.kind = STORE_DELIVERY_AGAIN, .delivery = &other};
	struct writer_item item = {
		.unit = {.changes = &change, .count = 1}, .done = note_done};
	struct arena arena = {0};
	struct replay_job job;
	size_t before;
	struct gate gate;
	struct buf why = {0};

	/* Retention's first step comes by itself, soon after the start. */
	AWAIT(units(hub) > 0);
	webhook = make_webhook(hub);
	request.webhook = webhook;
	for (int i = 0; i < MISSED; i++)
		other.sequence = miss(hub, webhook);
	CHECK_OK(replay_create(hub->replay, &request, &arena, &job, &why));
	/* The first step has been made; the next is due in a second. */
	AWAIT(state_of_job(hub, job.id, &job) == REPLAY_RUNNING &&
		job.sent == 1);
	/* The one attempt that the rate allows is on disk: nothing but the
	   step comes from here on. */
	AWAIT(test_count(directory, "SELECT count(*) FROM attempts") == 1);
	gate_close(&gate, hub->writer);
	CHECK_INT(state_of_job(hub, job.id, &job), REPLAY_RUNNING);
	/* What it takes next: sequences follow each other. */
	other.sequence = other.sequence - MISSED + 1 + job.sent;
	CHECK_OK(writer_submit(hub->writer, &item, false));
	before = queued(hub);
	AWAIT(queued(hub) > before); /* the step has come */
	gate_open(&gate);
	AWAIT(state_of_job(hub, job.id, &job) == REPLAY_ENDED_DONE);
	CHECK_OK(item.unit.result);
	/* Gone when the step looked after it had changed. */
	CHECK_INT(job.passed + job.gone, 1);
	CHECK_INT(job.sent, MISSED - 1);
	CHECK_INT(replay_job_left(&job), 0);
	webhook_unref(webhook);
	arena_release(&arena);
	buf_release(&why);
	hub_stop(hub, 0);
	hub_close(hub);
}

TEST(replay, a_job_that_is_cancelled_between_look_and_step_makes_none)
{
	struct hub *hub = open_hub(check_temp_dir());
	const struct webhook *webhook = make_webhook(hub);
	struct replay_request request = {.webhook = webhook,
		.spec = {.which = REPLAY_SKIPPED, .rate = 60}};
	struct arena arena = {0};
	struct replay_job job, again;
	struct buf why = {0};

	for (int i = 0; i < MISSED; i++)
		miss(hub, webhook);
	CHECK_OK(replay_create(hub->replay, &request, &arena, &job, &why));
	CHECK_INT(replay_create(hub->replay, &request, &arena, &again, &why),
		ERR_CONFLICT);
	CHECK_OK(replay_cancel(
		hub->replay, WORKSPACE_DEFAULT, job.id, &arena, &job));
	CHECK_INT(job.state, REPLAY_ENDED_CANCELLED);
	CHECK_INT(replay_cancel(hub->replay, WORKSPACE_DEFAULT, job.id, &arena,
			  &again),
		ERR_CONFLICT);
	/* Another one may follow, and takes what is left. */
	request.spec.rate = 0;
	CHECK_OK(replay_create(hub->replay, &request, &arena, &again, &why));
	CHECK_INT(again.total, MISSED - job.sent);
	AWAIT(state_of_job(hub, again.id, &again) == REPLAY_ENDED_DONE);
	CHECK_INT(again.sent, MISSED - job.sent);
	CHECK_INT(state_of_job(hub, job.id, &job), REPLAY_ENDED_CANCELLED);
	webhook_unref(webhook);
	arena_release(&arena);
	buf_release(&why);
	hub_stop(hub, 0);
	hub_close(hub);
}
