#include "pipeline/deliver.h"

#include <sched.h>

#include "base/log.h"
#include "fault_vfs.h"
#include "peer.h"
#include "pipeline/hub.h"
#include "pipeline/parcel.h"
#include "pipeline/pressure.h"
#include "pipeline/redeliver.h"
#include "pipeline_world.h"

/* A whole hub, and one endpoint for all of its webhooks. */
struct setting {
	struct world world; /* for publishing: store and ingest are the hub's */
	struct hub *hub;
	struct hub_options options;
	struct peer peer;
	char destination[64];
};

static void
open_hub(struct setting *setting)
{
	struct buf why = {0};

	if (hub_open(&setting->options, &setting->hub, &why))
		check_failed(__FILE__, __LINE__, "%s", buf_text(&why));
	buf_release(&why);
	setting->world.store = setting->hub->store;
	setting->world.ingest = setting->hub->ingest;
	setting->world.writer = setting->hub->writer;
}

static void
close_hub(struct setting *setting, int64_t timeout)
{
	hub_stop(setting->hub, timeout);
	hub_close(setting->hub);
	setting->hub = NULL;
}

static void
set_up(struct setting *setting)
{
	*setting = (struct setting){.world = {.directory = check_temp_dir()}};
	setting->options = (struct hub_options){
		.directory = setting->world.directory,
		.policy = {.allow_http = true},
		.user_agent = "test",
		.source = STR("/v1/resources"),
		.workers = 2,
		.dispatch = {.window = 100,
			.concurrency = 4,
			.concurrency_total = 256,
			.unsettled_max = 1000},
		.connect_timeout = 20 * SECONDS,
		.delivery_timeout = 20 * SECONDS,
		.handshake_timeout = 20 * SECONDS,
		.response_kept = 100,
		.retry = {.delays = {MILLISECONDS, MILLISECONDS},
			.count = 2,
			.window = HOURS},
		.webhooks_max = 100,
		.enables_max = WEBHOOK_ENABLES_KEPT,
		.enables_window = 1,
	};
	log_set_level(LOG_ERROR);
	CHECK_OK(address_network_parse(
		STR("127.0.0.0/8"), &setting->options.policy.allowed[0], NULL));
	setting->options.policy.allowed_count = 1;
	peer_start(&setting->peer);
	snprintf(setting->destination, sizeof(setting->destination),
		"http://127.0.0.1:%d/hook", setting->peer.port);
}

static void
tear_down(struct setting *setting)
{
	close_hub(setting, 0);
	peer_stop(&setting->peer);
}

static struct uuid
create(struct setting *setting)
{
	struct webhook_draft draft = {
		.has_name = true,
		.has_destination = true,
		.has_state = true,
		.has_filter = true,
		.name = STR("hook"),
		.destination = str_of(setting->destination),
		.state = WEBHOOK_ENABLED,
		.filter = STR("new/n ge 0"),
	};
	struct webhook_problem problem = {0};
	const struct webhook *webhook;
	struct uuid id;

	if (webhooks_create(setting->hub->webhooks, WORKSPACE_DEFAULT, &draft,
		    &webhook, &problem))
		check_failed(__FILE__, __LINE__, "%s", buf_text(&problem.why));
	id = webhook->id;
	webhook_unref(webhook);
	return id;
}

static enum webhook_status
status_of(struct setting *setting, struct uuid id)
{
	const struct webhook *webhook =
		webhooks_find(setting->hub->webhooks, WORKSPACE_DEFAULT, id);
	enum webhook_status status = webhook->health.status;

	webhook_unref(webhook);
	return status;
}

static struct uuid
create_active(struct setting *setting)
{
	struct uuid id = create(setting);

	AWAIT(status_of(setting, id) == WEBHOOK_ACTIVE);
	return id;
}

static void
set_state(struct setting *setting, struct uuid id, enum webhook_state state)
{
	struct webhook_draft draft = {.has_state = true, .state = state};
	struct webhook_problem problem = {0};
	const struct webhook *webhook;

	CHECK_OK(webhooks_patch(setting->hub->webhooks, WORKSPACE_DEFAULT, id,
		&draft, &webhook, &problem));
	webhook_unref(webhook);
}

