#include "pipeline/webhooks.h"

#include <pthread.h>
#include <sched.h>

#include "base/log.h"
#include "fault_vfs.h"
#include "pipeline/match.h"
#include "pipeline_world.h"

static const struct handshake_outcome accepted = {.is_accepted = true};
static const struct handshake_outcome refused = {.is_accepted = false};

enum { WEBHOOKS_MAX = 3, ENABLES_MAX = 2 };

/* Everything but the deliverers, whose place the listener takes. */
struct setting {
	const char *directory;
	struct store *store;
	struct writer *writer;
	struct match *match;
	struct webhooks *webhooks;
	struct address_policy policy;
	struct seal_key key;
	/* what the listener heard */
	int changed, fresh, removed, handshakes;
	uint64_t number, handshake;
	size_t matched_when_changed;
	bool was_on_disk;
};

static size_t
count_matches(struct setting *setting)
{
	struct filter_event event = {
		.type = STR("compute-ops/server"), .operation = STR("Created")};
	struct arena arena = {0};
	struct match_list list;

	match_event(setting->match, WORKSPACE_DEFAULT, &event, &arena, &list);
	for (size_t i = 0; i < list.count; i++)
		webhook_unref(list.webhooks[i]);
	arena_release(&arena);
	return list.count;
}

struct search {
	const struct webhook *webhook;
	bool is_found;
};

static bool
compare_row(void *context, const struct webhook_row *row)
{
	struct search *search = context;
	const struct webhook *webhook = search->webhook;

	if (row->number != webhook->number)
		return true;
	search->is_found =
		row->revision == webhook->revision &&
		row->generation == webhook->generation &&
		row->health.state == webhook->health.state &&
		row->health.status == webhook->health.status &&
		str_equal(row->name, webhook->name) &&
		str_equal(row->destination, webhook->destination) &&
		str_equal(row->filter, webhook->filter_text) &&
		str_equal(row->status_reason, webhook->status_reason);
	return false;
}

static bool
is_on_disk(struct setting *setting, const struct webhook *webhook)
{
	struct search search = {.webhook = webhook};
	struct arena arena = {0};

	CHECK_OK(store_each_webhook(
		setting->store, &arena, compare_row, &search));
	arena_release(&arena);
	return search.is_found;
}

static void
note_changed(void *context, const struct webhook *webhook, bool is_fresh)
{
	struct setting *setting = context;

	setting->changed++;
	setting->fresh += is_fresh;
	setting->number = webhook->number;
	setting->matched_when_changed = count_matches(setting);
	setting->was_on_disk = is_on_disk(setting, webhook);
}

static void
note_removed(void *context, const struct webhook *webhook)
{
	struct setting *setting = context;

	setting->removed++;
	CHECK(!is_on_disk(setting, webhook));
}

static void
note_handshake(void *context, const struct webhook *webhook)
{
	struct setting *setting = context;

	setting->handshakes++;
	setting->handshake = webhook->handshake;
}

static void
open_parts(struct setting *setting)
{
	struct writer_options writer = {0};
	struct webhooks_options options = {
		.policy = &setting->policy,
		.key = &setting->key,
		.listener = {setting, note_changed, note_removed,
			note_handshake},
		.webhooks_max = WEBHOOKS_MAX,
		.enables_max = ENABLES_MAX,
		.enables_window = 60 * MINUTES,
	};
	struct buf why = {0};

	setting->store = writer.store = options.store =
		test_store_open(setting->directory);
	setting->writer = options.writer = writer_start(&writer);
	setting->match = options.match = match_new();
	CHECK_OK(webhooks_open(&options, &setting->webhooks, &why));
	buf_release(&why);
	webhooks_start(setting->webhooks);
}

static void
close_parts(struct setting *setting)
{
	writer_stop(setting->writer);
	webhooks_close(setting->webhooks);
	match_free(setting->match);
	store_close(setting->store);
}

