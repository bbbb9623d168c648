#include "pipeline/states.h"

#include <sched.h>

#include "fault_vfs.h"
#include "pipeline_world.h"

#define TYPE STR("compute-ops/server")

struct setting {
	struct store *store;
	struct states *states;
	struct arena arena;
};

static struct setting
set_up(size_t memory_max)
{
	struct setting setting = {0};

	setting.store = test_store_open(check_temp_dir());
	setting.states = states_new(setting.store, memory_max);
	return setting;
}

static void
tear_down(struct setting *setting)
{
	states_free(setting->states);
	store_close(setting->store);
	arena_release(&setting->arena);
}

/** Stores an event of resource "a" that leaves it with this body. */
static void
store_state(struct setting *setting, uint64_t sequence, uint64_t expected,
	enum event_form form, const char *body, bool is_deleted)
{
	struct event_row event = test_event(sequence, &setting->arena);
	struct resource_row resource = test_resource("a", sequence);

	event.form = form;
	event.body = str_of(body);
	resource.is_deleted = is_deleted;
	TEST_COMMIT(setting->store, SET_RESOURCE(&resource, expected),
		ADD_EVENT(&event));
}

static void
hold_of(struct setting *setting, uint32_t workspace, struct str type,
	struct str id, struct states_hold *ret)
{
	struct states_place place =
		states_place(workspace, type, id, &setting->arena);

	CHECK_OK(states_hold(setting->states, &place, ret));
}

static struct states_hold
hold_it(struct setting *setting)
{
	struct states_hold hold;

	hold_of(setting, WORKSPACE_DEFAULT, TYPE, STR("a"), &hold);
	return hold;
}

/** Puts a state ahead of the disk; the entry is to be settled. */
static struct states_entry *
set_ahead(struct setting *setting, uint64_t sequence, const char *body)
{
	struct states_hold hold = hold_it(setting);
	struct states_entry *entry = states_expect(&hold);
	struct json_doc doc;
	struct state *state;

	CHECK_OK(json_read(str_of(body), &setting->arena, &doc, NULL));
	state = states_copy(&hold, str_of(body), json_root(&doc));
	states_set(&hold, sequence, state, true);
	state_unref(state);
	states_let_go(&hold);
	return entry;
}

TEST(states, what_nobody_heard_of_is_nothing)
{
	struct setting setting = set_up(0);
	struct states_hold hold = hold_it(&setting);

	CHECK_INT(hold.last, 0);
	CHECK(hold.state == NULL && !hold.is_deleted && hold.is_on_disk);
	states_let_go(&hold);
	tear_down(&setting);
}

TEST(states, a_stored_state_is_read_byte_for_byte)
{
	struct setting setting = set_up(0);
	struct states_hold hold;

	store_state(&setting, 1, 0, EVENT_STATE, " {\"n\": 1}\n", false);
	hold = hold_it(&setting);
	CHECK_INT(hold.last, 1);
	CHECK(hold.is_plain);
	CHECK_STR(hold.state->doc.text, STR(" {\"n\": 1}\n"));
	states_let_go(&hold);
	tear_down(&setting);
}

TEST(states, a_state_is_read_out_of_a_change)
{
	struct setting setting = set_up(0);
	struct states_hold hold;

	store_state(&setting, 1, 0, EVENT_CHANGE,
		"{\"old\":null, \"new\": {\"n\": 1} }", false);
	hold = hold_it(&setting);
	CHECK(!hold.is_plain);
	CHECK_STR(hold.state->doc.text, STR("{\"n\": 1}"));
	CHECK_STR(json_raw(json_member(state_json(hold.state), STR("n"))),
		STR("1"));
	states_let_go(&hold);
	tear_down(&setting);
}

TEST(states, a_deleted_resource_is_known_but_has_no_state)
{
	struct setting setting = set_up(0);
	struct states_hold hold;

	store_state(&setting, 1, 0, EVENT_STATE, "", true);
	hold = hold_it(&setting);
	CHECK_INT(hold.last, 1);
	CHECK(hold.is_deleted && hold.state == NULL);
	states_let_go(&hold);
	tear_down(&setting);
}

TEST(states, the_cache_is_ahead_of_the_disk_until_it_is_settled)
{
	struct setting setting = set_up(0);
	struct states_entry *entry = set_ahead(&setting, 7, "{\"n\":7}");
	struct states_hold hold = hold_it(&setting);

	CHECK_INT(hold.last, 7);
	CHECK(!hold.is_on_disk);
	states_let_go(&hold);
	states_settled(setting.states, entry, true);
	hold = hold_it(&setting);
	CHECK_INT(hold.last, 7);
	CHECK(hold.is_on_disk);
	states_let_go(&hold);
	tear_down(&setting);
}

