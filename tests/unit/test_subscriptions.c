#include "pipeline/subscriptions.h"

#include <pthread.h>
#include <sched.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "fault_vfs.h"
#include "pipeline/match.h"
#include "pipeline_world.h"

enum { SUBSCRIPTIONS = 3 };

/* The registry on a real store; deliverers are not needed. */
struct setting {
	const char *directory;
	struct store *store;
	struct writer *writer;
	struct match *match;
	struct webhooks *webhooks;
	struct address_policy policy;
	struct seal_key key;
	struct arena arena;
	struct subscription_change change; /* the last one */
	struct buf why;
};

static void
note_changed(void *context, const struct webhook *webhook, bool is_fresh)
{
	(void)context, (void)webhook, (void)is_fresh;
}

static void
note(void *context, const struct webhook *webhook)
{
	(void)context, (void)webhook;
}

static void
open_parts(struct setting *setting)
{
	struct writer_options writer = {0};
	struct webhooks_options options = {
		.policy = &setting->policy,
		.key = &setting->key,
		.listener = {setting, note_changed, note, note},
		.webhooks_max = 1000,
		.greenlake_max = 1000,
		.subscriptions_max = SUBSCRIPTIONS,
		.enables_max = 5,
		.enables_window = 60 * MINUTES,
	};
	CLEANUP(buf_release) struct buf why = {0};

	setting->store = writer.store = options.store =
		test_store_open(setting->directory);
	setting->writer = options.writer = writer_start(&writer);
	setting->match = options.match = match_new();
	if (webhooks_open(&options, &setting->webhooks, &why))
		check_failed(__FILE__, __LINE__, "%s", buf_text(&why));
	buf_release(&why);
	webhooks_start(setting->webhooks);
}

