#include "flow/hooks.h"

#include "base/clock.h"
#include "base/json_out.h"
#include "check.h"
#include "hook_world.h"

#define JSON "Content-Type: application/json"

/** A hook of an enabled scenario that does not answer itself. */
static const struct hook *
usual(const char *members)
{
	struct str scenario = hook_world_scenario(false, true);

	return hook_world_hook(
		arena_printf(&hook_world.arena, "\"scenarioId\":\"%.*s\"%s%s",
			STR_ARG(scenario), *members ? "," : "", members)
			.ptr);
}

static struct hook_report
report(const struct hook *hook)
{
	struct hook_report ret;

	hook_life_report(hook->life, &hook_world.arena, &ret);
	return ret;
}

TEST(hooks, a_request_is_stored_and_then_answered)
{
	const struct hook *hook;

	hook_world_open();
	hook = usual("");
	hook_world.waits_for_store = true;
	CHECK_INT(hook_world_send(hook, "POST", JSON, "{\"a\":1}"), 0);
	CHECK_STR(hook_world.trigger, STR("{\"a\":1}"));
	CHECK_INT(report(hook).counts[HOOK_ACCEPTED], 0);
	hook_world_stored(ERR_OK);
	CHECK_INT(hook_world.answer.status, 200);
	CHECK_STR(hook_world.answer.body, STR("Accepted"));
	CHECK_INT(report(hook).counts[HOOK_ACCEPTED], 1);
	CHECK_INT(report(hook).notes[0].execution, 1);
	hook_unref(hook);
	hook_world_close();
}

TEST(hooks, what_cannot_be_stored_is_not_accepted)
{
	const struct hook *hook;

	hook_world_open();
	hook = usual("");
	hook_world.store_error = ERR_IO;
	CHECK_INT(hook_world_send(hook, "POST", JSON, "{}"), 503);
	hook_world.begin_error = ERR_LIMIT;
	CHECK_INT(hook_world_send(hook, "POST", JSON, "{}"), 400);
	CHECK_STR(hook_world.answer.body, STR("Queue is full."));
	hook_world.begin_error = ERR_BUSY;
	CHECK_INT(hook_world_send(hook, "POST", JSON, "{}"), 429);
	CHECK(hook_world.answer.retry_after > 0);
	CHECK_INT(report(hook).counts[HOOK_REFUSED], 3);
	CHECK_INT(report(hook).counts[HOOK_ACCEPTED], 0);
	hook_unref(hook);
	hook_world_close();
}

TEST(hooks, a_scenario_that_responds_is_waited_for)
{
	struct http_header headers[] = {
		{STR("content-type"), STR("application/json")},
		{STR("X-A"), STR("1")}, {STR("Content-Length"), STR("9")},
		{STR("X-B"), STR("a\r\nX-C: b")}};
	struct run_response response = {.status = 201,
		.body = STR("{}"),
		.headers = headers,
		.header_count = COUNT_OF(headers)};
	const struct hook *hook;
	struct str scenario;

	hook_world_open();
	scenario = hook_world_scenario(true, true);
	hook = hook_world_hook(arena_printf(
		&hook_world.arena, "\"scenarioId\":\"%.*s\"", STR_ARG(scenario))
				       .ptr);
	CHECK_INT(hook_world_send(hook, "POST", JSON, "{}"), 0);
	hook_world.order.reply->respond(hook_world.order.reply, &response);
	CHECK_INT(hook_world.answer.status, 201);
	CHECK_STR(hook_world.answer.body, STR("{}"));
	CHECK_STR(hook_world.answer.content_type, STR("application/json"));
	CHECK_INT(hook_world.answer.field_count, 1);
	/* Refused by the disk: answered once, although somebody replies. */
	hook_world.answers = 0;
	hook_world.store_error = ERR_IO;
	CHECK_INT(hook_world_send(hook, "POST", JSON, "{}"), 503);
	hook_world.order.reply->respond(hook_world.order.reply, &response);
	CHECK_INT(hook_world.answers, 1);
	/* Nobody ever replies to this one: closing releases it. */
	hook_world.store_error = ERR_OK;
	CHECK_INT(hook_world_send(hook, "POST", JSON, "{}"), 0);
	hook_unref(hook);
	hook_world_close();
}

