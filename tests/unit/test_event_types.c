#include "pipeline/event_types.h"

#include "base/log.h"
#include "fault_vfs.h"
#include "pipeline_world.h"

static struct event_type_facts
facts(const char *name, const char *schema)
{
	return (struct event_type_facts){
		.name = str_of(name),
		.friendly_name = STR("An order"),
		.service_manager = STR("Shop"),
		.api_group = STR("Orders"),
		.validation = VALIDATION_REFUSE,
		.schema = str_of(schema),
	};
}

static struct event_type_change last;

/** Runs a change and keeps what came of it. */
static enum err
run(struct world *world,
	enum err (*does)(
		struct event_types *types, struct event_type_change *change),
	const struct event_type_facts *facts)
{
	enum err err;

	buf_release(&last.why);
	last = (struct event_type_change){.workspace = WORKSPACE_DEFAULT,
		.who = STR("gk_1"),
		.facts = facts};
	err = does(world->event_types, &last);
	event_type_unref(last.ret);
	return err;
}

static const struct event_type *
find(struct world *world, const char *name)
{
	return event_types_find(
		world->event_types, WORKSPACE_DEFAULT, str_of(name));
}

TEST(event_types, what_ships_is_there_and_cannot_be_changed)
{
	struct world world;
	const struct event_type *type;
	struct event_type_facts other = facts("compute-ops/server", "");

	world_open(&world, 0, 0);
	type = find(&world, "compute-ops-mgmt/server");
	CHECK(type != NULL);
	CHECK_STR(type->facts.friendly_name, STR("Server"));
	CHECK(type->facts.is_resource);
	CHECK(type->facts.schema.len > 0 && type->facts.sample.len > 0);
	event_type_unref(type);
	CHECK(event_types_find_registered(world.event_types, WORKSPACE_DEFAULT,
		      STR("compute-ops/server")) == NULL);
	CHECK_INT(run(&world, event_types_create, &other), ERR_CONFLICT);
	CHECK_INT(run(&world, event_types_patch, &other), ERR_DENIED);
	CHECK_INT(run(&world, event_types_delete, &other), ERR_DENIED);
	buf_release(&last.why);
	world_close(&world);
}

TEST(event_types, what_is_registered_is_found_again_by_the_next_process)
{
	struct world world;
	const struct event_type *type;
	struct event_type_facts order =
		facts("com.example.orders", "{\"type\":\"object\"}");

	world_open(&world, 0, 0);
	order.is_deprecated = true;
	order.sunset = STR("2027-01-01T00:00:00Z");
	order.sample = STR("{\"a\":1}");
	CHECK_OK(run(&world, event_types_create, &order));
	CHECK_INT(run(&world, event_types_create, &order), ERR_CONFLICT);
	CHECK_TEXT(last.field, "name");
	world_reopen(&world);
	type = find(&world, "com.example.orders");
	CHECK(type != NULL);
	CHECK_STR(type->facts.schema, STR("{\"type\":\"object\"}"));
	CHECK_STR(type->facts.sample, STR("{\"a\":1}"));
	CHECK_STR(type->facts.sunset, STR("2027-01-01T00:00:00Z"));
	CHECK_STR(type->facts.api_group, STR("Orders"));
	CHECK(type->facts.is_deprecated);
	CHECK_INT(type->facts.validation, VALIDATION_REFUSE);
	CHECK_INT(type->generation, 1);
	CHECK_STR(type->created_by, STR("gk_1"));
	CHECK_INT(event_type_version(type)->number, 1);
	event_type_unref(type);
	CHECK(event_types_find(world.event_types, WORKSPACE_DEFAULT + 1,
		      order.name) == NULL);
	buf_release(&last.why);
	world_close(&world);
}