static void
set_up(struct setting *setting)
{
	*setting = (struct setting){.directory = check_temp_dir()};
	log_set_level(LOG_ERROR);
	open_parts(setting);
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
tear_down(struct setting *setting)
{
	subscription_list_release(&setting->change.list);
	buf_release(&setting->change.problem.why);
	buf_release(&setting->why);
	close_parts(setting);
	arena_release(&setting->arena);
}

/** A webhook; without a filter it takes subscriptions. */
static struct uuid
make_webhook(struct setting *setting, const char *filter)
{
	struct webhook_draft draft = {
		.has_name = true,
		.has_destination = true,
		.has_state = true,
		.has_filter = filter != NULL,
		.dialect = STR("greenlake"),
		.name = STR("hook"),
		.destination = STR("https://example.org/hook"),
		.state = WEBHOOK_ENABLED,
		.filter = filter ? str_of(filter) : STR(""),
	};
	struct webhook_problem problem = {0};
	const struct webhook *webhook = NULL;
	struct uuid id;

	if (webhooks_create(setting->webhooks, WORKSPACE_DEFAULT, &draft,
		    &webhook, &problem))
		check_failed(__FILE__, __LINE__, "%s", buf_text(&problem.why));
	id = webhook->id;
	webhook_unref(webhook);
	return id;
}

static struct subscription_draft
wanting(struct uuid webhook, const char *type, const char *condition)
{
	return (struct subscription_draft){
		.webhook = webhook,
		.type = str_of(type),
		.has_condition = condition != NULL,
		.condition = condition ? str_of(condition) : STR(""),
	};
}

static enum err
run(struct setting *setting,
	enum err (*does)(
		struct webhooks *webhooks, struct subscription_change *change),
	struct subscription_draft *drafts, size_t count)
{
	subscription_list_release(&setting->change.list);
	buf_release(&setting->change.problem.why);
	setting->change = (struct subscription_change){
		.workspace = WORKSPACE_DEFAULT,
		.who = STR("gk_1"),
		.drafts = drafts,
		.count = count,
		.arena = &setting->arena,
	};
	return does(setting->webhooks, &setting->change);
}

/** Makes one that must be right; its id. */
static struct uuid
subscribe(struct setting *setting, struct uuid webhook, const char *type,
	const char *condition)
{
	struct subscription_draft draft = wanting(webhook, type, condition);

	if (run(setting, subscriptions_create, &draft, 1))
		check_failed(__FILE__, __LINE__, "%s",
			buf_text(&setting->change.problem.why));
	CHECK_INT(setting->change.list.count, 1);
	return setting->change.list.rows[0]->id;
}

static size_t
reached(struct setting *setting, const char *type, const char *data)
{
	struct json_doc doc;
	struct filter_event event = {.type = str_of(type)};
	CLEANUP(arena_release) struct arena arena = {0};
	struct match_list list;

	CHECK_OK(json_read(str_of(data), &arena, &doc, NULL));
	event.new_state = json_root(&doc);
	match_event(setting->match, WORKSPACE_DEFAULT, &event, &arena, &list);
	for (size_t i = 0; i < list.count; i++)
		webhook_unref(list.webhooks[i]);
	return list.count;
}

static size_t
count_of(struct setting *setting, struct uuid webhook)
{
	const struct webhook *found =
		webhooks_find(setting->webhooks, WORKSPACE_DEFAULT, webhook);
	size_t count = found->subscription_count;

	webhook_unref(found);
	return count;
}

TEST(subscriptions, a_webhook_without_any_gets_nothing)
{
	struct setting setting;

	set_up(&setting);
	make_webhook(&setting, NULL);
	CHECK_INT(reached(&setting, "t", "{}"), 0);
	CHECK_INT(match_count(setting.match).filters, 0);
	tear_down(&setting);
}

TEST(subscriptions, one_event_reaches_a_webhook_once_by_however_many)
{
	struct setting setting;
	struct uuid webhook;

	set_up(&setting);
	webhook = make_webhook(&setting, NULL);
	subscribe(&setting, webhook, "a.b", NULL);
	subscribe(&setting, webhook, "a.*", "n gt 5");
	subscribe(&setting, webhook, "*", "n gt 6");
	CHECK_INT(reached(&setting, "a.b", "{\"n\":7}"), 1);
	CHECK_INT(reached(&setting, "a.b", "{\"n\":1}"), 1);
	CHECK_INT(reached(&setting, "a.c", "{\"n\":6}"), 1);
	CHECK_INT(reached(&setting, "a.c", "{\"n\":5}"), 0);
	CHECK_INT(reached(&setting, "x", "{\"n\":7}"), 1);
	CHECK_INT(match_count(setting.match).filters, 3);
	make_webhook(&setting, "type eq 'a.b'");
	CHECK_INT(reached(&setting, "a.b", "{}"), 2);
	tear_down(&setting);
}

TEST(subscriptions, a_prefix_is_found_by_key_and_not_by_looking_at_all)
{
	struct setting setting;
	struct uuid webhook;

	set_up(&setting);
	webhook = make_webhook(&setting, NULL);
	subscribe(&setting, webhook, "com.example.*", NULL);
	subscribe(&setting, webhook, "com.example.orders", "n gt 5");
	CHECK_INT(match_count(setting.match).scanned, 0);
	CHECK_INT(reached(&setting, "com.example.x", "{}"), 1);
	subscribe(&setting, webhook, "*", NULL);
	CHECK_INT(match_count(setting.match).scanned, 1);
	tear_down(&setting);
}

TEST(subscriptions, they_are_found_again_by_the_next_process)
{
	struct setting setting;
	struct uuid webhook, first, second;
	const struct subscription *found;

	set_up(&setting);
	webhook = make_webhook(&setting, NULL);
	first = subscribe(&setting, webhook, "compute-ops-mgmt/server", "");
	second = subscribe(&setting, webhook, "a.*", "x eq 'it''s'");
	subscription_list_release(&setting.change.list);
	close_parts(&setting);
	open_parts(&setting);
	CHECK_INT(count_of(&setting, webhook), 2);
	CHECK_INT(reached(&setting, "compute-ops/server", "{}"), 1);
	CHECK_INT(reached(&setting, "a.b", "{\"x\":\"it's\"}"), 1);
	CHECK_INT(reached(&setting, "a.b", "{\"x\":\"its\"}"), 0);
	found = subscriptions_find(setting.webhooks, WORKSPACE_DEFAULT, second);
	CHECK(found != NULL);
	CHECK_STR(found->type, STR("a.*"));
	CHECK_STR(found->condition, STR("x eq 'it''s'"));
	CHECK_STR(found->created_by, STR("gk_1"));
	CHECK_INT(found->generation, 1);
	CHECK(found->created > 0);
	CHECK(uuid_equal(found->webhook, webhook));
	subscription_unref(found);
	CHECK(subscriptions_find(
		      setting.webhooks, WORKSPACE_DEFAULT + 1, first) == NULL);
	tear_down(&setting);
}

TEST(subscriptions, a_change_takes_the_place_of_what_was)
{
	struct setting setting;
	struct uuid webhook, other;
	struct subscription_draft draft;

	set_up(&setting);
	webhook = make_webhook(&setting, NULL);
	other = make_webhook(&setting, NULL);
	draft = wanting(webhook, "b", NULL);
	draft.id = subscribe(&setting, webhook, "a", "n eq 1");
	CHECK_OK(run(&setting, subscriptions_patch, &draft, 1));
	CHECK_INT(setting.change.list.rows[0]->generation, 2);
	CHECK_STR(setting.change.list.rows[0]->condition, STR("n eq 1"));
	CHECK_INT(reached(&setting, "a", "{\"n\":1}"), 0);
	CHECK_INT(reached(&setting, "b", "{\"n\":1}"), 1);
	CHECK_INT(match_count(setting.match).filters, 1);
	/* Without its condition, and at another webhook. */
	draft.webhook = other;
	draft.has_condition = true;
	draft.condition = STR("");
	CHECK_OK(run(&setting, subscriptions_patch, &draft, 1));
	CHECK_INT(reached(&setting, "b", "{}"), 1);
	CHECK_INT(count_of(&setting, webhook), 0);
	CHECK_INT(count_of(&setting, other), 1);
	subscription_list_release(&setting.change.list);
	close_parts(&setting);
	open_parts(&setting);
	CHECK_INT(count_of(&setting, webhook), 0);
	CHECK_INT(count_of(&setting, other), 1);
	CHECK_INT(reached(&setting, "b", "{}"), 1);
	tear_down(&setting);
}

TEST(subscriptions, a_list_happens_as_a_whole_or_not_at_all)
{
	struct setting setting;
	struct uuid webhook;
	struct subscription_draft drafts[3];

	set_up(&setting);
	webhook = make_webhook(&setting, NULL);
	drafts[0] = wanting(webhook, "a", NULL);
	drafts[1] = wanting(webhook, "b", "n eq");
	drafts[2] = wanting(webhook, "c", NULL);
	CHECK_INT(run(&setting, subscriptions_create, drafts, 3), ERR_INVALID);
	CHECK_INT(setting.change.problem.item, 1);
	CHECK_TEXT(setting.change.problem.field, "eventFilter");
	CHECK_INT(setting.change.problem.column, 5);
	CHECK_INT(count_of(&setting, webhook), 0);
	CHECK_INT(reached(&setting, "a", "{}"), 0);
	drafts[1].condition = STR("");
	CHECK_OK(run(&setting, subscriptions_create, drafts, 3));
	CHECK_INT(setting.change.list.count, 3);
	CHECK_STR(setting.change.list.rows[2]->type, STR("c"));
	CHECK_INT(count_of(&setting, webhook), 3);
	tear_down(&setting);
}

TEST(subscriptions, refusals_say_what_was_wrong)
{
	struct setting setting;
	struct uuid webhook, filtered;
	struct subscription_draft drafts[2];

	set_up(&setting);
	webhook = make_webhook(&setting, NULL);
	filtered = make_webhook(&setting, "type eq 'a'");
	drafts[0] = wanting(uuid_random(), "a", NULL);
	CHECK_INT(
		run(&setting, subscriptions_create, drafts, 1), ERR_NOT_FOUND);
	CHECK_TEXT(setting.change.problem.field, "webhook");
	drafts[0] = wanting(filtered, "a", NULL);
	CHECK_INT(run(&setting, subscriptions_create, drafts, 1), ERR_CONFLICT);
	CHECK_TEXT(setting.change.problem.field, "webhook");
	drafts[0] = wanting(webhook, "a b", NULL);
	CHECK_INT(run(&setting, subscriptions_create, drafts, 1), ERR_INVALID);
	CHECK_TEXT(setting.change.problem.field, "eventType");
	drafts[0] = wanting(webhook, "a", NULL);
	drafts[0].id = uuid_random();
	CHECK_INT(run(&setting, subscriptions_patch, drafts, 1), ERR_NOT_FOUND);
	CHECK_TEXT(setting.change.problem.field, "id");
	CHECK_INT(
		run(&setting, subscriptions_delete, drafts, 1), ERR_NOT_FOUND);
	drafts[0].id = subscribe(&setting, webhook, "a", NULL);
	drafts[1] = drafts[0];
	CHECK_INT(run(&setting, subscriptions_patch, drafts, 2), ERR_CONFLICT);
	CHECK_INT(setting.change.problem.item, 1);
	tear_down(&setting);
}

TEST(subscriptions, a_webhook_has_no_more_than_allowed)
{
	struct setting setting;
	struct uuid webhook;
	struct subscription_draft draft;

	set_up(&setting);
	webhook = make_webhook(&setting, NULL);
	for (int i = 0; i < SUBSCRIPTIONS - 1; i++)
		subscribe(&setting, webhook, "a", NULL);
	draft = wanting(webhook, "a", NULL);
	draft.id = subscribe(&setting, webhook, "a", NULL);
	CHECK_INT(run(&setting, subscriptions_create, &draft, 1), ERR_LIMIT);
	CHECK(str_find(buf_str(&setting.change.problem.why),
		      STR("at most 3")) != SIZE_MAX);
	/* One that is there can be changed all the same. */
	draft.type = STR("b");
	CHECK_OK(run(&setting, subscriptions_patch, &draft, 1));
	CHECK_INT(count_of(&setting, webhook), SUBSCRIPTIONS);
	tear_down(&setting);
}

TEST(subscriptions, removing_one_ends_its_matches)
{
	struct setting setting;
	struct uuid webhook;
	struct subscription_draft drafts[2];

	set_up(&setting);
	webhook = make_webhook(&setting, NULL);
	drafts[0].id = subscribe(&setting, webhook, "a", NULL);
	subscribe(&setting, webhook, "b", NULL);
	drafts[1] = drafts[0];
	CHECK_OK(run(&setting, subscriptions_delete, drafts, 2));
	CHECK_INT(reached(&setting, "a", "{}"), 0);
	CHECK_INT(reached(&setting, "b", "{}"), 1);
	close_parts(&setting);
	open_parts(&setting);
	CHECK_INT(count_of(&setting, webhook), 1);
	tear_down(&setting);
}

TEST(subscriptions, a_webhook_takes_its_subscriptions_along)
{
	struct setting setting;
	struct uuid webhook, id;
	struct webhook_problem problem = {0};
	struct object_row row;

	set_up(&setting);
	webhook = make_webhook(&setting, NULL);
	id = subscribe(&setting, webhook, "a", NULL);
	subscription_list_release(&setting.change.list);
	CHECK_OK(webhooks_delete(setting.webhooks, WORKSPACE_DEFAULT, webhook,
		STR("gk_1"), &problem));
	CHECK_INT(reached(&setting, "a", "{}"), 0);
	CHECK(subscriptions_find(setting.webhooks, WORKSPACE_DEFAULT, id) ==
		NULL);
	CHECK_INT(store_object(setting.store, WORKSPACE_DEFAULT,
			  OBJECT_SUBSCRIPTION,
			  str_of(uuid_format(id, (char[UUID_TEXT_SIZE]){0})),
			  &setting.arena, &row),
		ERR_NOT_FOUND);
	tear_down(&setting);
}

TEST(subscriptions, a_filter_is_not_put_in_their_place)
{
	struct setting setting;
	struct uuid webhook;
	struct webhook_problem problem = {0};
	const struct webhook *none = NULL;
	struct webhook_draft draft = {
		.has_filter = true, .filter = STR("type eq 'a'")};

	set_up(&setting);
	webhook = make_webhook(&setting, NULL);
	CHECK_INT(webhooks_patch(setting.webhooks, WORKSPACE_DEFAULT, webhook,
			  &draft, &none, &problem),
		ERR_INVALID);
	CHECK_TEXT(problem.field, "eventFilter");
	buf_release(&problem.why);
	tear_down(&setting);
}

TEST(subscriptions, what_changes_a_webhook_keeps_them)
{
	struct setting setting;
	struct uuid webhook;
	struct webhook_problem problem = {0};
	const struct webhook *next = NULL;
	struct webhook_draft draft = {.has_name = true, .name = STR("other")};

	set_up(&setting);
	webhook = make_webhook(&setting, NULL);
	subscribe(&setting, webhook, "a", NULL);
	CHECK_OK(webhooks_patch(setting.webhooks, WORKSPACE_DEFAULT, webhook,
		&draft, &next, &problem));
	CHECK_INT(next->subscription_count, 1);
	webhook_unref(next);
	CHECK_INT(reached(&setting, "a", "{}"), 1);
	CHECK_INT(match_count(setting.match).filters, 1);
	tear_down(&setting);
}

TEST(subscriptions, what_cannot_be_stored_is_not_seen)
{
	struct setting setting;
	struct uuid webhook;
	struct subscription_draft draft;

	fault_install();
	set_up(&setting);
	webhook = make_webhook(&setting, NULL);
	draft = wanting(webhook, "b", NULL);
	draft.id = subscribe(&setting, webhook, "a", NULL);
	fault_arm(FAULT_NO_SPACE, 0, true);
	CHECK_INT(run(&setting, subscriptions_create, &draft, 1), ERR_IO);
	CHECK_INT(run(&setting, subscriptions_patch, &draft, 1), ERR_IO);
	CHECK_INT(run(&setting, subscriptions_delete, &draft, 1), ERR_IO);
	fault_disarm();
	CHECK_INT(reached(&setting, "a", "{}"), 1);
	CHECK_INT(reached(&setting, "b", "{}"), 0);
	CHECK_OK(run(&setting, subscriptions_patch, &draft, 1));
	CHECK_INT(reached(&setting, "b", "{}"), 1);
	tear_down(&setting);
}

/* ---- many, and at the same time ---- */

enum { WEBHOOKS = 40, ROUNDS = 600, READERS = 2, CHANGES = 400 };

static const char *const types[] = {"a", "a.b", "a.*", "b", "*", "c/*"};
static const char *const event_types[] = {"a", "a.b", "a.c", "b", "c/d", "e"};
static const char *const conditions[] = {
	"", "", "n eq 1", "n gt 1", "not (n eq 1)", "n eq 1 or x eq 'y'"};
static const char *const datas[] = {
	"{}", "{\"n\":1}", "{\"n\":2}", "{\"x\":\"y\"}"};

#define DRAW(array) (array)[random_below(COUNT_OF(array))]

/** One subscription more, less, or another one. */
static void
change_one(struct setting *setting, struct uuid webhook)
{
	const struct webhook *found =
		webhooks_find(setting->webhooks, WORKSPACE_DEFAULT, webhook);
	struct subscription_draft draft =
		wanting(webhook, DRAW(types), DRAW(conditions));
	size_t count = found->subscription_count;

	if (count)
		draft.id = found->subscriptions[random_below(count)]->id;
	webhook_unref(found);
	if (count == 0 || (count < SUBSCRIPTIONS && random_below(2)))
		CHECK_OK(run(setting, subscriptions_create, &draft, 1));
	else if (random_below(2))
		CHECK_OK(run(setting, subscriptions_patch, &draft, 1));
	else
		CHECK_OK(run(setting, subscriptions_delete, &draft, 1));
}

/** The index finds what asking each webhook finds. */
static void
check_event(struct setting *setting, const struct uuid *webhooks)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct json_doc doc;
	const char *type = DRAW(event_types);
	const char *data = DRAW(datas);
	struct filter_event event = {.type = str_of(type)};
	size_t expected = 0;

	CHECK_OK(json_read(str_of(data), &arena, &doc, NULL));
	event.new_state = json_root(&doc);
	for (size_t i = 0; i < WEBHOOKS; i++) {
		const struct webhook *one = webhooks_find(
			setting->webhooks, WORKSPACE_DEFAULT, webhooks[i]);

		expected += webhook_wants(one, &event, &arena);
		webhook_unref(one);
	}
	CHECK_INT(reached(setting, type, data), expected);
}