TEST(hooks, nobody_listens_is_410)
{
	const struct hook *hook, *lone;
	struct str scenario;

	hook_world_open();
	CHECK_INT(hook_world_send(NULL, "POST", JSON, "{}"), 410);
	CHECK_STR(hook_world.answer.body, STR("Webhook not found"));
	lone = hook_world_hook("");
	CHECK_INT(hook_world_send(lone, "POST", JSON, "{}"), 410);
	scenario = hook_world_scenario(false, false);
	hook = hook_world_hook(arena_printf(
		&hook_world.arena, "\"scenarioId\":\"%.*s\"", STR_ARG(scenario))
				       .ptr);
	CHECK_INT(hook_world_send(hook, "POST", JSON, "{}"), 410);
	CHECK_STR(hook_world.answer.body,
		STR("There is no scenario listening for this webhook."));
	/* Run once. */
	hook_world.expects_one = true;
	CHECK_INT(hook_world_send(hook, "POST", JSON, "{}"), 200);
	CHECK_INT(hook_world_send(hook, "POST", JSON, "{}"), 410);
	CHECK_INT(hook_world.begun, 1);
	hook_unref(lone);
	lone = usual("\"enabled\":false");
	CHECK_INT(hook_world_send(lone, "POST", JSON, "{}"), 410);
	CHECK_INT(hook_world.begun, 1);
	hook_unref(hook);
	hook_unref(lone);
	hook_world_close();
}

static const struct {
	const char *members, *method, *headers, *body;
	int status;
	const char *reason; /* kept; NULL: accepted */
} doors[] = {
	{"\"apiKeys\":[\"k1\",\"k2\"]", "POST", JSON "\nX-Make-Apikey: k2",
		"{}", 200, NULL},
	{"\"apiKeys\":[\"k1\"]", "POST", JSON "\nX-Make-Apikey: k11", "{}", 401,
		"API key"},
	{"\"apiKeys\":[\"k1\"]", "POST", JSON, "{}", 401, "API key"},
	{"\"basic\":{\"username\":\"u\",\"password\":\"p\"}", "POST",
		JSON "\nAuthorization: Basic dTpw", "{}", 200, NULL},
	{"\"basic\":{\"username\":\"u\",\"password\":\"p\"}", "POST",
		JSON "\nAuthorization: Basic dTpx", "{}", 401, "password"},
	{"\"basic\":{\"username\":\"u\",\"password\":\"p\"}", "POST",
		JSON "\nAuthorization: Bearer dTpw", "{}", 401, "password"},
	{"\"allowedNetworks\":[\"192.0.2.0/24\"]", "POST", JSON, "{}", 200,
		NULL},
	{"\"allowedNetworks\":[\"198.51.100.0/24\"]", "POST",
		JSON "\nX-Forwarded-For: 198.51.100.1", "{}", 403,
		"allowedNetworks"},
	{"\"allowedNetworks\":[\"198.51.100.0/24\"],"
	 "\"trustedProxies\":[\"192.0.2.1\",\"203.0.113.1\"]",
		"POST",
		JSON "\nX-Forwarded-For: 10.0.0.1, 198.51.100.1\n"
		     "X-Forwarded-For: 203.0.113.1",
		"{}", 200, NULL},
	{"\"allowedNetworks\":[\"198.51.100.0/24\"],"
	 "\"trustedProxies\":[\"192.0.2.1\"]",
		"POST", JSON "\nX-Forwarded-For: 198.51.100.1, 10.0.0.1", "{}",
		403, "allowedNetworks"},
	{"\"maxBytes\":2", "POST", JSON, "{}", 200, NULL},
	{"\"maxBytes\":2", "POST", JSON, "{ }", 413, "maxBytes"},
	{"\"rate\":{\"requests\":0}", "POST", JSON, "{}", 200, NULL},
	{"", "POST", JSON, "{", 400, "line 1"},
	{"", "PUT", "", "", 200, NULL},
	{"\"signature\":{\"scheme\":\"github\",\"secrets\":[\"s\"]}", "POST",
		JSON, "{}", 401, "X-Hub-Signature-256 is missing"},
	{"\"signature\":{\"scheme\":\"github\",\"secrets\":[\"s\"]}", "POST",
		JSON "\nX-Hub-Signature-256: sha256="
		     "00000000000000000000000000000000"
		     "00000000000000000000000000000000",
		"{}", 401, "not right"},
	{"\"signature\":{\"scheme\":\"hmac\",\"secrets\":[\"s\"],"
	 "\"header\":\"X-S\",\"algorithm\":\"sha1\"}",
		"POST", JSON "\nX-S: 9764e9b51c0bed1f3e25c99bf8b04e1c9b15a34c",
		"{}", 401, "not right"},
	{"\"response\":{\"status\":202,\"body\":\"\"}", "POST", JSON, "{}", 202,
		NULL},
};

