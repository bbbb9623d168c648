#include "base/clock.h"
#include "base/json.h"
#include "check.h"
#include "cli/receive_answer.h"
#include "rule/signature.h"

/* One request given by its parts; headers as "name: value" lines. */
struct given {
	const char *method;
	const char *body;
	const char *headers[6][2];
};

static struct str
find_header(void *context, const char *name)
{
	const struct given *given = context;

	for (size_t i = 0; i < COUNT_OF(given->headers); i++) {
		if (given->headers[i][0] &&
			strcmp(given->headers[i][0], name) == 0)
			return str_of(given->headers[i][1]);
	}
	return STR("");
}

static struct arena arena;

static struct receive_answer
answer(struct receive_options options, struct given *given, struct buf *lines)
{
	struct receive_answer got;
	struct receive_request request = {
		.method = str_of(given->method),
		.path = STR("/hook"),
		.body = str_of(given->body),
		.peer = STR("127.0.0.1"),
		.context = given,
		.header = find_header,
	};

	/* 2024-04-16T15:22:58.205785Z */
	clock_test_set(INT64_C(1713280978205785), 0);
	if (options.status == 0)
		options.status = 201;
	receive_answer(&options, &request, &arena, &got, lines);
	return got;
}

TEST(receive, com_challenge_is_echoed_as_json)
{
	struct given given = {"GET", "",
		{{"x-compute-ops-mgmt-verification-challenge", "a\"b"}}};
	struct buf lines = buf_make(0);
	struct receive_answer got =
		answer((struct receive_options){0}, &given, &lines);

	CHECK_INT(got.status, 200);
	CHECK_TEXT(got.content_type, "application/json");
	CHECK_STR(got.body, STR("{\"verification\":\"a\\\"b\"}"));
	CHECK(!got.is_delivery);
	CHECK_TEXT(buf_text(&lines),
		"15:22:58.205 GET /hook -> 200 handshake answered (COM)\n");
	buf_release(&lines);
	arena_release(&arena);
}

TEST(receive, cloudevents_consent_names_the_origin)
{
	struct given given = {
		"OPTIONS", "", {{"webhook-request-origin", "hub.example"}}};
	struct buf lines = buf_make(0);
	struct receive_answer got =
		answer((struct receive_options){0}, &given, &lines);

	CHECK_INT(got.status, 200);
	CHECK_STR(got.allowed_origin, STR("hub.example"));
	buf_release(&lines);
	arena_release(&arena);
}

#define CHALLENGE \
	"{\"type\":\"com.hpe.greenlake.events.v1beta1.webhooks.verification" \
	"\",\"data\":{\"challengeRequest\":\"abc\"}}"

TEST(receive, greenlake_challenge_is_answered_with_its_hmac)
{
	struct given given = {"POST", CHALLENGE, {{NULL, NULL}}};
	struct buf lines = buf_make(0);
	struct receive_options options = {.greenlake_secret = STR("key")};
	struct receive_answer got = answer(options, &given, &lines);

	/* printf abc | openssl dgst -sha256 -hmac key */
	CHECK_INT(got.status, 200);
	CHECK_STR(got.body,
		STR("{\"verification\":\"9c196e32dc0175f86f4b1cb89289d6619de6b"
		    "ee699e4c378e68309ed97a1a6ab\"}"));
	CHECK(!got.is_delivery);
	got = answer((struct receive_options){0}, &given, &lines);
	CHECK_INT(got.status, 201);
	CHECK(!got.is_delivery);
	buf_release(&lines);
	arena_release(&arena);
}

TEST(receive, delivery_is_told_in_a_line_with_its_body_below)
{
	struct given given = {"POST",
		"{\"type\":\"compute-ops/server\",\"id\":\"s1\",\"name\":\"a\\u"
		"001bb\"}",
		{{"webhook-id", "m1"}}};
	struct buf lines = buf_make(0);
	struct receive_answer got =
		answer((struct receive_options){.status = 503}, &given, &lines);

	CHECK_INT(got.status, 503);
	CHECK(got.is_delivery);
	CHECK_TEXT(buf_text(&lines),
		"15:22:58.205 POST /hook -> 503 type=compute-ops/server id=s1 "
		"name=a?b 57 bytes webhook-id=m1\n"
		"    {\n      \"type\": \"compute-ops/server\",\n"
		"      \"id\": \"s1\",\n      \"name\": \"a\\u001bb\"\n    }\n");
	buf_release(&lines);
	arena_release(&arena);
}

