#include "pipeline/announce.h"

#include <sched.h>

#include "base/log.h"
#include "pipeline/dead_tally.h"
#include "pipeline/webhook_news.h"
#include "pipeline_world.h"

static struct announcement
usual(void)
{
	return (struct announcement){
		.workspace = WORKSPACE_DEFAULT,
		.type = "grapnel.webhook.warning",
		.source = "/grapnel/webhooks",
		.subject = STR("w1"),
		.data = STR("{\"reason\":\"tired\"}"),
		.publisher = STR("gk_1"),
	};
}

static void
add_webhook(struct world *world, uint64_t number, const char *filter)
{
	struct webhook *webhook = world_webhook(number, filter);

	match_set(world->match, webhook);
	webhook_unref(webhook);
}

TEST(announce, it_is_stored_matched_and_delivered_like_any_event)
{
	struct world world;
	struct announcement announcement = usual();
	struct arena arena = {0};
	struct event_row event;

	world_open(&world, 0, 0);
	add_webhook(&world, 1,
		"startswith(type, 'grapnel.') and reason eq "
		"'tired' and subject eq 'w1'");
	add_webhook(&world, 2, "type eq 'compute-ops/server'");
	CHECK_OK(announce_event(world.ingest, &announcement));
	CHECK_INT(atomic_load(&world.accepted_count), 1);
	CHECK_INT(world.accepted[0].webhook, 1);
	CHECK_OK(store_event(
		world.store, world.accepted[0].event, &arena, &event));
	CHECK_STR(event.type, STR("grapnel.webhook.warning"));
	CHECK_STR(event.source, STR("/grapnel/webhooks"));
	CHECK_STR(event.subject, STR("w1"));
	CHECK_STR(event.body, announcement.data);
	CHECK_STR(event.publisher, STR("gk_1"));
	CHECK_INT(event.matched, 1);
	arena_release(&arena);
	world_close(&world);
	CHECK_INT(test_count(world.directory,
			  "SELECT count(*) FROM deliveries WHERE state = 0"),
		1);
}

TEST(announce, with_a_change_that_conflicts_nothing_of_it_is_there)
{
	struct world world;
	struct announcement announcement = usual();
	struct key_row key = {.id = STR("k"), .workspace = WORKSPACE_DEFAULT};
	const struct store_change change = {.kind = STORE_KEY_ADD, .key = &key};
	struct announced *announced;

	world_open(&world, 0, 0);
	add_webhook(&world, 1, "reason eq 'tired'");
	announced = announce_new(world.ingest, &announcement);
	CHECK_OK(announce_commit(world.ingest, &change, 1, &announced, 1));
	CHECK_INT(atomic_load(&world.accepted_count), 1);
	announced = announce_new(world.ingest, &announcement);
	CHECK_INT(announce_commit(world.ingest, &change, 1, &announced, 1),
		ERR_CONFLICT);
	CHECK_INT(atomic_load(&world.accepted_count), 1);
	world_close(&world);
	CHECK_INT(
		test_count(world.directory, "SELECT count(*) FROM events"), 1);
	CHECK_INT(
		test_count(world.directory, "SELECT count(*) FROM deliveries"),
		1);
}

TEST(announce, one_webhook_can_be_left_out_and_another_put_in)
{
	struct world world;
	struct announcement announcement = usual();
	struct webhook *also = world_webhook(3, "type eq 'nothing'");

	world_open(&world, 0, 0);
	add_webhook(&world, 1, "reason eq 'tired'");
	add_webhook(&world, 2, "reason eq 'tired'");
	announcement.not_to = 1;
	announcement.also_to = also;
	CHECK_OK(announce_event(world.ingest, &announcement));
	CHECK_INT(atomic_load(&world.accepted_count), 2);
	CHECK_INT(world.accepted[0].webhook, 2);
	CHECK_INT(world.accepted[1].webhook, 3);
	/* One that matches too gets it once. */
	match_set(world.match, also);
	add_webhook(&world, 3, "reason eq 'tired'");
	CHECK_OK(announce_event(world.ingest, &announcement));
	CHECK_INT(atomic_load(&world.accepted_count), 4);
	webhook_unref(also);
	world_close(&world);
}