/** Publishes {"n":…} as a resource of its own. */
static void
publish(struct setting *setting, int number)
{
	char id[16], body[32];

	snprintf(id, sizeof(id), "r%d", number);
	snprintf(body, sizeof(body), "{\"n\":%d}", number);
	world_put_is(&setting->world, id, body, PUBLISH_ACCEPTED);
}

static int64_t
count_state(struct setting *setting, enum delivery_state state)
{
	char sql[128];

	snprintf(sql, sizeof(sql),
		"SELECT count(*) FROM deliveries WHERE state = %d", (int)state);
	return test_count(setting->world.directory, sql);
}

/** Also those whose row is not written yet. */
static uint64_t
count_waiting(struct setting *setting)
{
	struct store_stats stats;

	CHECK_OK(store_stats(setting->hub->store, &stats));
	return stats.waiting;
}

static struct deliver_stats
stats_of(struct setting *setting)
{
	struct deliver_stats stats;

	deliver_stats(setting->hub->deliver, &stats);
	return stats;
}

TEST(deliver, a_webhook_that_answers_its_challenge_gets_its_events)
{
	struct setting setting;

	set_up(&setting);
	open_hub(&setting);
	create_active(&setting);
	publish(&setting, 1);
	AWAIT(count_state(&setting, DELIVERY_DELIVERED) == 1);
	CHECK_INT(atomic_load(&setting.peer.copies[1]), 1);
	CHECK_INT(atomic_load(&setting.peer.challenges), 1);
	tear_down(&setting);
}

TEST(deliver, a_webhook_that_answers_wrongly_gets_nothing)
{
	struct setting setting;
	struct uuid id;

	set_up(&setting);
	atomic_store(&setting.peer.is_lying, true);
	open_hub(&setting);
	id = create(&setting);
	AWAIT(status_of(&setting, id) == WEBHOOK_WARNING);
	publish(&setting, 1);
	/* Matched a moment before the match knows, it waits until a worker
	   turns it away. */
	AWAIT(count_state(&setting, DELIVERY_SKIPPED) == 1);
	CHECK_INT(atomic_load(&setting.peer.deliveries), 0);
	tear_down(&setting);
}

TEST(deliver, what_comes_while_the_handshake_lasts_waits_for_it)
{
	struct setting setting;

	set_up(&setting);
	atomic_store(&setting.peer.is_silent, true);
	open_hub(&setting);
	create(&setting);
	AWAIT(atomic_load(&setting.peer.challenges) == 1);
	publish(&setting, 1);
	CHECK_INT(count_waiting(&setting), 1);
	/* A restart makes the handshake anew, and knows what waits. */
	close_hub(&setting, 0);
	atomic_store(&setting.peer.is_silent, false);
	open_hub(&setting);
	AWAIT(count_state(&setting, DELIVERY_DELIVERED) == 1);
	CHECK_INT(atomic_load(&setting.peer.copies[1]), 1);
	tear_down(&setting);
}

TEST(deliver, a_failure_is_tried_again_and_its_payload_does_not_wait_in_memory)
{
	struct setting setting;

	set_up(&setting);
	atomic_store(&setting.peer.failures, 1);
	setting.options.retry.delays[0] = 2 * SECONDS;
	open_hub(&setting);
	create_active(&setting);
	publish(&setting, 1);
	AWAIT(stats_of(&setting).failed == 1);
	AWAIT(payload_memory() == 0);
	CHECK_INT(count_waiting(&setting), 1);
	AWAIT(count_state(&setting, DELIVERY_DELIVERED) == 1);
	CHECK_INT(atomic_load(&setting.peer.copies[1]), 1);
	CHECK_INT(test_count(setting.world.directory,
			  "SELECT count(*) FROM attempts"),
		2);
	tear_down(&setting);
}

