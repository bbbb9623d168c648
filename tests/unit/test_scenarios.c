#include "flow/scenarios.h"

#include "base/random.h"
#include "pipeline_world.h"

/* The scenarios there are, on a real store and its writer. */

static struct world world;
static struct scenarios *scenarios;
static struct arena arena;
static struct buf told;
static struct scenario_problem problem;

static void
changed(void *context, const struct scenario *former,
	const struct scenario *scenario)
{
	(void)context;
	buf_printf(&told, "%.*s>%.*s ",
		STR_ARG(former ? former->name : STR("")),
		STR_ARG(scenario ? scenario->name : STR("")));
}

static void
open_scenarios(void)
{
	struct scenarios_options options = {.store = world.store,
		.writer = world.writer,
		.scenarios_max = 3,
		.changed = changed};
	struct buf why = {0};

	CHECK_OK(scenarios_open(&options, &scenarios, &why));
}

static void
begin(void)
{
	world_open(&world, 0, 0);
	open_scenarios();
}

static void
end(void)
{
	scenarios_close(scenarios);
	world_close(&world);
	buf_release(&told);
	buf_release(&problem.why);
	arena_release(&arena);
}

#define RESPOND(body_) \
	"{\"name\":\"tell\",\"flow\":[{\"id\":1,\"module\":" \
	"\"gateway:CustomWebHook\"},{\"id\":2,\"module\":" \
	"\"gateway:WebhookRespond\",\"mapper\":{\"status\":\"200\"," \
	"\"body\":\"" body_ "\"}}]}"
#define BROKEN \
	"{\"name\":\"broken\",\"flow\":[{\"id\":1,\"module\":" \
	"\"nobody:Knows\"},{\"id\":2,\"module\":" \
	"\"gateway:WebhookRespond\",\"mapper\":{\"status\":\"200\"," \
	"\"body\":\"{{foo(}}\"}}]}"

static struct scenario_draft
draft_of(const char *blueprint)
{
	return (struct scenario_draft){
		.has_blueprint = true, .blueprint = str_of(blueprint)};
}

static const struct scenario *
create(const struct scenario_draft *draft)
{
	const struct scenario *ret;

	if (scenarios_create(scenarios, 1, draft, &arena, &ret, &problem))
		check_failed(__FILE__, __LINE__, "%s", buf_text(&problem.why));
	return ret;
}

static enum err
change(const struct scenario *scenario, uint64_t revision,
	const struct scenario_draft *draft, const struct scenario **ret)
{
	struct scenario_change what = {.workspace = 1,
		.id = scenario->id,
		.revision = revision,
		.draft = draft};

	buf_clear(&problem.why);
	problem.field = NULL;
	problem.problems = NULL;
	return scenarios_change(scenarios, &what, &arena, ret, &problem);
}

TEST(scenarios, created_one_is_found_by_its_workspace_alone)
{
	struct scenario_draft draft = draft_of(RESPOND("a"));
	const struct scenario *made, *found;

	begin();
	made = create(&draft);
	CHECK_STR(made->name, STR("tell"));
	CHECK_INT(made->revision, 1);
	CHECK(!made->is_enabled);
	found = scenarios_get(scenarios, 1, made->id);
	CHECK(found == made);
	CHECK(!scenarios_get(scenarios, 2, made->id));
	CHECK_TEXT(buf_text(&told), ">tell ");
	scenario_unref(found);
	scenario_unref(made);
	end();
}

TEST(scenarios, change_of_an_old_revision_conflicts)
{
	struct scenario_draft draft = draft_of(RESPOND("a"));
	struct scenario_draft rename = {.has_name = true, .name = STR("new")};
	const struct scenario *made, *next, *other;

	begin();
	made = create(&draft);
	CHECK_OK(change(made, 1, &rename, &next));
	CHECK_INT(next->revision, 2);
	CHECK_STR(next->name, STR("new"));
	/* Who has the former one keeps it as it was. */
	CHECK_STR(made->name, STR("tell"));
	CHECK_INT(change(made, 1, &rename, &other), ERR_CONFLICT);
	rename.name = STR("newer");
	CHECK_OK(change(made, 0, &rename, &other));
	CHECK_TEXT(buf_text(&told), ">tell tell>new new>newer ");
	scenario_unref(other);
	scenario_unref(next);
	scenario_unref(made);
	end();
}

TEST(scenarios, change_that_changes_nothing_makes_no_revision)
{
	struct scenario_draft draft = draft_of(RESPOND("a"));
	struct scenario_draft nothing = {0};
	const struct scenario *made, *next;

	begin();
	draft.has_schedule = draft.has_zone = true;
	draft.schedule = STR("{\"type\":\"indefinitely\",\"interval\":900}");
	draft.zone = STR("Europe/Prague");
	made = create(&draft);
	CHECK_OK(change(made, 1, &draft, &next));
	CHECK(next == made);
	scenario_unref(next);
	CHECK_OK(change(made, 0, &nothing, &next));
	CHECK(next == made);
	scenario_unref(next);
	CHECK_TEXT(buf_text(&told), ">tell ");
	/* Of an old revision it is refused all the same. */
	CHECK_INT(change(made, 2, &draft, &next), ERR_CONFLICT);
	draft.zone = STR("Europe/Vienna");
	CHECK_OK(change(made, 1, &draft, &next));
	CHECK_INT(next->revision, 2);
	scenario_unref(next);
	scenario_unref(made);
	end();
}