TEST(announce, nobody_outside_may_use_its_source)
{
	struct world world;
	struct published published;

	world_open(&world, 0, 0);
	world_event(&world, &published,
		"{\"specversion\":\"1.0\",\"id\":\"1\",\"type\":\"t\","
		"\"source\":\"/grapnel/webhooks\"}");
	world_await(&published);
	CHECK_INT(published.outcome, PUBLISH_REFUSED);
	CHECK_INT(published.err, ERR_INVALID);
	world_event_is(&world,
		"{\"specversion\":\"1.0\",\"id\":\"1\",\"type\":\"t\","
		"\"source\":\"/grapnel\"}",
		PUBLISH_ACCEPTED);
	CHECK(announce_is_own(STR("/grapnel/x")));
	CHECK(!announce_is_own(STR("/grapnel")));
	world_close(&world);
}

TEST(announce, a_store_that_is_full_for_others_takes_it)
{
	struct world world;
	struct store_options options = {.bytes_max = 1};
	struct writer_options writer = {0};
	struct announcement announcement = usual();
	struct published published;
	struct buf why = {0};

	world_open(&world, 0, 0);
	world_put_is(&world, "a", "{}", PUBLISH_ACCEPTED);
	writer_stop(world.writer);
	ingest_close(world.ingest);
	store_close(world.store);
	options.directory = world.directory;
	CHECK_OK(store_open(&options, &world.store, &why));
	writer.store = world.store;
	world.writer = writer_start(&writer);
	CHECK_OK(ingest_open(&(struct ingest_options){.store = world.store,
				     .writer = world.writer,
				     .match = world.match,
				     .desk = world.desk,
				     .source = STR("/s")},
		&world.ingest, &why));
	world_put(&world, &published, "b", "{}");
	world_await(&published);
	CHECK_INT(published.err, ERR_LIMIT);
	CHECK_OK(announce_event(world.ingest, &announcement));
	CHECK_INT(
		test_count(world.directory, "SELECT count(*) FROM events"), 2);
	buf_release(&why);
	world_close(&world);
}

/* ---- what is told of webhooks ---- */

static void
ignore_changed(void *context, const struct webhook *webhook, bool is_fresh)
{
	(void)context;
	(void)webhook;
	(void)is_fresh;
}

static void
ignore(void *context, const struct webhook *webhook)
{
	(void)context;
	(void)webhook;
}

struct registry {
	struct world world;
	struct webhooks *webhooks;
	struct address_policy policy;
	struct seal_key key;
};

static void
open_registry(struct registry *registry)
{
	struct buf why = {0};
	struct webhooks_options options = {
		.policy = &registry->policy,
		.key = &registry->key,
		.listener = {registry, ignore_changed, ignore, ignore},
		.webhooks_max = 10,
		.enables_max = 10,
		.enables_window = 1,
	};

	log_set_level(LOG_ERROR);
	*registry = (struct registry){0};
	world_open(&registry->world, 0, 0);
	options.store = registry->world.store;
	options.writer = registry->world.writer;
	options.match = registry->world.match;
	options.ingest = registry->world.ingest;
	CHECK_OK(webhooks_open(&options, &registry->webhooks, &why));
	buf_release(&why);
}

static void
close_registry(struct registry *registry)
{
	webhooks_close(registry->webhooks);
	world_close(&registry->world);
}