static void
set_up(struct setting *setting)
{
	*setting = (struct setting){.directory = check_temp_dir()};
	log_set_level(LOG_ERROR);
	open_parts(setting);
}

static struct webhook_draft
full_draft(enum webhook_state state)
{
	static const struct webhook_header headers[] = {
		{STR_INIT("x-key"), STR_INIT("very-secret-header-value")}};

	return (struct webhook_draft){
		.has_name = true,
		.has_destination = true,
		.has_state = true,
		.has_filter = true,
		.has_headers = true,
		.name = STR("hook"),
		.destination = STR("https://example.org/hook"),
		.state = state,
		.filter = STR("type eq 'compute-ops/server'"),
		.headers = headers,
		.header_count = 1,
	};
}

static const struct webhook *
create(struct setting *setting, enum webhook_state state)
{
	struct webhook_draft draft = full_draft(state);
	struct webhook_problem problem = {0};
	const struct webhook *webhook = NULL;

	if (webhooks_create(setting->webhooks, WORKSPACE_DEFAULT, &draft,
		    &webhook, &problem))
		check_failed(__FILE__, __LINE__, "%s", buf_text(&problem.why));
	buf_release(&problem.why);
	return webhook;
}

/** Takes the former reference, gives the new one. */
static const struct webhook *
patch(struct setting *setting, const struct webhook *take_former,
	const struct webhook_draft *draft, enum err expected)
{
	struct webhook_problem problem = {0};
	const struct webhook *next = NULL;
	enum err err = webhooks_patch(setting->webhooks, WORKSPACE_DEFAULT,
		take_former->id, draft, &next, &problem);

	CHECK_INT(err, expected);
	CHECK(err == ERR_OK || problem.why.len > 0);
	buf_release(&problem.why);
	if (err)
		return take_former;
	webhook_unref(take_former);
	return next;
}

static const struct webhook *
set_state(struct setting *setting, const struct webhook *take_former,
	enum webhook_state state, enum err expected)
{
	struct webhook_draft draft = {.has_state = true, .state = state};

	return patch(setting, take_former, &draft, expected);
}

/** Looks it up anew, taking the old reference. */
static const struct webhook *
look(struct setting *setting, const struct webhook *take_former)
{
	const struct webhook *webhook = webhooks_find(
		setting->webhooks, WORKSPACE_DEFAULT, take_former->id);

	CHECK(webhook != NULL);
	webhook_unref(take_former);
	return webhook;
}

TEST(webhooks, a_lane_is_told_on_disk_and_before_its_webhook_matches)
{
	struct setting setting;
	const struct webhook *webhook;

	set_up(&setting);
	webhook = create(&setting, WEBHOOK_ENABLED);
	CHECK_INT(setting.changed, 1);
	CHECK(setting.was_on_disk);
	CHECK_INT(setting.matched_when_changed, 0);
	CHECK_INT(count_matches(&setting), 1);
	CHECK_INT(setting.handshakes, 1);
	CHECK_INT(setting.handshake, webhook->handshake);
	CHECK_INT(webhook->health.status, WEBHOOK_PENDING);
	webhook_unref(webhook);
	close_parts(&setting);
}