TEST(subscriptions, the_index_finds_what_each_webhook_wants)
{
	struct setting setting;
	struct uuid webhooks[WEBHOOKS];

	random_test_seed(5);
	set_up(&setting);
	for (size_t i = 0; i < WEBHOOKS; i++)
		webhooks[i] = make_webhook(&setting, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		change_one(&setting, DRAW(webhooks));
		check_event(&setting, webhooks);
	}
	subscription_list_release(&setting.change.list);
	close_parts(&setting);
	open_parts(&setting);
	for (int i = 0; i < 50; i++)
		check_event(&setting, webhooks);
	tear_down(&setting);
}

struct race {
	struct setting *setting;
	_Atomic bool is_over;
	_Atomic unsigned failures;
	_Atomic uint64_t matches;
};

static void *
match_on(void *argument)
{
	struct race *race = argument;

	while (!atomic_load(&race->is_over)) {
		if (reached(race->setting, "a", "{\"n\":1}") != 1)
			atomic_fetch_add(&race->failures, 1);
		atomic_fetch_add(&race->matches, 1);
	}
	return NULL;
}

TEST(subscriptions, a_webhook_is_reached_once_while_they_change)
{
	struct setting setting;
	struct race race = {.setting = &setting};
	struct subscription_draft draft;
	pthread_t threads[READERS];
	struct uuid webhook;

	set_up(&setting);
	webhook = make_webhook(&setting, NULL);
	draft = wanting(webhook, "a", "n eq 1");
	draft.id = subscribe(&setting, webhook, "a", "");
	for (int i = 0; i < READERS; i++)
		CHECK_INT(
			pthread_create(&threads[i], NULL, match_on, &race), 0);
	for (int i = 0; i < CHANGES || atomic_load(&race.matches) < 300; i++) {
		draft.type = i % 2 ? STR("a") : STR("*");
		CHECK_OK(run(&setting, subscriptions_patch, &draft, 1));
	}
	atomic_store(&race.is_over, true);
	for (int i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	CHECK_INT(atomic_load(&race.failures), 0);
	tear_down(&setting);
}
