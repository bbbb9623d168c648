#include "cli_double.h"

#include "base/clock.h"

#define COM_WEBHOOKS "http://hub.test:1/compute-ops-mgmt/v1beta1/webhooks"
#define WEBHOOKS "http://hub.test:1/v1/webhooks"
#define HEADS "|Accept: application/json|Authorization: Bearer t0ken"

TEST(client, webhook_create_sends_all_members_and_prints_the_secret_once)
{
	static const struct reply replies[] = {
		{201, "{\"id\":\"w-1\",\"name\":\"n\",\"status\":\"PENDING\"}",
			0},
		{200, "{\"secret\":\"whsec_abc\"}", 0},
	};
	struct run created =
		run(WORDS("webhook", "create", "--name", "n", "--destination",
			    "https://d/x", "--filter", "type eq 'a'",
			    "--header", "X-A:  b:c ", "--header", "X-D: \"e\""),
			replies, 2);

	CHECK_INT(created.code, 0);
	CHECK_TEXT(buf_text(&created.hub.seen),
		"POST " COM_WEBHOOKS HEADS "|Content-Type: application/json|"
		"{\"name\":\"n\",\"destination\":\"https://d/x\","
		"\"eventFilter\":\"type eq 'a'\",\"state\":\"ENABLED\","
		"\"headers\":{\"X-A\":\"b:c\",\"X-D\":\"\\\"e\\\"\"}}\n"
		"GET http://hub.test:1/v1/webhooks/w-1/secret" HEADS "|\n");
	check_has(&created.out, "secret  whsec_abc\n");
	check_has(&created.out, "PENDING");
	finish(&created);
}

TEST(client, webhook_create_as_json_is_one_object_with_the_secret)
{
	static const struct reply replies[] = {
		{201, "{\"id\":\"w-1\",\"n\":[1]}", 0},
		{200, "{\"secret\":\"s\"}", 0},
	};
	struct run created =
		run(WORDS("webhook", "create", "--name", "n", "--destination",
			    "d", "--filter", "f", "--state", "disabled", "-j"),
			replies, 2);

	CHECK_INT(created.code, 0);
	CHECK_TEXT(buf_text(&created.out),
		"{\"id\":\"w-1\",\"n\":[1],\"secret\":\"s\"}\n");
	check_has(&created.hub.seen, "\"state\":\"DISABLED\"");
	finish(&created);
}

TEST(client, waiting_ends_when_the_handshake_does)
{
	static const struct reply replies[] = {
		{200, "{\"status\":\"PENDING\"}", 0},
		{200, "{\"status\":\"PENDING\"}", 0},
		{200,
			"{\"status\":\"WARNING\","
			"\"statusReason\":\"Incorrect handshake response.\"}",
			0},
	};
	struct run enabled;

	clock_test_set(0, 0);
	enabled = run(WORDS("webhook", "enable", "w/1", "--wait"), replies, 3);
	CHECK_INT(enabled.code, 1);
	CHECK_INT(enabled.hub.pauses, 2);
	check_has(&enabled.hub.seen, "PATCH " WEBHOOKS "/w%2F1" HEADS
				     "|Content-Type: application/merge-patch+"
				     "json|{\"state\":\"ENABLED\"}\nGET ");
	check_has(&enabled.err, "the webhook is WARNING: Incorrect handshake");
	check_has(&enabled.err, "  `grapnel webhook log w/1` tells what came");
	finish(&enabled);
}

TEST(client, waiting_gives_up_at_the_deadline)
{
	struct reply replies[5];
	struct run enabled;

	for (size_t i = 0; i < COUNT_OF(replies); i++)
		replies[i] = (struct reply){200, "{\"status\":\"PENDING\"}", 0};
	clock_test_set(0, 0);
	enabled = run(
		WORDS("webhook", "enable", "w", "--wait", "--timeout", "800ms"),
		replies, 5);
	CHECK_INT(enabled.code, 1);
	check_has(&enabled.err, "the handshake is not over yet");
	finish(&enabled);
}