TEST(webhooks, every_change_is_found_again_by_the_next_process)
{
	struct setting setting;
	const struct webhook *webhook, *found;
	struct webhook_draft draft = {.has_name = true,
		.has_filter = true,
		.name = STR("other"),
		.filter = STR("operation eq 'Created'")};

	set_up(&setting);
	webhook = create(&setting, WEBHOOK_ENABLED);
	CHECK_OK(webhooks_end_handshake(setting.webhooks, webhook->number,
		webhook->handshake, &accepted));
	webhook = patch(&setting, look(&setting, webhook), &draft, ERR_OK);
	CHECK(setting.was_on_disk);
	CHECK_INT(setting.handshakes, 1);
	close_parts(&setting);
	open_parts(&setting);
	found = webhooks_find(setting.webhooks, WORKSPACE_DEFAULT, webhook->id);
	CHECK(found != NULL);
	CHECK_STR(found->name, STR("other"));
	CHECK_STR(found->filter_text, STR("operation eq 'Created'"));
	CHECK_INT(found->revision, webhook->revision);
	CHECK_INT(found->generation, webhook->generation);
	CHECK_INT(found->health.status, WEBHOOK_ACTIVE);
	CHECK_STR(found->secret, webhook->secret);
	CHECK_INT(found->header_count, 1);
	CHECK_STR(found->headers[0].value, STR("very-secret-header-value"));
	CHECK_INT(found->enables[0], webhook->enables[0]);
	CHECK_INT(setting.handshakes, 1);
	webhook_unref(found);
	webhook_unref(webhook);
	close_parts(&setting);
}

TEST(webhooks, a_handshake_left_unfinished_is_made_again_after_a_start)
{
	struct setting setting;

	set_up(&setting);
	webhook_unref(create(&setting, WEBHOOK_ENABLED));
	close_parts(&setting);
	open_parts(&setting);
	CHECK_INT(setting.handshakes, 2);
	CHECK_OK(webhooks_end_handshake(setting.webhooks, setting.number,
		setting.handshake, &accepted));
	CHECK_INT(setting.changed, 3);
	close_parts(&setting);
}

TEST(webhooks, a_change_that_cannot_be_stored_is_not_seen)
{
	struct setting setting;
	const struct webhook *webhook;
	struct webhook_draft draft = {.has_name = true, .name = STR("other")};
	struct webhook_draft full = full_draft(WEBHOOK_ENABLED);
	struct webhook_problem problem = {0};
	const struct webhook *none = NULL;

	fault_install();
	set_up(&setting);
	webhook = create(&setting, WEBHOOK_ENABLED);
	fault_arm(FAULT_NO_SPACE, 0, true);
	webhook = patch(&setting, webhook, &draft, ERR_IO);
	CHECK_INT(webhooks_create(setting.webhooks, WORKSPACE_DEFAULT, &full,
			  &none, &problem),
		ERR_IO);
	buf_clear(&problem.why);
	CHECK_INT(webhooks_delete(setting.webhooks, WORKSPACE_DEFAULT,
			  webhook->id, STR("gk_1"), &problem),
		ERR_IO);
	CHECK(webhooks_end_handshake(setting.webhooks, webhook->number,
		      webhook->handshake, &accepted) != ERR_OK);
	CHECK(webhooks_set_health(setting.webhooks, webhook->number,
		      &(struct health_report){.revision = webhook->revision,
			      .health = webhook->health,
			      .reason = "x"}) != ERR_OK);
	fault_disarm();
	webhook = look(&setting, webhook);
	CHECK_STR(webhook->name, STR("hook"));
	CHECK_INT(webhook->revision, 1);
	CHECK_INT(webhook->health.status, WEBHOOK_PENDING);
	CHECK_INT(setting.changed, 1);
	CHECK_INT(count_matches(&setting), 1);
	/* The same report, said again, counts. */
	CHECK_OK(webhooks_end_handshake(setting.webhooks, webhook->number,
		webhook->handshake, &accepted));
	webhook = look(&setting, webhook);
	CHECK_INT(webhook->health.status, WEBHOOK_ACTIVE);
	webhook_unref(webhook);
	buf_release(&problem.why);
	close_parts(&setting);
}