TEST(hooks, the_door_lets_through_what_it_should)
{
	for (size_t i = 0; i < COUNT_OF(doors); i++) {
		bool is_accepted = doors[i].reason == NULL;
		const struct hook *hook;
		int status;

		hook_world_open();
		hook = usual(doors[i].members);
		status = hook_world_send(
			hook, doors[i].method, doors[i].headers, doors[i].body);
		if (status != doors[i].status ||
			(hook_world.begun == 1) != is_accepted ||
			report(hook).note_count != 1 ||
			(!is_accepted && strstr(report(hook).notes[0].reason,
						 doors[i].reason) == NULL))
			check_failed(__FILE__, __LINE__, "door %zu: %d %s", i,
				status, report(hook).notes[0].reason);
		hook_unref(hook);
		hook_world_close();
	}
}

TEST(hooks, challenges_need_no_scenario)
{
	const struct hook *hook;

	hook_world_open();
	hook = hook_world_hook(
		"\"challenges\":[\"com\",\"greenlake\",\"cloudevents\"],"
		"\"apiKeys\":[\"k\"],\"signature\":{\"scheme\":\"greenlake\","
		"\"secrets\":[\"a plain secret\"]}");
	CHECK_INT(hook_world_send(hook, "GET",
			  "x-make-apikey: k\n"
			  "x-compute-ops-mgmt-verification-challenge: t",
			  ""),
		200);
	CHECK_STR(hook_world.answer.body, STR("{\"verification\":\"t\"}"));
	CHECK_INT(hook_world_send(hook, "GET",
			  "x-compute-ops-mgmt-verification-challenge: t", ""),
		401);
	CHECK_INT(hook_world_send(hook, "POST", "x-make-apikey: k",
			  "{\"data\":{\"challengeRequest\":\"a-b\"}}"),
		200);
	CHECK_INT(hook_world_send(hook, "OPTIONS",
			  "WebHook-Request-Origin: a.example\n"
			  "WebHook-Request-Rate: 9999",
			  ""),
		200);
	/* 300 in 10 s. */
	CHECK_STR(hook_world.answer.fields[1].value, STR("1800"));
	CHECK_INT(report(hook).counts[HOOK_CHALLENGE], 3);
	CHECK_INT(report(hook).counts[HOOK_REFUSED], 1);
	CHECK_INT(hook_world.begun, 0);
	hook_unref(hook);
	hook_world_close();
}

TEST(hooks, a_rate_is_kept_in_a_window_that_slides)
{
	const struct hook *hook;

	clock_test_set(1700000000 * SECONDS, 1000 * SECONDS);
	hook_world_open();
	hook = usual("\"rate\":{\"requests\":3,\"window\":\"10s\"}");
	for (int i = 0; i < 3; i++) {
		CHECK_INT(hook_world_send(hook, "POST", JSON, "{}"), 200);
		clock_test_advance(2 * SECONDS);
	}
	CHECK_INT(hook_world_send(hook, "POST", JSON, "{}"), 429);
	clock_test_advance(4 * SECONDS);
	CHECK_INT(hook_world_send(hook, "POST", JSON, "{}"), 200);
	CHECK_INT(hook_world_send(hook, "POST", JSON, "{}"), 429);
	clock_test_advance(100 * SECONDS);
	CHECK_INT(hook_world_send(hook, "POST", JSON, "{}"), 200);
	hook_unref(hook);
	hook_world_close();
	clock_test_release();
}

static const struct {
	const char *by, *first, *first_body, *second, *second_body;
	bool is_same;
} pairs[] = {
	{"webhook-id", "webhook-id: 1", "{}", "webhook-id: 1", "{\"a\":1}",
		true},
	{"webhook-id", "webhook-id: 1", "{}", "webhook-id: 2", "{}", false},
	{"webhook-id", "", "{}", "", "{}", false},
	{"cloudevent-id", "ce-id: 1\nce-source: a", "",
		"ce-id: 1\nce-source: a", "", true},
	{"cloudevent-id", "ce-id: 1\nce-source: a", "",
		"ce-id: 1\nce-source: b", "", false},
	{"cloudevent-id", "", "{\"id\":\"1\",\"source\":\"a\"}", "",
		"{\"source\":\"a\",\"id\":\"1\",\"x\":1}", true},
	{"cloudevent-id", "", "[]", "", "[]", false},
	{"body", "", "{}", "webhook-id: 5", "{}", true},
	{"body", "", "{}", "", "{ }", false},
	{"none", "webhook-id: 1", "{}", "webhook-id: 1", "{}", false},
};