TEST(client, patch_sends_only_what_was_given)
{
	static const struct reply replies[] = {{200, "{}", 0}};
	struct run patched = run(WORDS("webhook", "patch", "w", "--name", "x",
					 "--remove-header", "X-A"),
		replies, 1);

	CHECK_INT(patched.code, 0);
	check_has(&patched.hub.seen,
		"|{\"name\":\"x\",\"headers\":{\"X-A\":null}}\n");
	finish(&patched);
	patched = run(WORDS("webhook", "patch", "w"), NULL, 0);
	CHECK_INT(patched.code, 2);
	check_has(&patched.err, "nothing to change");
	finish(&patched);
}

TEST(client, delivery_options_make_a_webhook_of_the_hubs_own_dialect)
{
	static const struct reply replies[] = {
		{201, "{\"id\":\"w-1\"}", 0},
		{200, "{\"publicKey\":\"whpk_x\"}", 0},
	};
	static const struct reply patch_replies[] = {{200, "{}", 0}};
	struct run made =
		run(WORDS("webhook", "create", "--name", "n", "--destination",
			    "d", "--filter", "f", "--payload", "cloudevent",
			    "--signing", "v1a", "--delivery-timeout", "5s",
			    "--retry-schedule", "1s,2s", "--rate", "60",
			    "--concurrency", "default", "--auth-type", "basic",
			    "--auth-username", "u", "--auth-secret", "p"),
			replies, 2);

	CHECK_INT(made.code, 0);
	check_has(&made.hub.seen,
		"POST " WEBHOOKS HEADS "|Content-Type: application/json|"
		"{\"name\":\"n\",\"destination\":\"d\",\"filter\":\"f\","
		"\"state\":\"ENABLED\",\"headers\":{},\"payload\":"
		"\"cloudevent\",\"signing\":\"v1a\",\"timeout\":\"5s\","
		"\"concurrency\":null,\"rate\":60,\"retry\":{\"schedule\":"
		"\"1s,2s\"},\"auth\":{\"type\":\"basic\",\"username\":\"u\","
		"\"password\":\"p\"}}\n");
	finish(&made);
	made = run(WORDS("webhook", "patch", "w", "--rate", "some"), NULL, 0);
	CHECK_INT(made.code, 2);
	check_has(&made.err, "--rate: \"some\" is no whole number");
	finish(&made);
	made = run(
		WORDS("webhook", "patch", "w", "--auth-header", "X"), NULL, 0);
	CHECK_INT(made.code, 2);
	check_has(&made.err, "--auth-type is missing");
	finish(&made);
	made = run(WORDS("webhook", "patch", "w", "--auth-type", "none"),
		patch_replies, 1);
	check_has(&made.hub.seen, "|{\"auth\":{\"type\":\"none\"}}\n");
	finish(&made);
}

TEST(client, secrets_rotate_webhooks_are_tested_deliveries_repeated)
{
	static const struct reply secret[] = {{200, "{\"secret\":\"s\"}", 0}};
	static const struct reply accepted[] = {
		{202, "{\"deliveryId\":\"d\"}", 0}};
	struct run got =
		run(WORDS("webhook", "rotate-secret", "w", "--overlap", "1h"),
			secret, 1);

	check_has(&got.hub.seen, "POST " WEBHOOKS "/w/secret/rotate" HEADS);
	check_has(&got.hub.seen, "|{\"overlap\":\"1h\"}\n");
	check_has(&got.out, "s");
	finish(&got);
	got = run(WORDS("webhook", "test", "w"), accepted, 1);
	check_has(&got.hub.seen, "POST " WEBHOOKS "/w/test" HEADS);
	finish(&got);
	got = run(WORDS("delivery", "retry", "d"), accepted, 1);
	check_has(
		&got.hub.seen, "POST http://hub.test:1/v1/deliveries/d/retry");
	check_has(&got.out, "d");
	finish(&got);
}