TEST(scenarios, broken_blueprint_is_kept_but_not_enabled)
{
	struct scenario_draft draft = draft_of(BROKEN);
	struct scenario_draft enable = {
		.has_enabled = true, .is_enabled = true};
	struct scenario_draft mend = draft_of(RESPOND("b"));
	const struct scenario *made, *next;

	begin();
	made = create(&draft);
	CHECK(problem.problems != NULL);
	CHECK(!made->blueprint->is_runnable);
	CHECK_INT(change(made, 0, &enable, &next), ERR_INVALID);
	CHECK_TEXT(problem.field, "isEnabled");
	mend.has_enabled = mend.is_enabled = true;
	CHECK_OK(change(made, 0, &mend, &next));
	CHECK(next->is_enabled);
	scenario_unref(next);
	/* Once it runs it cannot be broken. */
	CHECK_INT(change(made, 0, &draft, &next), ERR_INVALID);
	scenario_unref(made);
	end();
}

TEST(scenarios, what_is_wrong_is_named)
{
	struct scenario_draft draft = draft_of("{\"name\":\"x\"}");
	const struct scenario *made;

	begin();
	CHECK_INT(
		scenarios_create(scenarios, 1, &draft, &arena, &made, &problem),
		ERR_INVALID);
	CHECK_TEXT(problem.field, "blueprint");
	CHECK(problem.problems != NULL);
	draft = draft_of(RESPOND("a"));
	draft.has_zone = true;
	draft.zone = STR("Moon/Sea");
	CHECK_INT(
		scenarios_create(scenarios, 1, &draft, &arena, &made, &problem),
		ERR_INVALID);
	CHECK_TEXT(problem.field, "zone");
	draft.has_zone = false;
	draft.has_schedule = true;
	draft.schedule = STR("{\"type\":\"never\"}");
	CHECK_INT(
		scenarios_create(scenarios, 1, &draft, &arena, &made, &problem),
		ERR_INVALID);
	CHECK_TEXT(problem.field, "scheduling");
	end();
}

TEST(scenarios, old_versions_can_be_had)
{
	struct scenario_draft draft = draft_of(RESPOND("first"));
	struct scenario_draft second = draft_of(RESPOND("second"));
	const struct scenario *made, *next, *old;

	begin();
	made = create(&draft);
	CHECK_OK(change(made, 0, &second, &next));
	old = scenarios_get_revision(scenarios, 1, made->id, 1);
	CHECK(old != NULL);
	CHECK_INT(old->revision, 1);
	CHECK_STR(old->blueprint->source, str_of(RESPOND("first")));
	CHECK(!scenarios_get_revision(scenarios, 1, made->id, 3));
	scenario_unref(old);
	scenario_unref(next);
	CHECK_OK(scenarios_remove(scenarios, 1, made->id));
	CHECK(!scenarios_get(scenarios, 1, made->id));
	CHECK(!scenarios_get_revision(scenarios, 1, made->id, 1));
	CHECK_INT(scenarios_remove(scenarios, 1, made->id), ERR_NOT_FOUND);
	scenario_unref(made);
	end();
}

TEST(scenarios, all_is_as_it_was_after_a_start)
{
	struct scenario_draft draft = draft_of(RESPOND("a"));
	struct scenario_draft broken = draft_of(BROKEN);
	const struct scenario *made, *other, *found;
	struct scenario_list list;

	begin();
	draft.has_enabled = draft.is_enabled = true;
	draft.has_zone = draft.has_schedule = true;
	draft.zone = STR("Europe/Prague");
	draft.schedule = STR("{\"type\":\"daily\",\"time\":\"09:00\"}");
	made = create(&draft);
	other = create(&broken);
	scenarios_close(scenarios);
	world_reopen(&world);
	open_scenarios();
	found = scenarios_get(scenarios, 1, made->id);
	CHECK(found && found->is_enabled && found->blueprint->is_runnable);
	CHECK_STR(found->zone_name, STR("Europe/Prague"));
	CHECK_STR(found->schedule_text, draft.schedule);
	CHECK_INT(found->schedule.type, SCHEDULE_DAYS);
	CHECK_INT(found->created, made->created);
	scenarios_list(scenarios, 1, &arena, &list);
	CHECK_INT(list.count, 2);
	CHECK_STR(list.items[0]->name, STR("broken"));
	for (size_t i = 0; i < list.count; i++)
		scenario_unref(list.items[i]);
	scenario_unref(found);
	scenario_unref(other);
	scenario_unref(made);
	end();
}