TEST(deliver, what_waits_in_memory_tells_when_the_first_of_it_is_due)
{
	struct setting setting;

	set_up(&setting);
	/* However little chance makes of its hour, it waits again then. */
	atomic_store(&setting.peer.failures, 1000);
	setting.options.retry.delays[0] = HOURS;
	open_hub(&setting);
	create_active(&setting);
	CHECK_INT(deliver_oldest_due(setting.hub->deliver), 0);
	publish(&setting, 1);
	AWAIT(test_count(setting.world.directory,
		      "SELECT count(*) FROM deliveries WHERE attempts > 0") ==
		1);
	AWAIT(deliver_oldest_due(setting.hub->deliver) ==
		test_count(
			setting.world.directory, "SELECT due FROM deliveries"));
	tear_down(&setting);
}

/* The wall clock is set while a retry waits, a second at most. */
static void
check_retry_with_clock_set(int64_t by)
{
	struct setting setting;
	int64_t start, wait;

	set_up(&setting);
	atomic_store(&setting.peer.failures, 1);
	setting.options.retry.delays[0] = SECONDS;
	open_hub(&setting);
	create_active(&setting);
	start = clock_monotonic();
	publish(&setting, 1);
	AWAIT(test_count(setting.world.directory,
		      "SELECT count(*) FROM deliveries WHERE attempts > 0") ==
		1);
	/* What chance made of the second; nothing if it is over already. */
	wait = test_count(setting.world.directory,
		"SELECT coalesce((SELECT due - updated FROM deliveries"
		" WHERE state = 0), 0)");
	clock_test_shift(by);
	AWAIT(count_state(&setting, DELIVERY_DELIVERED) == 1);
	CHECK(clock_monotonic() - start >= wait);
	clock_test_shift(0);
	tear_down(&setting);
}

TEST(deliver, a_clock_set_forward_neither_hastens_a_retry_nor_gives_it_up)
{
	check_retry_with_clock_set(48 * HOURS);
}

TEST(deliver, a_clock_set_back_does_not_hold_a_retry)
{
	check_retry_with_clock_set(-48 * HOURS);
}

TEST(deliver, with_the_schedule_used_up_a_delivery_is_dead)
{
	struct setting setting;

	set_up(&setting);
	atomic_store(&setting.peer.status, 500);
	open_hub(&setting);
	create_active(&setting);
	publish(&setting, 1);
	AWAIT(count_state(&setting, DELIVERY_DEAD) == 1);
	CHECK_INT(atomic_load(&setting.peer.copies[1]), 3);
	CHECK_INT(stats_of(&setting).dead, 1);
	tear_down(&setting);
}

TEST(deliver, disabled_mid_flight_the_attempt_counts_and_the_rest_is_skipped)
{
	struct setting setting;
	struct uuid id;

	set_up(&setting);
	setting.options.dispatch.concurrency = 1;
	open_hub(&setting);
	id = create_active(&setting);
	atomic_store(&setting.peer.status, 0);
	publish(&setting, 1);
	AWAIT(atomic_load(&setting.peer.deliveries) == 1);
	publish(&setting, 2);
	set_state(&setting, id, WEBHOOK_DISABLED);
	CHECK_INT(count_state(&setting, DELIVERY_SKIPPED), 2);
	peer_answer(&setting.peer, 200);
	AWAIT(count_state(&setting, DELIVERY_DELIVERED) == 1);
	CHECK_INT(count_state(&setting, DELIVERY_SKIPPED), 1);
	AWAIT(stats_of(&setting).unsettled == 0);
	CHECK_INT(atomic_load(&setting.peer.copies[2]), 0);
	tear_down(&setting);
}

TEST(deliver, disabled_mid_flight_a_failed_attempt_is_told_all_the_same)
{
	struct setting setting;
	struct uuid id;

	set_up(&setting);
	open_hub(&setting);
	id = create_active(&setting);
	atomic_store(&setting.peer.status, 0);
	publish(&setting, 1);
	AWAIT(atomic_load(&setting.peer.deliveries) == 1);
	set_state(&setting, id, WEBHOOK_DISABLED);
	peer_answer(&setting.peer, 503);
	AWAIT(test_count(setting.world.directory,
		      "SELECT count(*) FROM attempts WHERE status = 503") == 1);
	CHECK_INT(count_state(&setting, DELIVERY_SKIPPED), 1);
	tear_down(&setting);
}