TEST(hooks, what_was_seen_is_accepted_and_not_run_again)
{
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		const struct hook *hook;

		hook_world_open();
		hook = usual(arena_printf(&hook_world.arena,
			"\"dedupe\":{\"by\":\"%s\"}", pairs[i].by)
				     .ptr);
		CHECK_INT(hook_world_send(hook, "POST", pairs[i].first,
				  pairs[i].first_body),
			200);
		CHECK_INT(hook_world_send(hook, "POST", pairs[i].second,
				  pairs[i].second_body),
			200);
		if (hook_world.begun != (pairs[i].is_same ? 1U : 2U))
			check_failed(__FILE__, __LINE__, "pair %zu", i);
		hook_unref(hook);
		hook_world_close();
	}
}

TEST(hooks, what_was_not_stored_may_come_again)
{
	const struct hook *hook;

	hook_world_open();
	hook = usual("\"dedupe\":{\"by\":\"body\"}");
	hook_world.store_error = ERR_IO;
	CHECK_INT(hook_world_send(hook, "POST", JSON, "{}"), 503);
	hook_world.store_error = ERR_OK;
	hook_world.begin_error = ERR_BUSY;
	CHECK_INT(hook_world_send(hook, "POST", JSON, "{}"), 429);
	hook_world.begin_error = ERR_OK;
	hook_world.waits_for_store = true;
	CHECK_INT(hook_world_send(hook, "POST", JSON, "{}"), 0);
	/* Not on disk: nobody may be told that it is accepted. */
	CHECK_INT(hook_world_send(hook, "POST", JSON, "{}"), 503);
	hook_world_stored(ERR_OK);
	CHECK_INT(hook_world_send(hook, "POST", JSON, "{}"), 200);
	CHECK_INT(hook_world.begun, 2);
	CHECK_INT(report(hook).counts[HOOK_DUPLICATE], 1);
	hook_unref(hook);
	hook_world_close();
}

TEST(hooks, an_id_is_forgotten_behind_its_window)
{
	const struct hook *hook;

	clock_test_set(1700000000 * SECONDS, 1000 * SECONDS);
	hook_world_open();
	hook = usual("\"dedupe\":{\"by\":\"body\",\"window\":\"1m\"}");
	CHECK_INT(hook_world_send(hook, "POST", JSON, "{}"), 200);
	clock_test_advance(59 * SECONDS);
	CHECK_INT(hook_world_send(hook, "POST", JSON, "{}"), 200);
	CHECK_INT(hook_world.begun, 1);
	clock_test_advance(1 * SECONDS);
	CHECK_INT(hook_world_send(hook, "POST", JSON, "{}"), 200);
	CHECK_INT(hook_world.begun, 2);
	hook_unref(hook);
	hook_world_close();
	clock_test_release();
}

/* ---- the registry ---- */

TEST(hooks, they_are_there_again_after_a_restart_secrets_included)
{
	const struct hook *hook, *again;
	struct buf before = {0}, after = {0};
	struct json_out out = json_out_make(&before);

	hook_world_open();
	hook = usual("\"apiKeys\":[\"k\"],\"basic\":{\"username\":\"u\","
		     "\"password\":\"p\"},\"signature\":{\"scheme\":"
		     "\"standard\",\"secrets\":[\"whsec_AAAA\"]}");
	CHECK_INT(hook->token.len, HOOK_TOKEN_LEN);
	hook_options_write_secrets(&hook->options, &out);
	hook_world_reopen();
	again = hooks_find(hook_world.hooks, hook->token);
	CHECK(again != NULL);
	CHECK(uuid_equal(again->id, hook->id));
	CHECK_INT(again->revision, 1);
	out = json_out_make(&after);
	hook_options_write_secrets(&again->options, &out);
	CHECK_STR(buf_str(&before), buf_str(&after));
	hook_unref(hook);
	hook_unref(again);
	buf_release(&before);
	buf_release(&after);
	hook_world_close();
}