TEST(states, a_block_is_used_again_once_nobody_holds_its_state)
{
	static const char *const bodies[] = {"{\"n\":1}", "{\"n\":2}",
		"{\"n\":3}", "{\"n\":4}", "{\"n\":50}"};
	struct setting setting = set_up(0);
	struct state *held = NULL;

	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		struct states_entry *entry =
			set_ahead(&setting, i + 1, bodies[i]);
		struct states_hold hold = hold_it(&setting);

		CHECK_STR(hold.state->doc.text, str_of(bodies[i]));
		if (i == 1)
			held = state_ref(hold.state);
		CHECK(held == NULL || i == 1 || hold.state != held);
		states_let_go(&hold);
		states_settled(setting.states, entry, true);
	}
	CHECK_STR(held->doc.text, str_of(bodies[1]));
	state_unref(held);
	tear_down(&setting);
}

TEST(states, after_a_failed_event_the_store_is_asked)
{
	struct setting setting = set_up(0);
	struct states_entry *first, *second;
	struct states_hold hold;

	store_state(&setting, 1, 0, EVENT_STATE, "{\"n\":1}", false);
	first = set_ahead(&setting, 7, "{\"n\":7}");
	second = set_ahead(&setting, 8, "{\"n\":8}");
	states_settled(setting.states, first, false);
	hold = hold_it(&setting);
	CHECK_INT(hold.last, 1);
	CHECK(!hold.is_on_disk);
	states_let_go(&hold);
	/* The other one went through after all, seen by the next look. */
	store_state(&setting, 8, 1, EVENT_STATE, "{\"n\":8}", false);
	states_settled(setting.states, second, true);
	hold = hold_it(&setting);
	CHECK_INT(hold.last, 8);
	CHECK(hold.is_on_disk);
	CHECK_STR(hold.state->doc.text, STR("{\"n\":8}"));
	states_let_go(&hold);
	tear_down(&setting);
}

TEST(states, a_tiny_cache_drops_what_is_settled_and_nothing_else)
{
	struct setting setting = set_up(1);
	struct states_entry *entry = set_ahead(&setting, 7, "{\"n\":7}");
	struct states_hold hold;

	for (int i = 0; i < 500; i++) {
		hold_of(&setting, WORKSPACE_DEFAULT, TYPE,
			arena_printf(&setting.arena, "x%d", i), &hold);
		states_let_go(&hold);
	}
	hold = hold_it(&setting);
	CHECK_INT(hold.last, 7);
	states_let_go(&hold);
	states_settled(setting.states, entry, true);
	for (int i = 0; i < 500; i++) {
		hold_of(&setting, WORKSPACE_DEFAULT, TYPE,
			arena_printf(&setting.arena, "y%d", i), &hold);
		states_let_go(&hold);
	}
	hold = hold_it(&setting);
	CHECK_INT(hold.last, 0); /* the store never had it */
	states_let_go(&hold);
	tear_down(&setting);
}

TEST(states, types_and_ids_do_not_run_into_each_other)
{
	struct setting setting = set_up(0);
	struct states_entry *entry = set_ahead(&setting, 7, "{\"n\":7}");
	struct states_hold hold;

	hold_of(&setting, WORKSPACE_DEFAULT, STR("compute-ops/serve"),
		STR("ra"), &hold);
	CHECK_INT(hold.last, 0);
	states_let_go(&hold);
	hold_of(&setting, WORKSPACE_DEFAULT + 1, TYPE, STR("a"), &hold);
	CHECK_INT(hold.last, 0);
	states_let_go(&hold);
	states_settled(setting.states, entry, true);
	tear_down(&setting);
}

TEST(states, asking_ahead_changes_nothing_and_waits_for_nobody)
{
	struct setting setting = set_up(0);
	struct states_entry *entry = set_ahead(&setting, 7, "{\"n\":7}");
	struct states_place known =
		states_place(WORKSPACE_DEFAULT, TYPE, STR("a"), &setting.arena);
	struct states_place unknown =
		states_place(WORKSPACE_DEFAULT, TYPE, STR("b"), &setting.arena);
	struct states_hold hold;

	for (int step = 0; step < STATES_STEPS; step++) {
		states_fetch(setting.states, &known, (enum states_step)step);
		states_fetch(setting.states, &unknown, (enum states_step)step);
	}
	hold = hold_it(&setting);
	CHECK_INT(hold.last, 7);
	for (int step = 0; step < STATES_STEPS; step++)
		states_fetch(setting.states, &known, (enum states_step)step);
	states_let_go(&hold);
	states_settled(setting.states, entry, true);
	tear_down(&setting);
}
