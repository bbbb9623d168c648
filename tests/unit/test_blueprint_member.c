#include "check.h"
#include "flow/blueprint.h"

/* Options that a module does not have, or will refuse. */

static struct arena arena;

/** All problems of a scenario whose second module is this, a line each. */
static struct str
told(const char *module, const char *parameters, const char *mapper)
{
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(buf_release) struct buf json = {0};
	const struct template_problem *problems = NULL;
	const struct blueprint *blueprint = NULL;

	buf_printf(&json,
		"{\"name\":\"n\",\"flow\":[{\"id\":1,\"module\":"
		"\"gateway:CustomWebHook\",\"mapper\":{}},{\"id\":2,"
		"\"module\":\"%s\",\"parameters\":%s,\"mapper\":%s}]}",
		module, parameters, mapper);
	CHECK_OK(blueprint_read(buf_str(&json), &arena, &blueprint, &problems));
	CHECK(blueprint->is_runnable);
	for (; problems; problems = problems->next) {
		CHECK(!problems->is_error);
		template_problem_append(&text, problems);
		buf_append_char(&text, '\n');
	}
	return arena_copy(&arena, buf_str(&text));
}

#define CHECK_TOLD(module_, parameters_, mapper_, expected_) \
	CHECK_STR(told(module_, parameters_, mapper_), STR(expected_))
#define URL "\"url\":\"https://x.example\""

TEST(blueprint_member, an_option_that_a_module_does_not_have_is_told)
{
	CHECK_TOLD("http:ActionSendData", "{\"colour\":1}",
		"{" URL ",\"metod\":\"get\"}",
		"flow[1].parameters.colour: http:ActionSendData does not know "
		"it, and it does nothing\n"
		"flow[1].mapper.metod: http:ActionSendData does not know it, "
		"and it does nothing\n");
}

TEST(blueprint_member, what_is_known_and_does_nothing_is_told_with_the_reason)
{
	CHECK_TOLD("http:ActionSendData", "{}",
		"{" URL ",\"rejectUnauthorized\":false}",
		"flow[1].mapper.rejectUnauthorized: it does nothing here: "
		"certificates are always verified; give the authority that "
		"signed it as ca\n");
	CHECK_TOLD("http:ActionSendData", "{}",
		"{" URL ",\"rejectUnauthorized\":\"{{1.x}}\"}",
		"flow[1].mapper.rejectUnauthorized: it does nothing here: "
		"certificates are always verified; give the authority that "
		"signed it as ca\n");
	CHECK_TOLD("util:FunctionIncrement", "{\"reset\":\"scenario\"}", "null",
		"flow[1].parameters.reset: it does nothing here: the count "
		"begins with each run\n");
}

TEST(blueprint_member, values_that_ask_for_nothing_and_the_editors_are_not_told)
{
	CHECK_TOLD("http:ActionSendData",
		"{\"handleErrors\":true,\"useNewZLibDeCompress\":true,"
		"\"__IMTCONN__\":7}",
		"{" URL ",\"rejectUnauthorized\":true}", "");
	CHECK_TOLD("slack:CreateMessage", "{\"connection\":\"s\"}",
		"{\"channel\":\"C1\",\"channelWType\":\"manualy\"}", "");
	CHECK_TOLD("util:FunctionIncrement", "{\"reset\":\"execution\"}",
		"null", "");
	CHECK_TOLD("google-sheets:addRow", "{}",
		"{\"spreadsheetId\":\"/s\",\"insertUnformatted\":false,"
		"\"useColumnHeaders\":true}",
		"");
	/* Modules that make something of whatever they are given. */
	CHECK_TOLD("json:CreateJSON", "{}", "{\"whatever\":1}", "");
}

TEST(blueprint_member, what_a_module_will_refuse_is_told)
{
	CHECK_TOLD("http:ActionSendData", "{}",
		"{\"url\":\"\",\"timeout\":\"301\",\"bodyType\":\"rew\"}",
		"flow[1].mapper.timeout: expected a number from 1 to 300\n"
		"flow[1].mapper.bodyType: \"rew\" is not one of its values\n"
		"flow[1].mapper.url: must be given, or this module fails\n");
	CHECK_TOLD("http:ActionSendData", "{}",
		"{\"url\":\"{{1.url}}\",\"timeout\":\"{{1.t}}\","
		"\"bodyType\":\"{{1.b}}\"}",
		"");
}

TEST(blueprint_member, settings_that_do_nothing_are_told_with_their_place)
{
	static const struct {
		const char *setting, *place;
	} rows[] = {
		{"\"autoCommit\":false", "metadata.scenario.autoCommit"},
		{"\"autoCommitTriggerLast\":false",
			"metadata.scenario.autoCommitTriggerLast"},
		{"\"roundtrips\":5", "metadata.scenario.roundtrips"},
		{"\"freshVariables\":true", "metadata.scenario.freshVariables"},
		{"\"roundtrips\":1,\"maxErrors\":3,\"autoCommit\":true,"
		 "\"autoCommitTriggerLast\":true,\"sequential\":true,"
		 "\"confidential\":true,\"dataloss\":true,\"dlq\":true,"
		 "\"freshVariables\":false,\"slots\":null",
			NULL},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct template_problem *problems = NULL;
		const struct blueprint *blueprint;
		struct str text = arena_printf(&arena,
			"{\"name\":\"n\",\"metadata\":{\"scenario\":{%s}},"
			"\"flow\":[{\"id\":1,\"module\":"
			"\"gateway:CustomWebHook\"}]}",
			rows[i].setting);

		CHECK_OK(blueprint_read(text, &arena, &blueprint, &problems));
		CHECK(!problems == !rows[i].place);
		if (!problems)
			continue;
		CHECK(!problems->is_error && !problems->next);
		CHECK_STR(problems->path, str_of(rows[i].place));
	}
	arena_release(&arena);
}