TEST(event_types, another_schema_is_another_version)
{
	struct world world;
	const struct event_type *type;
	struct event_type_facts order = facts("o", "{\"type\":\"object\"}");
	char schema[40];

	world_open(&world, 0, 0);
	CHECK_OK(run(&world, event_types_create, &order));
	/* The same by value is the same version. */
	order.schema = STR("{ \"type\" : \"object\" }");
	CHECK_OK(run(&world, event_types_patch, &order));
	for (int i = 0; i < EVENT_TYPE_VERSIONS_MAX + 1; i++) {
		snprintf(schema, sizeof(schema), "{\"minProperties\":%d}", i);
		order.schema = str_of(schema);
		CHECK_OK(run(&world, event_types_patch, &order));
	}
	order.schema = STR("");
	CHECK_OK(run(&world, event_types_patch, &order));
	world_reopen(&world);
	type = find(&world, "o");
	CHECK(event_type_version(type) == NULL);
	CHECK_INT(type->version_count, EVENT_TYPE_VERSIONS_MAX);
	CHECK_INT(type->last_version, EVENT_TYPE_VERSIONS_MAX + 2);
	CHECK(event_type_version_at(type, 2) == NULL);
	CHECK_STR(event_type_version_at(type, 3)->schema,
		STR("{\"minProperties\":1}"));
	event_type_unref(type);
	buf_release(&last.why);
	world_close(&world);
}

TEST(event_types, what_is_wrong_with_schema_or_sample_is_told)
{
	struct world world;
	struct event_type_facts order =
		facts("o", "{\"properties\":{\"a\":{\"type\":\"x\"}}}");

	world_open(&world, 0, 0);
	CHECK_INT(run(&world, event_types_create, &order), ERR_INVALID);
	CHECK_TEXT(last.field, "schema");
	CHECK(str_starts_with(
		buf_str(&last.why), STR("properties/a/type: expected")));
	order.schema = STR("{\"required\":[\"a\"]}");
	order.sample = STR("{\"b\":1}");
	CHECK_INT(run(&world, event_types_create, &order), ERR_INVALID);
	CHECK_TEXT(last.field, "sample");
	CHECK_TEXT(buf_text(&last.why), "sample: the member \"a\" is missing");
	CHECK(find(&world, "o") == NULL);
	buf_release(&last.why);
	world_close(&world);
}

TEST(event_types, a_change_that_cannot_be_stored_is_not_seen)
{
	struct world world;
	struct event_type_facts order = facts("o", "");

	log_set_level(LOG_ERROR + 1);
	fault_install();
	world_open(&world, 0, 0);
	CHECK_OK(run(&world, event_types_create, &order));
	fault_arm(FAULT_NO_SPACE, 0, true);
	CHECK_INT(run(&world, event_types_delete, &order), ERR_IO);
	order.name = STR("p");
	CHECK_INT(run(&world, event_types_create, &order), ERR_IO);
	fault_disarm();
	CHECK(find(&world, "p") == NULL);
	order.name = STR("o");
	CHECK_OK(run(&world, event_types_delete, &order));
	CHECK(find(&world, "o") == NULL);
	CHECK_INT(run(&world, event_types_delete, &order), ERR_NOT_FOUND);
	buf_release(&last.why);
	world_close(&world);
}

TEST(event_types, a_list_has_what_ships_and_the_workspaces_own)
{
	struct world world;
	struct arena arena = {0};
	const struct event_type **list;
	struct event_type_facts order = facts("a.first", "");
	size_t count, before;

	world_open(&world, 0, 0);
	list = event_types_list(
		world.event_types, WORKSPACE_DEFAULT, &arena, &before);
	for (size_t i = 0; i < before; i++)
		event_type_unref(list[i]);
	CHECK_OK(run(&world, event_types_create, &order));
	list = event_types_list(
		world.event_types, WORKSPACE_DEFAULT, &arena, &count);
	CHECK_INT(count, before + 1);
	CHECK_STR(list[0]->facts.name, STR("a.first"));
	for (size_t i = 0; i < count; i++)
		event_type_unref(list[i]);
	list = event_types_list(
		world.event_types, WORKSPACE_DEFAULT + 1, &arena, &count);
	CHECK_INT(count, before);
	for (size_t i = 0; i < count; i++)
		event_type_unref(list[i]);
	arena_release(&arena);
	buf_release(&last.why);
	world_close(&world);
}
