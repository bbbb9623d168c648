#include "flow/connection_use.h"
#include "store/object.h"
#include "store_double.h"

/* Which connection a module names, and whether the workspace has it. */

static struct store *store;
static struct arena arena;

static void
add(const char *id)
{
	struct object_change change = {.what = OBJECT_SET,
		.row = {.workspace = 1,
			.kind = OBJECT_CONNECTION,
			.id = str_of(id),
			.revision = 1,
			.created = TEST_NOW,
			.updated = TEST_NOW,
			.body = STR("{\"type\":\"slack\"}")}};

	TEST_COMMIT(store, {.kind = STORE_OBJECT, .object = &change});
}

/** What is told of a blueprint with modules of Slack and one of Notion. */
static struct str
told(const char *parameters)
{
	struct str text = arena_printf(&arena,
		"{\"name\":\"n\",\"flow\":["
		"{\"id\":1,\"module\":\"gateway:CustomWebHook\"},"
		"{\"id\":2,\"module\":\"slack:CreateMessage\","
		"\"parameters\":%s,\"mapper\":{\"text\":\"t\"}},"
		"{\"id\":3,\"module\":\"notion:getADatabase\","
		"\"mapper\":{\"database\":\"d\"}}]}",
		parameters);
	const struct template_problem *problems;
	const struct blueprint *blueprint;
	struct buf out = {0};

	CHECK_OK(blueprint_read(text, &arena, &blueprint, &problems));
	problems = connection_use_check(blueprint, store, 1, &arena, problems);
	for (; problems; problems = problems->next) {
		CHECK(!problems->is_error);
		template_problem_append(&out, problems);
		buf_append_char(&out, '\n');
	}
	text = arena_copy(&arena, buf_str(&out));
	buf_release(&out);
	return text;
}

#define NOTION \
	"flow[2].parameters: it needs a connection of type notion: name one " \
	"as connection\n"

TEST(connection_use, missing_connections_are_told_with_what_to_make)
{
	store = test_store_open(check_temp_dir());
	CHECK_STR(told("{\"__IMTCONN__\":7}"),
		STR("flow[1].parameters: it needs a connection of type slack, "
		    "and there is none with the id \"7\" yet\n" NOTION));
	add("7");
	CHECK_STR(told("{\"__IMTCONN__\":7}"), STR(NOTION));
	CHECK_STR(told("{\"account\":\"7\"}"), STR(NOTION));
	store_close(store);
	arena_release(&arena);
}

TEST(connection_use, any_of_the_names_will_do)
{
	struct value_builder builder = value_builder_make(&arena);
	struct value parameters;
	struct str id;
	size_t at = 0;

	value_builder_set(&builder, STR("account"), value_number(12));
	value_builder_set(&builder, STR("connection"), value_text(STR("mine")));
	value_builder_set(&builder, STR("__IMTCONN__"), value_text(STR("")));
	parameters = value_builder_collection(&builder);
	CHECK(connection_use_next(parameters, &at, &arena, &id));
	CHECK_STR(id, STR("mine"));
	CHECK(connection_use_next(parameters, &at, &arena, &id));
	CHECK_STR(id, STR("12"));
	CHECK(!connection_use_next(parameters, &at, &arena, &id));
	arena_release(&arena);
}