TEST(webhooks, the_end_of_an_older_handshake_changes_nothing)
{
	struct setting setting;
	const struct webhook *webhook;
	uint64_t older;

	set_up(&setting);
	webhook = create(&setting, WEBHOOK_ENABLED);
	older = webhook->handshake;
	webhook = set_state(&setting, webhook, WEBHOOK_ENABLED, ERR_OK);
	CHECK(webhook->handshake != older);
	CHECK_OK(webhooks_end_handshake(
		setting.webhooks, webhook->number, older, &refused));
	webhook = look(&setting, webhook);
	CHECK_INT(webhook->health.status, WEBHOOK_PENDING);
	CHECK_OK(webhooks_end_handshake(setting.webhooks, webhook->number,
		webhook->handshake, &refused));
	webhook = look(&setting, webhook);
	CHECK_INT(webhook->health.status, WEBHOOK_WARNING);
	CHECK_INT(webhook->health.state, WEBHOOK_DISABLED);
	/* Twice, and after it was disabled. */
	CHECK_OK(webhooks_end_handshake(setting.webhooks, webhook->number,
		webhook->handshake, &accepted));
	webhook = look(&setting, webhook);
	CHECK_INT(webhook->health.status, WEBHOOK_WARNING);
	webhook_unref(webhook);
	close_parts(&setting);
}

TEST(webhooks, a_name_changed_meanwhile_does_not_spoil_a_handshake)
{
	struct setting setting;
	const struct webhook *webhook;
	struct webhook_draft draft = {.has_name = true, .name = STR("other")};

	set_up(&setting);
	webhook = create(&setting, WEBHOOK_ENABLED);
	webhook = patch(&setting, webhook, &draft, ERR_OK);
	CHECK_OK(webhooks_end_handshake(setting.webhooks, webhook->number,
		setting.handshake, &accepted));
	webhook = look(&setting, webhook);
	CHECK_INT(webhook->health.status, WEBHOOK_ACTIVE);
	webhook_unref(webhook);
	close_parts(&setting);
}

TEST(webhooks, a_health_report_of_an_older_revision_changes_nothing)
{
	struct setting setting;
	const struct webhook *webhook;
	struct health health;

	set_up(&setting);
	webhook = create(&setting, WEBHOOK_ENABLED);
	CHECK_OK(webhooks_end_handshake(setting.webhooks, webhook->number,
		webhook->handshake, &accepted));
	webhook = look(&setting, webhook);
	health = webhook->health;
	health.status = WEBHOOK_WARNING;
	CHECK_OK(webhooks_set_health(setting.webhooks, webhook->number,
		&(struct health_report){.revision = webhook->revision - 1,
			.health = health,
			.reason = "x"}));
	webhook = look(&setting, webhook);
	CHECK_INT(webhook->health.status, WEBHOOK_ACTIVE);
	CHECK_OK(webhooks_set_health(setting.webhooks, webhook->number,
		&(struct health_report){.revision = webhook->revision,
			.health = health,
			.reason = "half fail"}));
	webhook = look(&setting, webhook);
	CHECK_INT(webhook->health.status, WEBHOOK_WARNING);
	CHECK_STR(webhook->status_reason, STR("half fail"));
	CHECK(setting.was_on_disk);
	webhook_unref(webhook);
	close_parts(&setting);
}

TEST(webhooks, disabling_skips_what_waits_on_disk)
{
	struct setting setting;
	const struct webhook *webhook;
	struct delivery_row waiting, row;
	struct arena arena = {0};
	struct store_change change = ADD_DELIVERY(&waiting);

	set_up(&setting);
	webhook = create(&setting, WEBHOOK_ENABLED);
	waiting = test_delivery(1, 1, webhook->number);
	CHECK_OK(writer_commit(setting.writer, &change, 1));
	webhook = set_state(&setting, webhook, WEBHOOK_DISABLED, ERR_OK);
	CHECK_OK(store_delivery(setting.store, 1, &arena, &row));
	CHECK_INT(row.state, DELIVERY_SKIPPED);
	CHECK_STR(row.reason, webhook->status_reason);
	webhook_unref(webhook);
	arena_release(&arena);
	close_parts(&setting);
}

