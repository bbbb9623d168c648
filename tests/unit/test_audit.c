#include "pipeline/audit.h"

#include "base/json.h"
#include "pipeline_world.h"
#include "store/explain.h"

static const struct audit_entry renamed = {.category = "webhooks",
	.action = "updated",
	.type = "webhook",
	.id = {"w1", 2},
	.name = {"Orders", 6},
	.before = {"{\"name\":\"A\",\"gone\":1,\"same\":2}", 30},
	.after = {"{\"name\":\"B\",\"same\":2,\"more\":3}", 30},
	.secrets = {"secret", NULL}};

static struct audit_actor
usual(struct world *world)
{
	return (struct audit_actor){.ingest = world->ingest,
		.workspace = WORKSPACE_DEFAULT,
		.key_id = STR("gk_1"),
		.key_name = STR("jane"),
		.role = "admin",
		.address = STR("192.0.2.7")};
}

static struct event_page
look(struct world *world, struct audit_query query, struct arena *arena)
{
	struct event_page page;

	query.workspace = WORKSPACE_DEFAULT;
	query.type = STR(AUDIT_TYPE);
	query.source = STR(AUDIT_SOURCE);
	query.limit = query.limit ? query.limit : 10;
	CHECK_OK(store_audit_page(world->store, &query, arena, &page));
	return page;
}

static struct str
at(struct json data, const char *outer, const char *inner, struct arena *arena)
{
	struct json value = json_member(data, str_of(outer));

	if (inner)
		value = json_member(value, str_of(inner));
	return json_kind(value) == JSON_STRING ? json_string(value, arena)
					       : json_raw(value);
}

TEST(audit, an_entry_says_who_did_what_and_what_was_before)
{
	struct world world;
	struct arena arena = {0};
	struct audit_actor actor;
	struct event_page page;
	struct json_doc doc;
	struct json data;

	world_open(&world, 0, 0);
	actor = usual(&world);
	audit_act_as(&actor);
	CHECK_OK(audit_commit(world.writer, NULL, 0, &renamed, 1));
	audit_act_as(NULL);
	page = look(&world, (struct audit_query){0}, &arena);
	CHECK_INT(page.count, 1);
	CHECK_OK(json_read(page.rows[0].body, &arena, &doc, NULL));
	data = json_root(&doc);
	CHECK_STR(at(data, "id", NULL, &arena), page.rows[0].id);
	CHECK_STR(at(data, "user", "username", &arena), STR("jane"));
	CHECK_STR(at(data, "user", "id", &arena), STR("gk_1"));
	CHECK_STR(at(data, "category", NULL, &arena), STR("webhooks"));
	CHECK_STR(at(data, "description", NULL, &arena),
		STR("webhook Orders was updated by jane"));
	CHECK_STR(at(data, "additional_info", "ip_address", &arena),
		STR("192.0.2.7"));
	CHECK_STR(at(data, "audit_details", "before", &arena), renamed.before);
	CHECK_STR(at(data, "audit_details", "changed", &arena),
		STR("[\"name\",\"more\",\"gone\",\"secret\"]"));
	arena_release(&arena);
	world_close(&world);
}

TEST(audit, without_anybody_acting_there_is_none)
{
	struct world world;
	struct arena arena = {0};
	struct audit_actor nowhere = {.ingest = NULL};

	world_open(&world, 0, 0);
	CHECK_OK(audit_commit(world.writer, NULL, 0, &renamed, 1));
	audit_act_as(&nowhere);
	audit_tell(&renamed);
	audit_act_as(NULL);
	CHECK_INT(look(&world, (struct audit_query){0}, &arena).count, 0);
	arena_release(&arena);
	world_close(&world);
}

TEST(audit, with_a_change_that_conflicts_there_is_none)
{
	struct world world;
	struct arena arena = {0};
	struct key_row key = {.id = STR("k"), .workspace = WORKSPACE_DEFAULT};
	const struct store_change change = {.kind = STORE_KEY_ADD, .key = &key};
	struct audit_actor actor;

	world_open(&world, 0, 0);
	actor = usual(&world);
	audit_act_as(&actor);
	CHECK_OK(audit_commit(world.writer, &change, 1, &renamed, 1));
	CHECK_INT(audit_commit(world.writer, &change, 1, &renamed, 1),
		ERR_CONFLICT);
	audit_act_as(NULL);
	CHECK_INT(look(&world, (struct audit_query){0}, &arena).count, 1);
	arena_release(&arena);
	world_close(&world);
}

TEST(audit, what_is_too_long_is_left_out_and_named)
{
	struct world world;
	struct arena arena = {0};
	struct audit_entry entry = renamed;
	struct audit_actor actor;
	struct event_page page;
	char text[AUDIT_STATE_MAX + 2];

	memset(text, ' ', sizeof(text));
	text[0] = '{';
	text[sizeof(text) - 1] = '}';
	entry.after = str_make(text, sizeof(text));
	world_open(&world, 0, 0);
	actor = usual(&world);
	audit_act_as(&actor);
	CHECK_OK(audit_commit(world.writer, NULL, 0, &entry, 1));
	audit_act_as(NULL);
	page = look(&world, (struct audit_query){0}, &arena);
	CHECK(page.rows[0].body.len < 2000);
	CHECK(str_ends_with(page.rows[0].body,
		STR("\"after\":null,\"leftOff\":[\"after\"]}}")));
	arena_release(&arena);
	world_close(&world);
}

TEST(audit, the_log_is_asked_by_category_and_by_who)
{
	struct world world;
	struct arena arena = {0};
	struct audit_entry other = renamed;
	struct audit_actor actor;
	struct event_page page;
	struct published published;

	world_open(&world, 0, 0);
	other.category = "keys";
	actor = usual(&world);
	audit_act_as(&actor);
	CHECK_OK(audit_commit(world.writer, NULL, 0, &renamed, 1));
	actor.key_id = STR("gk_2");
	actor.key_name = STR("");
	CHECK_OK(audit_commit(world.writer, NULL, 0, &other, 1));
	audit_act_as(NULL);
	/* What others publish under the type's name is not of the log, and
	   need not be JSON. */
	world_event(&world, &published,
		"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/x\","
		"\"type\":\"" AUDIT_TYPE "\",\"data_base64\":\"/////w==\"}");
	world_await(&published);
	CHECK_INT(published.outcome, PUBLISH_ACCEPTED);
	CHECK_INT(look(&world, (struct audit_query){0}, &arena).count, 2);
	page = look(
		&world, (struct audit_query){.category = STR("keys")}, &arena);
	CHECK_INT(page.count, 1);
	CHECK_STR(page.rows[0].publisher, STR("gk_2"));
	CHECK_INT(look(&world, (struct audit_query){.who = STR("jane")}, &arena)
			  .count,
		1);
	CHECK_INT(look(&world, (struct audit_query){.who = STR("gk_2")}, &arena)
			  .count,
		1);
	page = look(&world, (struct audit_query){.limit = 1}, &arena);
	CHECK_INT(page.count, 1);
	CHECK(page.next != 0);
	page = look(&world,
		(struct audit_query){.limit = 5, .before = page.next}, &arena);
	CHECK_INT(page.count, 1);
	CHECK_STR(page.rows[0].publisher, STR("gk_1"));
	arena_release(&arena);
	world_close(&world);
}