TEST(hooks, a_change_is_of_the_present_revision_and_keeps_the_token)
{
	const struct hook *hook, *second, *late;
	struct hook_options options;

	hook_world_open();
	hook = usual("");
	CHECK_INT(hook_world_send(hook, "POST", JSON, "{}"), 200);
	options = hook_options_copy(&hook->options, &hook_world.arena);
	options.is_enabled = false;
	CHECK_OK(hooks_change(hook_world.hooks, hook, &options, &second));
	CHECK_INT(second->revision, 2);
	CHECK_STR(second->token, hook->token);
	CHECK_INT(report(second).counts[HOOK_ACCEPTED], 1);
	CHECK_INT(hooks_change(hook_world.hooks, hook, &options, &late),
		ERR_CONFLICT);
	CHECK_INT(hook_world_send(second, "POST", JSON, "{}"), 410);
	CHECK(hooks_get(hook_world.hooks, 2, hook->id) == NULL);
	CHECK_INT(hooks_remove(hook_world.hooks, 2, hook->id), ERR_NOT_FOUND);
	CHECK_OK(hooks_remove(hook_world.hooks, 1, hook->id));
	CHECK_INT(hooks_remove(hook_world.hooks, 1, hook->id), ERR_NOT_FOUND);
	CHECK_INT(hooks_change(hook_world.hooks, second, &options, &late),
		ERR_NOT_FOUND);
	CHECK_INT(hook_world_send(second, "POST", JSON, "{}"), 410);
	hook_unref(hook);
	hook_unref(second);
	hook_world_close();
}

TEST(hooks, there_are_so_many_at_most)
{
	struct hook_list list;
	struct hook_options options;
	const struct hook *hook;

	hook_world_open();
	for (int i = 0; i < 5; i++)
		hook_unref(hook_world_hook(""));
	hook_options_init(&options);
	options.name = STR("one more");
	CHECK_INT(
		hooks_create(hook_world.hooks, 1, &options, &hook), ERR_LIMIT);
	hooks_list(hook_world.hooks, 1, &hook_world.arena, &list);
	CHECK_INT(list.count, 5);
	for (size_t i = 0; i < list.count; i++)
		hook_unref(list.items[i]);
	hook_world_close();
}

TEST(hooks, only_so_many_requests_are_kept_and_so_much_of_each)
{
	const struct hook *hook;
	char body[600] = "{";

	hook_world_open();
	hook = usual("\"rate\":{\"requests\":0}");
	memset(body + 1, 'x', sizeof(body) - 2);
	for (int i = 0; i < HOOK_LOG_MAX + 10; i++)
		CHECK_INT(hook_world_send(hook, "POST", JSON, body), 400);
	CHECK_INT(report(hook).note_count, HOOK_LOG_MAX);
	CHECK_INT(report(hook).counts[HOOK_REFUSED], HOOK_LOG_MAX + 10);
	hook_unref(hook);
	hook_world_close();
}

/* ---- bodies of the API ---- */