TEST(client, missing_and_malformed_options_never_reach_the_hub)
{
	struct run bad =
		run(WORDS("webhook", "create", "--name", "n"), NULL, 0);

	CHECK_INT(bad.code, 2);
	check_has(&bad.err, "--destination is missing");
	finish(&bad);
	bad = run(WORDS("webhook", "create", "--name", "n", "--destination",
			  "d", "--filter", "f", "--header", "no colon"),
		NULL, 0);
	CHECK_INT(bad.code, 2);
	check_has(&bad.err, "has no colon");
	finish(&bad);
	bad = run(WORDS("key", "list", "--url", "ftp://x"), NULL, 0);
	CHECK_INT(bad.code, 2);
	check_has(&bad.err, "is not the URL of a hub");
	finish(&bad);
	bad = run(WORDS("key", "list", "--token", "a\nb"), NULL, 0);
	CHECK_INT(bad.code, 2);
	finish(&bad);
	bad = run(WORDS("key", "list", "--timeout", "5"), NULL, 0);
	CHECK_INT(bad.code, 2);
	check_has(&bad.err, "--timeout: \"5\" is not a duration");
	finish(&bad);
	bad = run(WORDS("key", "create"), NULL, 0);
	CHECK_INT(bad.code, 2);
	check_has(&bad.err, "--role is missing");
	finish(&bad);
}

TEST(client, statuses_become_exit_codes)
{
	static const struct {
		int status, code;
	} rows[] = {{400, 1}, {401, 4}, {403, 4}, {404, 5}, {409, 1}, {429, 1},
		{500, 1}, {302, 1}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct reply reply = {rows[i].status, "{\"message\":\"m\"}", 0};
		struct run got = run(WORDS("webhook", "get", "w"), &reply, 1);

		CHECK_INT(got.code, rows[i].code);
		CHECK_INT(got.out.len, 0);
		finish(&got);
	}
}

TEST(client, refusals_are_told_with_fields_and_debug_id)
{
	static const struct reply replies[] = {{400,
		"{\"httpStatusCode\":400,\"errorCode\":\"BAD\","
		"\"message\":\"no \\u001b[2J good\",\"debugId\":\"d-1\","
		"\"errorDetails\":[{\"type\":\"hpe.greenlake.bad_request\","
		"\"issues\":[{\"source\":\"field\",\"subject\":\"eventFilter\","
		"\"description\":\"column 3\"}]},{\"retryAfterSeconds\":9}]}",
		0}};
	struct run got = run(WORDS("webhook", "get", "w"), replies, 1);

	CHECK_TEXT(buf_text(&got.err),
		"grapnel: the hub refused with 400 BAD: no ?[2J good\n"
		"  eventFilter: column 3\n"
		"  try again in 9 s\n"
		"  the hub's log has more under debugId d-1\n");
	finish(&got);
	got = run(WORDS("webhook", "get", "w", "--json"), replies, 1);
	CHECK(str_starts_with(buf_str(&got.err), STR("{\"httpStatusCode\"")));
	finish(&got);
}

TEST(client, what_the_message_says_is_not_told_again)
{
	static const struct reply reply = {400,
		"{\"message\":\"limit: too many\",\"errorDetails\":[{"
		"\"issues\":[{\"source\":\"query.parameter\","
		"\"subject\":\"limit\",\"description\":\"too many\"}]}]}",
		0};
	struct run got = run(WORDS("webhook", "get", "w"), &reply, 1);

	CHECK_TEXT(buf_text(&got.err),
		"grapnel: the hub refused with 400: limit: too many\n");
	finish(&got);
}

TEST(client, a_webhooks_log_has_what_came_back)
{
	static const struct reply reply = {200,
		"{\"next\":null,\"items\":[{\"at\":\"t\","
		"\"type\":\"grapnel.webhook.handshake.failed\","
		"\"reason\":\"Incorrect handshake response.\","
		"\"detail\":\"no answer: Connection refused\"}]}",
		0};
	struct run got = run(WORDS("webhook", "log", "w"), &reply, 1);

	check_has(&got.out, "handshake.failed");
	check_has(&got.out, "response.  no answer: Connection refused\n");
	finish(&got);
}