/** A worker that does not know yet that the webhook sends skips it again. */
static bool
is_delivered_again(struct setting *setting, const struct delivery_row *row)
{
	CLEANUP(buf_release) struct buf why = buf_make(0);

	if (count_state(setting, DELIVERY_SKIPPED) == 1)
		CHECK_OK(redeliver_retry(
			setting->hub, row->workspace, redeliver_id(row), &why));
	return count_state(setting, DELIVERY_DELIVERED) == 1;
}

/* Its attempts are numbered on behind the one that was on its way. */
TEST(deliver, disabled_mid_flight_a_failed_attempt_counts_when_sent_again)
{
	struct setting setting;
	struct uuid id;
	struct delivery_row row;
	CLEANUP(arena_release) struct arena arena = {0};

	set_up(&setting);
	open_hub(&setting);
	id = create_active(&setting);
	atomic_store(&setting.peer.status, 0);
	publish(&setting, 1);
	AWAIT(atomic_load(&setting.peer.deliveries) == 1);
	set_state(&setting, id, WEBHOOK_DISABLED);
	peer_answer(&setting.peer, 503);
	AWAIT(test_count(setting.world.directory,
		      "SELECT count(*) FROM attempts WHERE status = 503") == 1);
	AWAIT(stats_of(&setting).unsettled == 0);
	CHECK_INT(count_state(&setting, DELIVERY_SKIPPED), 1);
	CHECK_OK(store_delivery(setting.world.store, 1, &arena, &row));
	CHECK_INT(row.attempts, 1);
	peer_answer(&setting.peer, 200);
	set_state(&setting, id, WEBHOOK_ENABLED);
	AWAIT(status_of(&setting, id) == WEBHOOK_ACTIVE);
	AWAIT(is_delivered_again(&setting, &row));
	CHECK_INT(test_count(setting.world.directory,
			  "SELECT count(DISTINCT number) FROM attempts"),
		2);
	tear_down(&setting);
}

TEST(deliver, removed_mid_flight_the_attempt_ends_and_leaves_nothing)
{
	struct setting setting;
	struct webhook_problem problem = {0};
	struct uuid id;

	set_up(&setting);
	setting.options.dispatch.concurrency = 1;
	open_hub(&setting);
	id = create_active(&setting);
	atomic_store(&setting.peer.status, 0);
	publish(&setting, 1);
	AWAIT(atomic_load(&setting.peer.deliveries) == 1);
	publish(&setting, 2);
	CHECK_OK(webhooks_delete(setting.hub->webhooks, WORKSPACE_DEFAULT, id,
		STR("gk_1"), &problem));
	peer_answer(&setting.peer, 200);
	AWAIT(stats_of(&setting).acknowledged == 1);
	AWAIT(stats_of(&setting).unsettled == 0);
	publish(&setting, 3);
	publish(&setting, 4);
	CHECK_INT(test_count(setting.world.directory,
			  "SELECT count(*) FROM deliveries"),
		0);
	CHECK_INT(atomic_load(&setting.peer.deliveries), 1);
	tear_down(&setting);
}

TEST(deliver, a_stop_repeats_at_most_what_was_in_flight)
{
	struct setting setting;

	set_up(&setting);
	setting.options.dispatch.concurrency = 2;
	open_hub(&setting);
	create_active(&setting);
	for (int i = 0; i < 10; i++)
		publish(&setting, i);
	AWAIT(count_state(&setting, DELIVERY_DELIVERED) == 10);
	atomic_store(&setting.peer.status, 0);
	for (int i = 10; i < 20; i++)
		publish(&setting, i);
	AWAIT(atomic_load(&setting.peer.deliveries) == 12);
	close_hub(&setting, 0);
	CHECK_INT(count_state(&setting, DELIVERY_WAITING), 10);
	atomic_store(&setting.peer.status, 200);
	open_hub(&setting);
	AWAIT(count_state(&setting, DELIVERY_DELIVERED) == 20);
	for (int i = 0; i < 20; i++) {
		int copies = atomic_load(&setting.peer.copies[i]);

		CHECK(copies == 1 || (copies == 2 && i >= 10));
	}
	CHECK_INT(atomic_load(&setting.peer.deliveries), 22);
	tear_down(&setting);
}