/** What is said of a signature made `age` seconds ago over `signed_body`. */
static void
check_signature(const char *signed_body, int64_t age, const char *word)
{
	struct signature_key key;
	struct buf signature = buf_make(0);
	struct buf lines = buf_make(0), time = buf_make(0);
	struct given given = {"POST", "{}",
		{{"webhook-id", "m1"}, {"webhook-timestamp", NULL},
			{"webhook-signature", NULL}}};
	int64_t sent = INT64_C(1713280978) - age;

	CHECK_OK(signature_read_secret(
		STR("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
		&key));
	buf_append(&signature, STR("v9,unknown "));
	signature_sign(&key, STR("m1"), sent, str_of(signed_body), &signature);
	buf_printf(&time, "%lld", (long long)sent);
	given.headers[1][1] = buf_text(&time);
	given.headers[2][1] = buf_text(&signature);
	answer((struct receive_options){.key = &key}, &given, &lines);
	CHECK(str_find(buf_str(&lines), str_of(word)) != SIZE_MAX);
	buf_release(&signature);
	buf_release(&lines);
	buf_release(&time);
	arena_release(&arena);
}

TEST(receive, signatures_are_good_wrong_or_too_old)
{
	check_signature("{}", 0, "signature good");
	check_signature("{}", 299, "signature good");
	check_signature("{}", 301, "SIGNATURE TOO OLD");
	check_signature("{}", -301, "SIGNATURE TOO OLD");
}

TEST(receive, signature_over_another_id_is_wrong)
{
	struct buf lines = buf_make(0), signature = buf_make(0);
	struct given given = {"POST", "{}",
		{{"webhook-id", "m2"}, {"webhook-timestamp", "1713280978"},
			{"webhook-signature", NULL}}};
	struct signature_key key = {.len = 32};
	struct receive_options options = {.key = &key};

	signature_sign(&key, STR("m1"), 1713280978, STR("{}"), &signature);
	given.headers[2][1] = buf_text(&signature);
	answer(options, &given, &lines);
	CHECK(str_find(buf_str(&lines), STR("SIGNATURE WRONG")) != SIZE_MAX);
	given.headers[2][1] = "";
	buf_clear(&lines);
	answer(options, &given, &lines);
	CHECK(str_find(buf_str(&lines), STR("NOT SIGNED")) != SIZE_MAX);
	buf_release(&lines);
	buf_release(&signature);
	arena_release(&arena);
}

TEST(receive, json_mode_is_a_line_an_event_even_for_bad_bodies)
{
	static const char *const bodies[] = {
		"{\"a\":1}", "", "\xff\x01not json", "{\"a\":\n1}"};
	struct receive_options options = {.is_json = true};

	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		struct given given = {"POST", bodies[i], {{NULL, NULL}}};
		struct buf lines = buf_make(0), why = buf_make(0);
		struct json_doc doc;

		answer(options, &given, &lines);
		CHECK_OK(json_read(
			str_trim(buf_str(&lines)), &arena, &doc, &why));
		CHECK_INT(str_find_char(buf_str(&lines), '\n'), lines.len - 1);
		buf_release(&lines);
		buf_release(&why);
	}
	arena_release(&arena);
}

TEST(receive, any_method_and_body_gets_an_answer)
{
	static const char *const methods[] = {
		"GET", "HEAD", "POST", "PUT", "PATCH", "OPTIONS", "DELETE", ""};
	static const char *const bodies[] = {"", "[", "null", "[[[[[[",
		"{\"type\":1,\"data\":[]}", "\xc3\x28", CHALLENGE};

	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		for (size_t j = 0; j < COUNT_OF(bodies); j++) {
			struct given given = {
				methods[i], bodies[j], {{NULL, NULL}}};
			struct buf lines = buf_make(0);
			struct receive_answer got = answer(
				(struct receive_options){0}, &given, &lines);

			CHECK(got.status >= 200 && got.status <= 405);
			buf_release(&lines);
		}
	}
	arena_release(&arena);
}