TEST(webhooks, enabling_too_often_is_refused_until_the_window_has_moved)
{
	struct setting setting;
	const struct webhook *webhook, *next = NULL;
	struct webhook_draft draft = {
		.has_state = true, .state = WEBHOOK_ENABLED};
	struct webhook_problem problem = {0};

	clock_test_set(TEST_NOW, 0);
	set_up(&setting);
	webhook = create(&setting, WEBHOOK_ENABLED);
	close_parts(&setting);
	clock_test_advance(10 * MINUTES);
	open_parts(&setting);
	webhook = set_state(&setting, webhook, WEBHOOK_ENABLED, ERR_OK);
	CHECK_INT(webhooks_patch(setting.webhooks, WORKSPACE_DEFAULT,
			  webhook->id, &draft, &next, &problem),
		ERR_BUSY);
	CHECK_INT(problem.retry_after, 50 * MINUTES);
	CHECK_TEXT(problem.field, "state");
	webhook = set_state(&setting, webhook, WEBHOOK_DISABLED, ERR_OK);
	close_parts(&setting);
	clock_test_advance(50 * MINUTES);
	open_parts(&setting);
	webhook = set_state(&setting, webhook, WEBHOOK_ENABLED, ERR_OK);
	webhook_unref(webhook);
	buf_release(&problem.why);
	close_parts(&setting);
}

TEST(webhooks, a_workspace_has_its_limit)
{
	struct setting setting;
	struct webhook_draft draft = full_draft(WEBHOOK_DISABLED);
	struct webhook_problem problem = {0};
	const struct webhook *webhook;

	set_up(&setting);
	for (int i = 0; i < WEBHOOKS_MAX; i++)
		webhook_unref(create(&setting, WEBHOOK_DISABLED));
	CHECK_INT(webhooks_create(setting.webhooks, WORKSPACE_DEFAULT, &draft,
			  &webhook, &problem),
		ERR_LIMIT);
	CHECK_OK(webhooks_create(setting.webhooks, WORKSPACE_DEFAULT + 1,
		&draft, &webhook, &problem));
	webhook_unref(webhook);
	buf_release(&problem.why);
	close_parts(&setting);
}

TEST(webhooks, a_deleted_webhook_is_gone_and_its_number_not_used_again)
{
	struct setting setting;
	const struct webhook *webhook, *next;
	struct webhook_problem problem = {0};

	set_up(&setting);
	webhook = create(&setting, WEBHOOK_ENABLED);
	CHECK_INT(webhooks_delete(setting.webhooks, WORKSPACE_DEFAULT + 1,
			  webhook->id, STR("gk_1"), &problem),
		ERR_NOT_FOUND);
	CHECK_OK(webhooks_delete(setting.webhooks, WORKSPACE_DEFAULT,
		webhook->id, STR("gk_1"), &problem));
	CHECK_INT(setting.removed, 1);
	CHECK_INT(count_matches(&setting), 0);
	CHECK(webhooks_find(setting.webhooks, WORKSPACE_DEFAULT, webhook->id) ==
		NULL);
	CHECK_OK(webhooks_end_handshake(setting.webhooks, webhook->number,
		webhook->handshake, &accepted));
	next = create(&setting, WEBHOOK_DISABLED);
	CHECK(next->number > webhook->number);
	webhook_unref(next);
	webhook_unref(webhook);
	buf_release(&problem.why);
	close_parts(&setting);
}

TEST(webhooks, a_generation_that_was_not_expected_is_a_conflict)
{
	struct setting setting;
	const struct webhook *webhook, *next = NULL;
	struct webhook_draft draft = {.has_name = true, .name = STR("other")};
	struct webhook_problem problem = {0};

	set_up(&setting);
	webhook = create(&setting, WEBHOOK_DISABLED);
	draft.expected_generation = 9;
	CHECK_INT(webhooks_patch(setting.webhooks, WORKSPACE_DEFAULT,
			  webhook->id, &draft, &next, &problem),
		ERR_CONFLICT);
	draft.expected_generation = 1;
	CHECK_OK(webhooks_patch(setting.webhooks, WORKSPACE_DEFAULT,
		webhook->id, &draft, &next, &problem));
	CHECK_INT(next->generation, 2);
	webhook_unref(next);
	webhook_unref(webhook);
	buf_release(&problem.why);
	close_parts(&setting);
}

