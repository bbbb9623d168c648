#include "pipeline/match.h"

#include <pthread.h>

#include "base/random.h"
#include "pipeline_world.h"

enum { WEBHOOKS = 200, ROUNDS = 2000 };

static const char *const filters[] = {
	"type eq 'compute-ops/server'",
	"type eq 'compute-ops-mgmt/server' and operation eq 'Created'",
	"type in ('compute-ops/server', 'compute-ops/alert')",
	"type eq 'a' or type eq 'b' or type eq 'a'",
	"operation eq 'Deleted'",
	"new/n gt 5",
	"not type eq 'b'",
	"type eq 'b' and new/n le 5",
};

static const char *const types[] = {
	"compute-ops/server", "compute-ops/alert", "a", "b", "c", ""};

static const char *const bodies[] = {"{\"n\":3}", "{\"n\":8}", "{}"};

struct setting {
	struct match *match;
	const struct webhook *webhooks[WEBHOOKS]; /* NULL: taken out */
	struct arena arena;
	struct json_doc docs[COUNT_OF(bodies)];
};

static void
set_up(struct setting *setting)
{
	*setting = (struct setting){.match = match_new()};
	for (size_t i = 0; i < COUNT_OF(bodies); i++)
		CHECK_OK(json_read(str_of(bodies[i]), &setting->arena,
			&setting->docs[i], NULL));
}

static void
tear_down(struct setting *setting)
{
	for (size_t i = 0; i < WEBHOOKS; i++)
		webhook_unref(setting->webhooks[i]);
	match_free(setting->match);
	arena_release(&setting->arena);
}

static void
change_one(struct setting *setting)
{
	uint64_t at = random_below(WEBHOOKS);

	webhook_unref(setting->webhooks[at]);
	setting->webhooks[at] = NULL;
	if (random_below(4) == 0) {
		match_remove(setting->match, at + 1);
		return;
	}
	setting->webhooks[at] =
		world_webhook(at + 1, filters[random_below(COUNT_OF(filters))]);
	match_set(setting->match, setting->webhooks[at]);
}

static struct filter_event
draw_event(const struct setting *setting)
{
	return (struct filter_event){
		.type = str_of(types[random_below(COUNT_OF(types))]),
		.operation = random_below(2) ? STR("Created") : STR("Deleted"),
		.new_state = json_root(
			&setting->docs[random_below(COUNT_OF(bodies))]),
	};
}

/** As many as a plain loop finds, each of them, once. */
static void
check_event(struct setting *setting, const struct filter_event *event)
{
	bool is_found[WEBHOOKS] = {false};
	struct arena arena = {0};
	struct match_list list;
	size_t expected = 0;

	match_event(setting->match, WORKSPACE_DEFAULT, event, &arena, &list);
	for (size_t i = 0; i < list.count; i++) {
		uint64_t at = list.webhooks[i]->number - 1;

		CHECK(list.webhooks[i] == setting->webhooks[at]);
		CHECK(!is_found[at]);
		is_found[at] = true;
		webhook_unref(list.webhooks[i]);
	}
	for (size_t i = 0; i < WEBHOOKS; i++) {
		bool is_true = setting->webhooks[i] &&
			       filter_matches(setting->webhooks[i]->filter,
				       event, &arena);

		CHECK_INT(is_found[i], is_true);
		expected += is_true;
	}
	CHECK_INT(list.count, expected);
	match_event(
		setting->match, WORKSPACE_DEFAULT + 1, event, &arena, &list);
	CHECK_INT(list.count, 0);
	arena_release(&arena);
}

TEST(match, the_index_finds_what_a_plain_loop_finds)
{
	struct setting setting;

	random_test_seed(11);
	set_up(&setting);
	for (int i = 0; i < ROUNDS; i++) {
		struct filter_event event = draw_event(&setting);

		change_one(&setting);
		check_event(&setting, &event);
	}
	tear_down(&setting);
}

TEST(match, what_is_looked_at_stays_until_it_is_left)
{
	struct match *match = match_new();
	const struct webhook *webhook = world_webhook(1, filters[0]);
	struct filter_event event = {.type = STR("compute-ops/server")};
	struct arena arena = {0};
	struct match_list list;

	match_set(match, webhook);
	match_look(match, WORKSPACE_DEFAULT, &event, &arena, &list);
	match_remove(match, 1);
	CHECK_INT(list.count, 1);
	CHECK_INT(atomic_load(&webhook->refs), 2);
	match_leave(&list);
	/* The next change lets go of what is in nobody's hands. */
	match_set(match, webhook);
	match_remove(match, 1);
	match_look(match, WORKSPACE_DEFAULT, &event, &arena, &list);
	CHECK_INT(list.count, 0);
	match_leave(&list);
	match_leave(&(struct match_list){0});
	match_free(match);
	CHECK_INT(atomic_load(&webhook->refs), 1);
	webhook_unref(webhook);
	arena_release(&arena);
}

struct matcher {
	struct setting *setting;
	pthread_t thread;
	atomic_bool *is_over;
	atomic_size_t found;
};

static void *
match_on(void *context)
{
	struct matcher *matcher = context;
	struct setting *setting = matcher->setting;

	for (size_t i = 0; !atomic_load(matcher->is_over); i++) {
		struct filter_event event = {
			.type = str_of(types[i % COUNT_OF(types)]),
			.operation = STR("Created"),
			.new_state =
				json_root(&setting->docs[i % COUNT_OF(bodies)]),
		};
		struct arena arena = {0};
		struct match_list list;

		match_look(setting->match, WORKSPACE_DEFAULT, &event, &arena,
			&list);
		for (size_t j = 0; j < list.count; j++)
			CHECK(filter_matches(
				list.webhooks[j]->filter, &event, &arena));
		match_leave(&list);
		atomic_fetch_add(&matcher->found, list.count);
		arena_release(&arena);
	}
	return NULL;
}

static bool
have_all_found(struct matcher *matchers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (atomic_load(&matchers[i].found) == 0)
			return false;
	}
	return true;
}

TEST(match, changes_and_matching_go_on_side_by_side)
{
	struct setting setting;
	struct matcher matchers[3];
	atomic_bool is_over = false;

	random_test_seed(12);
	set_up(&setting);
	for (size_t i = 0; i < COUNT_OF(matchers); i++) {
		matchers[i] = (struct matcher){
			.setting = &setting, .is_over = &is_over};
		CHECK_INT(pthread_create(&matchers[i].thread, NULL, match_on,
				  &matchers[i]),
			0);
	}
	for (int i = 0;
		i < ROUNDS || !have_all_found(matchers, COUNT_OF(matchers));
		i++)
		change_one(&setting);
	atomic_store(&is_over, true);
	for (size_t i = 0; i < COUNT_OF(matchers); i++)
		pthread_join(matchers[i].thread, NULL);
	tear_down(&setting);
}