static const struct {
	const char *body, *field;
} bad[] = {
	{"[]", ""},
	{"{}", "name"},
	{"{\"name\":\"\"}", "name"},
	{"{\"name\":\"h\",\"nmae\":1}", ""},
	{"{\"name\":\"h\",\"scenarioId\":\"x\"}", "scenarioId"},
	{"{\"name\":\"h\",\"enabled\":\"yes\"}", "enabled"},
	{"{\"name\":\"h\",\"challenges\":[\"com\",\"hp\"]}", "challenges"},
	{"{\"name\":\"h\",\"challenges\":\"com\"}", "challenges"},
	{"{\"name\":\"h\",\"challenges\":[\"greenlake\"]}",
		"signature.secrets"},
	{"{\"name\":\"h\",\"signature\":{\"scheme\":\"github\"}}",
		"signature.secrets"},
	{"{\"name\":\"h\",\"signature\":{\"scheme\":\"md5\"}}",
		"signature.scheme"},
	{"{\"name\":\"h\",\"signature\":{\"scheme\":\"hmac\",\"secrets\":"
	 "[\"s\"]}}",
		"signature.header"},
	{"{\"name\":\"h\",\"signature\":{\"scheme\":\"standard\","
	 "\"secrets\":[\"!\"]}}",
		"signature.secrets"},
	{"{\"name\":\"h\",\"signature\":{\"tolerance\":\"2d\"}}",
		"signature.tolerance"},
	{"{\"name\":\"h\",\"signature\":{\"algorithm\":\"md5\"}}",
		"signature.algorithm"},
	{"{\"name\":\"h\",\"apiKeys\":[\"\"]}", "apiKeys"},
	{"{\"name\":\"h\",\"apiKeys\":\"k\"}", "apiKeys"},
	{"{\"name\":\"h\",\"basic\":{\"username\":\"u\"}}", "basic"},
	{"{\"name\":\"h\",\"basic\":{\"username\":\"u:\",\"password\":\"p\"}}",
		"basic.username"},
	{"{\"name\":\"h\",\"allowedNetworks\":[\"10.0.0.0/33\"]}",
		"allowedNetworks"},
	{"{\"name\":\"h\",\"trustedProxies\":[\"proxy\"]}", "trustedProxies"},
	{"{\"name\":\"h\",\"dedupe\":{\"by\":\"id\"}}", "dedupe.by"},
	{"{\"name\":\"h\",\"dedupe\":\"body\"}", "dedupe"},
	{"{\"name\":\"h\",\"maxBytes\":0}", "maxBytes"},
	{"{\"name\":\"h\",\"maxBytes\":5242881}", "maxBytes"},
	{"{\"name\":\"h\",\"rate\":{\"requests\":-1}}", "rate.requests"},
	{"{\"name\":\"h\",\"rate\":{\"window\":\"0s\"}}", "rate.window"},
	{"{\"name\":\"h\",\"response\":{\"status\":100}}", "response.status"},
	{"{\"name\":\"h\",\"response\":{\"contentType\":\"a\\nb\"}}",
		"response.contentType"},
	{"{\"name\":\"h\",\"staticAnswer\":{\"method\":\"HEAD\"}}",
		"staticAnswer.method"},
};

TEST(hook_options, what_is_wrong_is_told_with_its_place)
{
	struct arena arena = {0};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct webhook_issues issues = {.arena = &arena};
		struct hook_options options;
		struct json_doc doc;

		CHECK_OK(json_read(str_of(bad[i].body), &arena, &doc, NULL));
		hook_options_init(&options);
		hook_options_read(json_root(&doc), &options, &issues);
		hook_options_check(&options, &issues);
		if (issues.count == 0 ||
			!str_equal(issues.rows[0].field, str_of(bad[i].field)))
			check_failed(__FILE__, __LINE__, "%s: %.*s",
				bad[i].body,
				STR_ARG(issues.count ? issues.rows[0].field
						     : STR("(nothing)")));
	}
	arena_release(&arena);
}

TEST(hook_options, what_is_told_is_taken_and_tells_no_secret)
{
	struct arena arena = {0};
	struct webhook_issues issues = {.arena = &arena};
	struct buf text = {0}, again = {0};
	struct json_out out = json_out_make(&text);
	struct hook_options options;
	struct json_doc doc;

	CHECK_OK(json_read(
		STR("{\"name\":\"h\",\"challenges\":[\"slack\",\"static\"],"
		    "\"signature\":{\"scheme\":\"hmac\",\"secrets\":"
		    "[\"topsecret\"],\"header\":\"X-S\",\"prefix\":\"p=\","
		    "\"algorithm\":\"sha512\",\"encoding\":\"base64\"},"
		    "\"apiKeys\":[\"topsecret\"],\"basic\":{\"username\":"
		    "\"u\",\"password\":\"topsecret\"},\"dedupe\":{\"by\":"
		    "\"cloudevent-id\",\"window\":\"2h\"}}"),
		&arena, &doc, NULL));
	hook_options_init(&options);
	hook_options_read(json_root(&doc), &options, &issues);
	json_out_object(&out, NULL);
	hook_options_write(&options, &out);
	json_out_end(&out);
	CHECK(str_find(buf_str(&text), STR("topsecret")) == SIZE_MAX);
	CHECK_OK(json_read(buf_str(&text), &arena, &doc, NULL));
	hook_options_read(json_root(&doc), &options, &issues);
	hook_options_check(&options, &issues);
	CHECK_INT(issues.count, 0);
	CHECK_INT(options.signature.secret_count, 1);
	out = json_out_make(&again);
	json_out_object(&out, NULL);
	hook_options_write(&options, &out);
	json_out_end(&out);
	CHECK_STR(buf_str(&again), buf_str(&text));
	buf_release(&text);
	buf_release(&again);
	arena_release(&arena);
}