static bool
file_holds(const char *directory, const char *name, struct str text)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return str_find(check_read_file(path), text) != SIZE_MAX;
}

TEST(webhooks, headers_and_secret_are_not_in_the_file_and_the_secret_read_once)
{
	struct setting setting;
	const struct webhook *webhook;
	struct webhook_problem problem = {0};
	struct arena arena = {0};
	struct str secret;

	set_up(&setting);
	webhook = create(&setting, WEBHOOK_ENABLED);
	CHECK_OK(webhooks_read_secret(setting.webhooks, WORKSPACE_DEFAULT,
		webhook->id, &arena, &secret, &problem));
	CHECK_STR(secret, webhook->secret);
	CHECK_INT(webhooks_read_secret(setting.webhooks, WORKSPACE_DEFAULT,
			  webhook->id, &arena, &secret, &problem),
		ERR_DENIED);
	close_parts(&setting); /* moves the log into the database */
	CHECK(file_holds(setting.directory, "grapnel.db",
		STR("https://example.org/hook")));
	CHECK(!file_holds(setting.directory, "grapnel.db",
		STR("very-secret-header-value")));
	CHECK(!file_holds(setting.directory, "grapnel.db", webhook->secret));
	CHECK(!file_holds(setting.directory, "grapnel.db",
		str_make((const char *)webhook->key.bytes, webhook->key.len)));
	open_parts(&setting);
	CHECK_INT(webhooks_read_secret(setting.webhooks, WORKSPACE_DEFAULT,
			  webhook->id, &arena, &secret, &problem),
		ERR_DENIED);
	webhook_unref(webhook);
	buf_release(&problem.why);
	arena_release(&arena);
	close_parts(&setting);
}

enum { CHANGERS = 4, CHANGES_EACH = 25 };

struct changer {
	struct setting *setting;
	struct uuid id;
	pthread_t thread;
};

static void *
rename_often(void *context)
{
	struct changer *changer = context;

	for (int i = 0; i < CHANGES_EACH; i++) {
		struct webhook_draft draft = {
			.has_name = true, .name = STR("renamed")};
		struct webhook_problem problem = {0};
		const struct webhook *webhook;

		CHECK_OK(webhooks_patch(changer->setting->webhooks,
			WORKSPACE_DEFAULT, changer->id, &draft, &webhook,
			&problem));
		webhook_unref(webhook);
		webhook = webhooks_find(changer->setting->webhooks,
			WORKSPACE_DEFAULT, changer->id);
		CHECK_STR(webhook->name, STR("renamed"));
		webhook_unref(webhook);
	}
	return NULL;
}

TEST(webhooks, changes_of_many_threads_come_one_after_another)
{
	struct setting setting;
	struct changer changers[CHANGERS];
	const struct webhook *webhook;

	set_up(&setting);
	webhook = create(&setting, WEBHOOK_DISABLED);
	for (int i = 0; i < CHANGERS; i++) {
		changers[i] = (struct changer){
			.setting = &setting, .id = webhook->id};
		CHECK_INT(pthread_create(&changers[i].thread, NULL,
				  rename_often, &changers[i]),
			0);
	}
	for (int i = 0; i < CHANGERS; i++)
		pthread_join(changers[i].thread, NULL);
	webhook = look(&setting, webhook);
	CHECK_INT(webhook->revision, 1 + CHANGERS * CHANGES_EACH);
	CHECK(is_on_disk(&setting, webhook));
	webhook_unref(webhook);
	close_parts(&setting);
}