TEST(deliver, a_stop_waits_for_attempts_and_writes_their_outcomes)
{
	struct setting setting;

	set_up(&setting);
	open_hub(&setting);
	create_active(&setting);
	atomic_store(&setting.peer.status, 0);
	publish(&setting, 1);
	AWAIT(atomic_load(&setting.peer.deliveries) == 1);
	peer_answer(&setting.peer, 200);
	close_hub(&setting, 20 * SECONDS);
	CHECK_INT(count_state(&setting, DELIVERY_DELIVERED), 1);
	peer_stop(&setting.peer);
}

TEST(deliver, an_outcome_that_cannot_be_written_is_written_later)
{
	struct setting setting;
	struct writer_stats stats = {0};

	fault_install();
	set_up(&setting);
	open_hub(&setting);
	create_active(&setting);
	atomic_store(&setting.peer.status, 0);
	publish(&setting, 1);
	AWAIT(atomic_load(&setting.peer.deliveries) == 1);
	fault_arm(FAULT_NO_SPACE, 0, true);
	peer_answer(&setting.peer, 200);
	AWAIT((writer_stats(setting.hub->writer, &stats), stats.failures > 0));
	CHECK_INT(count_waiting(&setting), 1);
	fault_disarm();
	AWAIT(count_state(&setting, DELIVERY_DELIVERED) == 1);
	CHECK_INT(atomic_load(&setting.peer.copies[1]), 1);
	tear_down(&setting);
}

TEST(deliver, an_outcome_not_written_yet_is_written_when_the_hub_stops)
{
	struct setting setting;
	struct writer_stats stats = {0};

	fault_install();
	set_up(&setting);
	open_hub(&setting);
	create_active(&setting);
	atomic_store(&setting.peer.status, 0);
	publish(&setting, 1);
	AWAIT(atomic_load(&setting.peer.deliveries) == 1);
	fault_arm(FAULT_NO_SPACE, 0, true);
	peer_answer(&setting.peer, 200);
	AWAIT((writer_stats(setting.hub->writer, &stats), stats.failures > 0));
	fault_disarm();
	close_hub(&setting, 0);
	CHECK_INT(count_state(&setting, DELIVERY_DELIVERED), 1);
	peer_stop(&setting.peer);
}

TEST(deliver, a_handshakes_end_that_cannot_be_stored_is_stored_later)
{
	struct setting setting;
	struct writer_stats stats = {0};
	struct uuid id;

	fault_install();
	set_up(&setting);
	atomic_store(&setting.peer.is_silent, true);
	open_hub(&setting);
	id = create(&setting);
	AWAIT(atomic_load(&setting.peer.challenges) == 1);
	fault_arm(FAULT_NO_SPACE, 0, true);
	atomic_store(&setting.peer.is_silent, false);
	peer_answer(&setting.peer, 200);
	AWAIT((writer_stats(setting.hub->writer, &stats), stats.failures > 0));
	CHECK_INT(status_of(&setting, id), WEBHOOK_PENDING);
	fault_disarm();
	AWAIT(status_of(&setting, id) == WEBHOOK_ACTIVE);
	CHECK_INT(atomic_load(&setting.peer.challenges), 1);
	tear_down(&setting);
}

TEST(deliver, an_endpoint_that_always_fails_ends_in_error_with_nothing_waiting)
{
	struct setting setting;
	struct uuid id;

	set_up(&setting);
	setting.options.retry.delays[0] = HOURS;
	atomic_store(&setting.peer.status, 500);
	open_hub(&setting);
	id = create_active(&setting);
	for (int i = 0; i < 30; i++)
		publish(&setting, i);
	AWAIT(status_of(&setting, id) == WEBHOOK_ERROR);
	AWAIT(count_state(&setting, DELIVERY_SKIPPED) == 30);
	tear_down(&setting);
}