TEST(scenarios, schedule_survives_a_change_of_something_else)
{
	struct scenario_draft draft = draft_of(RESPOND("a"));
	struct scenario_draft rename = {.has_name = true, .name = STR("new")};
	const struct scenario *made, *next;

	begin();
	draft.has_schedule = true;
	draft.schedule = STR("{\"type\":\"on-demand\"}");
	made = create(&draft);
	CHECK_OK(change(made, 0, &rename, &next));
	scenario_unref(next);
	scenarios_close(scenarios);
	world_reopen(&world);
	open_scenarios();
	next = scenarios_get(scenarios, 1, made->id);
	CHECK_INT(next->schedule.type, SCHEDULE_ON_DEMAND);
	scenario_unref(next);
	scenario_unref(made);
	end();
}

TEST(scenarios, workspace_has_so_many_and_no_more)
{
	struct scenario_draft draft = draft_of(RESPOND("a"));
	const struct scenario *made;

	begin();
	for (int i = 0; i < 3; i++)
		scenario_unref(create(&draft));
	CHECK_INT(
		scenarios_create(scenarios, 1, &draft, &arena, &made, &problem),
		ERR_LIMIT);
	CHECK_OK(scenarios_create(
		scenarios, 2, &draft, &arena, &made, &problem));
	scenario_unref(made);
	end();
}

/* ---- those that the hub has switched off ---- */

/** By a walk over all. */
static size_t
walk_switched_off(void)
{
	struct scenario_list list;
	size_t count = 0;

	scenarios_list(scenarios, 0, &arena, &list);
	for (size_t i = 0; i < list.count; i++) {
		count += !list.items[i]->is_enabled &&
			 list.items[i]->status_reason.len > 0;
		scenario_unref(list.items[i]);
	}
	return count;
}

static void
check_switched_off(size_t expected)
{
	CHECK_INT(scenarios_switched_off(scenarios), expected);
	CHECK_INT(walk_switched_off(), expected);
}

static void
change_to(const struct scenario *scenario, struct scenario_draft draft)
{
	const struct scenario *next;

	CHECK_OK(change(scenario, 0, &draft, &next));
	scenario_unref(next);
}

/* What may become of one. The hub alone gives a reason. */
static const struct scenario_draft become[] = {
	{.has_enabled = true, .is_enabled = true},
	{.has_enabled = true},
	{.has_enabled = true, .reason = STR_INIT("10 in a row failed")},
	{.has_name = true, .name = STR_INIT("other")},
	{.has_name = true, .name = STR_INIT("another")},
};
enum { TURN_ON, TURN_OFF, SWITCH_OFF, RENAME };

static void
reopen(void)
{
	scenarios_close(scenarios);
	world_reopen(&world);
	open_scenarios();
}

TEST(scenarios, those_that_the_hub_switched_off_are_counted)
{
	struct scenario_draft draft = draft_of(RESPOND("a"));
	const struct scenario *one, *other, *none;

	begin();
	one = create(&draft);
	other = create(&draft);
	check_switched_off(0);
	change_to(one, become[TURN_ON]);
	change_to(one, become[SWITCH_OFF]);
	check_switched_off(1);
	change_to(one, become[RENAME]);
	change_to(one, become[SWITCH_OFF]);
	check_switched_off(1);
	/* A person does not count; nor does what is refused. */
	change_to(other, become[TURN_OFF]);
	check_switched_off(1);
	CHECK_INT(change(one, 1, &become[TURN_ON], &none), ERR_CONFLICT);
	check_switched_off(1);
	change_to(other, become[SWITCH_OFF]);
	check_switched_off(2);
	reopen();
	check_switched_off(2);
	change_to(one, become[TURN_ON]);
	check_switched_off(1);
	CHECK_OK(scenarios_remove(scenarios, 1, other->id));
	check_switched_off(0);
	CHECK_OK(scenarios_remove(scenarios, 1, one->id));
	check_switched_off(0);
	scenario_unref(one);
	scenario_unref(other);
	end();
}

TEST(scenarios, whatever_happens_the_count_is_what_a_walk_finds)
{
	struct scenario_draft draft = draft_of(RESPOND("a"));
	const struct scenario *kept[3] = {NULL};

	begin();
	random_test_seed(29);
	for (int step = 0; step < 300; step++) {
		const struct scenario **one = &kept[random_below(3)];

		if (*one == NULL) {
			*one = create(&draft);
		} else if (random_below(10) == 0) {
			CHECK_OK(scenarios_remove(scenarios, 1, (*one)->id));
			scenario_unref(*one);
			*one = NULL;
		} else {
			change_to(*one, become[random_below(COUNT_OF(become))]);
		}
		if (step % 50 == 0)
			reopen();
		check_switched_off(walk_switched_off());
	}
	for (size_t i = 0; i < COUNT_OF(kept); i++)
		scenario_unref(kept[i]);
	end();
}