static uint64_t
create(struct registry *registry, const char *filter)
{
	struct webhook_draft draft = {.has_name = true,
		.has_destination = true,
		.has_state = true,
		.has_filter = true,
		.name = STR("hook"),
		.destination = STR("https://example.org/"),
		.state = WEBHOOK_ENABLED,
		.filter = str_of(filter),
		.key_id = STR("gk_9")};
	struct webhook_problem problem = {0};
	const struct webhook *webhook;
	uint64_t number;

	CHECK_OK(webhooks_create(registry->webhooks, WORKSPACE_DEFAULT, &draft,
		&webhook, &problem));
	number = webhook->number;
	CHECK_OK(webhooks_end_handshake(registry->webhooks, number,
		webhook->handshake,
		&(struct handshake_outcome){.is_accepted = true}));
	webhook_unref(webhook);
	return number;
}

/** As if ten outcomes had turned it to and fro. */
static void
turn(struct registry *registry, uint64_t number, enum webhook_status status)
{
	const struct webhook *webhook =
		webhooks_find_number(registry->webhooks, number);
	struct health_report report = {.revision = webhook->revision,
		.health = webhook->health,
		.reason = "turned"};

	report.health.status = status;
	CHECK_OK(webhooks_set_health(registry->webhooks, number, &report));
	webhook_unref(webhook);
}

static int64_t
count_of_type(struct registry *registry, const char *type)
{
	char sql[256];

	snprintf(sql, sizeof(sql),
		"SELECT count(*) FROM events WHERE type = 'grapnel.webhook.%s'",
		type);
	return test_count(registry->world.directory, sql);
}

TEST(announce, a_webhook_that_gets_all_news_gets_none_of_itself)
{
	struct registry registry;
	uint64_t one, two;

	open_registry(&registry);
	one = create(&registry, "startswith(type, 'grapnel.')");
	two = create(&registry, "startswith(type, 'grapnel.')");
	CHECK_INT(two, one + 1);
	turn(&registry, one, WEBHOOK_WARNING);
	close_registry(&registry);
	CHECK_INT(test_count(registry.world.directory,
			  "SELECT count(*) FROM deliveries d JOIN events e"
			  " ON e.sequence = d.event JOIN webhooks w"
			  " ON w.number = d.webhook WHERE lower(hex(w.id))"
			  " = replace(e.subject, '-', '')"),
		0);
	CHECK_INT(test_count(registry.world.directory,
			  "SELECT count(*) FROM deliveries d JOIN events e"
			  " ON e.sequence = d.event WHERE d.webhook = 2"
			  " AND e.type = 'grapnel.webhook.warning'"),
		1);
}

TEST(announce, what_flaps_is_told_sixty_times_an_hour_and_then_not)
{
	struct registry registry;
	uint64_t number;

	open_registry(&registry);
	number = create(&registry, "type eq 'x'");
	for (int i = 0; i < 100; i++)
		turn(&registry, number,
			i % 2 ? WEBHOOK_ACTIVE : WEBHOOK_WARNING);
	/* The handshake was told, too. */
	CHECK_INT(count_of_type(&registry, "warning") +
			  count_of_type(&registry, "recovered"),
		WEBHOOK_NEWS_MAX - 1);
	close_registry(&registry);
}

TEST(announce, a_dead_delivery_is_told_at_once_and_then_once_a_minute)
{
	struct dead_tally *tally = dead_tally_new();

	CHECK_INT(dead_tally_add(tally, 1, 0), 1);
	for (int i = 0; i < 9; i++)
		CHECK_INT(dead_tally_add(tally, 1, i), 0);
	CHECK_INT(dead_tally_add(tally, 2, 5), 1);
	CHECK_INT(dead_tally_add(tally, 1, DEAD_TALLY_PAUSE), 10);
	CHECK_INT(dead_tally_add(tally, 1, DEAD_TALLY_PAUSE), 0);
	dead_tally_forget(tally, 1);
	CHECK_INT(dead_tally_add(tally, 1, DEAD_TALLY_PAUSE), 1);
	dead_tally_free(tally);
	dead_tally_free(NULL);
}