TEST(deliver, failures_of_a_former_target_do_not_count_against_the_present_one)
{
	struct setting setting;
	struct uuid id;

	set_up(&setting);
	setting.options.dispatch.concurrency = 10;
	setting.options.retry.delays[0] = HOURS;
	open_hub(&setting);
	id = create_active(&setting);
	atomic_store(&setting.peer.status, 0);
	for (int i = 0; i < 10; i++)
		publish(&setting, i);
	AWAIT(atomic_load(&setting.peer.deliveries) == 10);
	set_state(&setting, id, WEBHOOK_ENABLED);
	AWAIT(status_of(&setting, id) == WEBHOOK_ACTIVE);
	peer_answer(&setting.peer, 500);
	AWAIT(stats_of(&setting).failed == 10);
	AWAIT(stats_of(&setting).unsettled == 0);
	atomic_store(&setting.peer.status, 200);
	publish(&setting, 10);
	AWAIT(count_state(&setting, DELIVERY_DELIVERED) == 1);
	CHECK_INT(status_of(&setting, id), WEBHOOK_ACTIVE);
	tear_down(&setting);
}

TEST(deliver, with_a_small_window_each_of_many_is_delivered_once)
{
	struct setting setting;

	set_up(&setting);
	setting.options.dispatch.window = 4;
	atomic_store(&setting.peer.status, 0);
	open_hub(&setting);
	create_active(&setting);
	for (int i = 0; i < 100; i++)
		publish(&setting, i);
	peer_answer(&setting.peer, 200);
	for (int i = 100; i < 200; i++)
		publish(&setting, i);
	AWAIT(count_state(&setting, DELIVERY_DELIVERED) == 200);
	for (int i = 0; i < 200; i++)
		CHECK_INT(atomic_load(&setting.peer.copies[i]), 1);
	tear_down(&setting);
}

/** Of a webhook that is gone, as a commit tells of them. */
static void
offer_gathered(struct setting *setting, struct payload *payload)
{
	mailbox_gather_begin();
	for (uint64_t i = 0; i < PARCEL_MAX * 2 + 10; i++) {
		const struct delivery_row row = {
			.sequence = 1000 + i, .webhook = 90 + i % 3};

		deliver_offer(setting->hub->deliver, &row, payload);
	}
	CHECK_INT(atomic_load(&payload->refs), 1 + PARCEL_MAX * 2 + 10);
	mailbox_gather_end();
}

TEST(deliver, what_is_offered_together_keeps_no_payload_when_it_is_gone)
{
	struct payload_facts facts = {.body = STR("{}")};
	struct payload *payload = payload_new(&facts);
	struct setting setting;

	set_up(&setting);
	open_hub(&setting);
	offer_gathered(&setting, payload);
	AWAIT(atomic_load(&payload->refs) == 1);
	/* Whether the workers still read it or have ended. */
	offer_gathered(&setting, payload);
	close_hub(&setting, 0);
	CHECK_INT(atomic_load(&payload->refs), 1);
	payload_unref(payload);
	peer_stop(&setting.peer);
}

/** More than may wait before the worker is behind; none is answered. */
static void
fill_up(struct setting *setting, uint64_t webhook)
{
	struct payload_facts facts = {.body = STR("{\"n\":1}")};
	struct payload *payload = payload_new(&facts);
	size_t count = PRESSURE_BACKLOG_MAX + 10;

	atomic_store(&setting->peer.status, 0);
	for (uint64_t i = 1; i <= count; i++) {
		const struct delivery_row row = {
			.sequence = 1000 + i, .webhook = webhook};

		deliver_offer(setting->hub->deliver, &row, payload);
	}
	payload_unref(payload);
	AWAIT(stats_of(setting).queued + stats_of(setting).unsettled == count);
}

/** On the worker's thread, which has not slept for that time then. */
static void
let_time_pass(struct deliver_errand *errand, const struct attempt_row *attempt,
	bool is_kept)
{
	(void)errand;
	(void)attempt;
	(void)is_kept;
	clock_test_advance(SECONDS);
}