TEST(client, no_answer_is_exit_three_and_nonsense_is_said_to_be_so)
{
	static const struct reply gone[] = {
		{0, "connection refused", HTTP_CANNOT_CONNECT}};
	static const struct reply page[] = {
		{502, "<html>bad gateway\nmore", 0}};
	struct run got = run(WORDS("webhook", "get", "w"), gone, 1);

	CHECK_INT(got.code, 3);
	check_has(&got.err, "cannot reach the hub at http://hub.test:1: "
			    "connection refused");
	finish(&got);
	got = run(WORDS("webhook", "get", "w"), page, 1);
	CHECK_INT(got.code, 1);
	check_has(&got.err, "answered 502, and not as a hub does: <html>bad");
	finish(&got);
}

TEST(client, list_makes_a_table_and_passes_the_query)
{
	static const struct reply replies[] = {{200,
		"{\"items\":[{\"id\":\"w1\",\"name\":\"a\",\"state\":"
		"\"ENABLED\",\"status\":\"ACTIVE\",\"destination\":\"https://"
		"d\",\"filter\":\"f\"}],\"count\":1,\"total\":3}",
		0}};
	struct run got = run(WORDS("webhook", "list", "--limit", "1",
				     "--filter", "name eq 'a b'"),
		replies, 1);

	check_has(&got.hub.seen,
		"webhooks?limit=1&filter=name%20eq%20%27a%20b%27|");
	CHECK_TEXT(buf_text(&got.out),
		"ID  NAME  STATE    STATUS  DESTINATION  FILTER\n"
		"w1  a     ENABLED  ACTIVE  https://d    f\n");
	check_has(&got.err, "1 of 3");
	finish(&got);
}

TEST(client, delete_goes_on_after_a_failure_and_keeps_its_code)
{
	static const struct reply replies[] = {
		{204, "", 0}, {404, "{\"message\":\"gone\"}", 0}, {204, "", 0}};
	struct run got =
		run(WORDS("webhook", "delete", "a", "b", "c"), replies, 3);

	CHECK_INT(got.code, 5);
	check_has(&got.err, "deleted a");
	check_has(&got.err, "deleted c");
	finish(&got);
}

TEST(client, publish_sends_the_file_byte_for_byte)
{
	static const struct reply replies[] = {
		{202, "{\"id\":\"e1\",\"matched\":2}", 0}};
	const char *path = check_write_file("in", "{ \"a\" : 1.50 }\n");
	struct run got = run(WORDS("publish", "--type", "compute-ops/server",
				     "--id", "a+b c", path),
		replies, 1);

	CHECK_INT(got.code, 0);
	CHECK_TEXT(buf_text(&got.hub.seen),
		"PUT http://hub.test:1/v1/resources/compute-ops%2Fserver/"
		"a%2Bb%20c" HEADS "|Content-Type: application/json|"
		"{ \"a\" : 1.50 }\n\n");
	CHECK_TEXT(buf_text(&got.out), "event e1 matched 2 webhooks\n");
	finish(&got);
}

TEST(client, publish_tells_events_and_bulks_by_content_type)
{
	static const struct {
		const char *option, *text, *type;
	} rows[] = {
		{"--event", "{}", "application/cloudevents+json"},
		{"--event", " [{}]", "application/cloudevents-batch+json"},
		{"--bulk", "{}\n{}\n", "application/x-ndjson"},
		{"--bulk", "[]", "application/json"},
	};
	static const struct reply reply = {202,
		"{\"accepted\":2,\"unchanged\":1,\"duplicate\":1,"
		"\"refused\":0,\"matched\":1,\"items\":[]}",
		0};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *path = check_write_file("in", rows[i].text);
		struct buf type = buf_make(0);
		struct run got;

		got = run(WORDS("publish", rows[i].option, path), &reply, 1);
		buf_printf(&type, "|Content-Type: %s|", rows[i].type);
		check_has(&got.hub.seen, buf_text(&type));
		CHECK_TEXT(buf_text(&got.out),
			"accepted 2, unchanged 1, duplicate 1, refused 0, "
			"matched 1\n");
		buf_release(&type);
		finish(&got);
	}
}