TEST(deliver, while_its_worker_is_behind_the_hub_holds_its_commits)
{
	struct deliver_errand errand = {
		.destination = STR("nonsense"), .done = let_time_pass};
	struct writer_stats stats;
	struct setting setting;
	struct uuid id;

	set_up(&setting);
	setting.options.workers = 1;
	setting.options.dispatch.window = 3 * PRESSURE_BACKLOG_MAX;
	open_hub(&setting);
	id = create_active(&setting);
	clock_test_set(clock_now(), clock_monotonic());
	errand.webhook =
		webhooks_find(setting.hub->webhooks, WORKSPACE_DEFAULT, id);
	errand.delivery.webhook = errand.webhook->number;
	fill_up(&setting, errand.webhook->number);
	CHECK_OK(deliver_run_errand(setting.hub->deliver, &errand));
	AWAIT(pressure_is_on(setting.hub->pressure));
	publish(&setting, 2);
	AWAIT((writer_stats(setting.hub->writer, &stats), stats.holds > 0));
	hub_stop(setting.hub, 0);
	CHECK(!pressure_is_on(setting.hub->pressure));
	clock_test_release();
	hub_close(setting.hub);
	peer_stop(&setting.peer);
}

TEST(deliver, a_start_takes_up_a_backlog_larger_than_the_window)
{
	struct setting setting;

	set_up(&setting);
	setting.options.dispatch.window = 4;
	setting.options.dispatch.concurrency = 1;
	atomic_store(&setting.peer.status, 0);
	open_hub(&setting);
	create_active(&setting);
	for (int i = 0; i < 60; i++)
		publish(&setting, i);
	close_hub(&setting, 0);
	atomic_store(&setting.peer.status, 200);
	open_hub(&setting);
	AWAIT(count_state(&setting, DELIVERY_DELIVERED) == 60);
	for (int i = 1; i < 60; i++)
		CHECK_INT(atomic_load(&setting.peer.copies[i]), 1);
	tear_down(&setting);
}

/* The process ended between an event's commit and its being skipped. */
TEST(deliver, a_start_skips_what_waits_for_a_webhook_that_is_not_sending)
{
	struct setting setting;
	const struct webhook *webhook;
	struct delivery_row waiting;
	struct store_change change = ADD_DELIVERY(&waiting);
	struct uuid id;

	set_up(&setting);
	open_hub(&setting);
	id = create_active(&setting);
	publish(&setting, 1);
	AWAIT(count_state(&setting, DELIVERY_DELIVERED) == 1);
	set_state(&setting, id, WEBHOOK_DISABLED);
	webhook = webhooks_find(setting.hub->webhooks, WORKSPACE_DEFAULT, id);
	waiting = test_delivery(7, 1, webhook->number);
	CHECK_OK(writer_commit(setting.hub->writer, &change, 1));
	webhook_unref(webhook);
	close_hub(&setting, 0);
	open_hub(&setting);
	CHECK_INT(count_state(&setting, DELIVERY_SKIPPED), 1);
	CHECK_INT(count_state(&setting, DELIVERY_WAITING), 0);
	tear_down(&setting);
}

struct publisher {
	struct setting *setting;
	pthread_t thread;
	atomic_bool is_over;
};

enum { SWITCHED_EVENTS = 300 };

static void *
publish_on(void *context)
{
	struct publisher *publisher = context;

	for (int i = 0; i < SWITCHED_EVENTS; i++)
		publish(publisher->setting, i);
	atomic_store(&publisher->is_over, true);
	return NULL;
}

TEST(deliver, switched_off_and_on_all_the_time_nothing_is_lost_or_doubled)
{
	struct setting setting;
	struct publisher publisher = {.setting = &setting};
	struct uuid id;

	set_up(&setting);
	setting.options.dispatch.window = 8;
	open_hub(&setting);
	id = create_active(&setting);
	CHECK_INT(
		pthread_create(&publisher.thread, NULL, publish_on, &publisher),
		0);
	while (!atomic_load(&publisher.is_over)) {
		set_state(&setting, id, WEBHOOK_DISABLED);
		set_state(&setting, id, WEBHOOK_ENABLED);
	}
	pthread_join(publisher.thread, NULL);
	AWAIT(status_of(&setting, id) == WEBHOOK_ACTIVE);
	AWAIT(count_waiting(&setting) == 0);
	CHECK_INT(count_state(&setting, DELIVERY_DELIVERED) +
			  count_state(&setting, DELIVERY_SKIPPED),
		SWITCHED_EVENTS);
	for (int i = 0; i < SWITCHED_EVENTS; i++)
		CHECK(atomic_load(&setting.peer.copies[i]) <= 1);
	tear_down(&setting);
}