TEST(client, publish_of_many_fails_when_some_were_refused_and_says_which)
{
	static const struct reply reply = {202,
		"{\"accepted\":1,\"unchanged\":0,\"duplicate\":0,"
		"\"refused\":1,\"matched\":0,\"items\":[{\"id\":\"e\","
		"\"matched\":0},{\"error\":\"state/n: no\","
		"\"status\":422}]}",
		0};
	const char *path = check_write_file("in", "{}\n{}\n");
	struct run got = run(WORDS("publish", "--bulk", path), &reply, 1);

	CHECK_INT(got.code, 1);
	check_has(&got.out, "accepted 1, unchanged 0, duplicate 0, refused 1");
	CHECK_TEXT(buf_text(&got.err), "grapnel: the hub refused 1 of 2:\n"
				       "  item 2: state/n: no\n");
	finish(&got);
	got = run(WORDS("publish", "--bulk", path, "--json"), &reply, 1);
	CHECK_INT(got.code, 1);
	CHECK_INT(got.err.len, 0);
	finish(&got);
}

TEST(client, publish_tells_of_many_refused_no_more_than_ten)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct reply reply = {.status = 202};
	const char *path = check_write_file("in", "{}\n");
	struct run got;

	buf_append(&body, STR("{\"accepted\":1,\"refused\":12,\"items\":["));
	for (int i = 0; i < 12; i++)
		buf_append(&body, STR("{\"error\":\"no\"},"));
	buf_append(&body, STR("{\"id\":\"e\"}]}"));
	reply.body = buf_text(&body);
	got = run(WORDS("publish", "--bulk", path), &reply, 1);
	CHECK_INT(got.code, 1);
	check_has(&got.err, "the hub refused 12 of 13:\n  item 1: no\n");
	check_has(&got.err, "  item 10: no\n  and 2 more; --json tells");
	finish(&got);
}

TEST(client, publish_tells_of_webhooks_that_are_not_sending)
{
	static const struct reply reply = {
		202, "{\"id\":\"e1\",\"matched\":0,\"skipped\":1}", 0};
	const char *path = check_write_file("in", "{}");
	struct run got = run(
		WORDS("publish", "--type", "t", "--id", "i", path), &reply, 1);

	CHECK_INT(got.code, 0);
	CHECK_TEXT(buf_text(&got.out),
		"event e1 matched 0 webhooks, and 1 that is not sending\n");
	finish(&got);
}

TEST(client, publish_needs_exactly_one_thing)
{
	struct run got = run(WORDS("publish"), NULL, 0);

	CHECK_INT(got.code, 2);
	finish(&got);
	got = run(WORDS("publish", "--event", "a", "--bulk", "b"), NULL, 0);
	CHECK_INT(got.code, 2);
	check_has(&got.err, "only one of these goes at a time");
	finish(&got);
	got = run(WORDS("publish", "--type", "t", "--id", "i"), NULL, 0);
	CHECK_INT(got.code, 2);
	finish(&got);
	got = run(WORDS("publish", "--event", "/nowhere/x"), NULL, 0);
	CHECK_INT(got.code, 2);
	check_has(&got.err, "/nowhere/x: cannot be read: No such file");
	finish(&got);
}

TEST(client, keys_and_resources_use_their_paths)
{
	static const struct reply made[] = {
		{201, "{\"id\":\"gk_1\",\"token\":\"t\"}", 0}};
	static const struct reply gone[] = {{204, "", 0}};
	static const struct reply state[] = {{200, "{\"a\":[1]}", 0}};
	struct run got =
		run(WORDS("key", "create", "--role", "viewer", "--name", "n"),
			made, 1);

	check_has(&got.hub.seen, "POST http://hub.test:1/v1/keys|");
	check_has(&got.hub.seen, "|{\"role\":\"viewer\",\"name\":\"n\"}\n");
	check_has(&got.out, "token  t\n");
	finish(&got);
	got = run(WORDS("key", "revoke", "gk_1"), gone, 1);
	check_has(&got.hub.seen, "DELETE http://hub.test:1/v1/keys/gk_1|");
	finish(&got);
	got = run(WORDS("resource", "get", "a/b", "c"), state, 1);
	check_has(&got.hub.seen, "GET http://hub.test:1/v1/resources/a%2Fb/c|");
	CHECK_TEXT(buf_text(&got.out), "{\n  \"a\": [\n    1\n  ]\n}\n");
	finish(&got);
}
