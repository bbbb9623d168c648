#include "api/gl_draft.h"

#include "check.h"

#define GOOD \
	"\"name\":\"License Notification\"," \
	"\"destination\":\"https://example.com/new-endpoint\"," \
	"\"secret\":\"s3cr3tKey\""

static const struct gl_limits limits = {50, 100, 4, 100};

struct reading {
	struct arena arena;
	struct json_doc doc;
	struct gl_draft draft;
	struct webhook_options options;
	struct buf issues; /* "subject: description\n" each */
};

static void
reading_release(struct reading *reading)
{
	buf_release(&reading->issues);
	arena_release(&reading->arena);
}

static void
read_draft(struct reading *ret, const struct webhook *present, const char *body)
{
	struct webhook_issues issues = {.arena = &ret->arena};

	*ret = (struct reading){0};
	CHECK_OK(json_read(str_of(body), &ret->arena, &ret->doc, NULL));
	gl_draft_read(json_root(&ret->doc), present, &limits, &ret->arena,
		&ret->draft);
	for (size_t i = 0; i < ret->draft.issue_count; i++) {
		const struct api_issue *row = &ret->draft.issues[i];

		CHECK_TEXT(row->source, "field");
		buf_printf(&ret->issues, "%.*s: %.*s\n", STR_ARG(row->subject),
			STR_ARG(row->description));
	}
	if (present)
		ret->options = present->options;
	if (ret->draft.issue_count == 0)
		webhook_options_read(
			ret->draft.draft.options, &ret->options, &issues);
	CHECK_INT(issues.count, 0);
}

static void
expect_issues(
	const struct webhook *present, const char *body, const char *expected)
{
	CLEANUP(reading_release) struct reading got;

	read_draft(&got, present, body);
	CHECK_TEXT(buf_text(&got.issues), expected);
}

static const struct webhook plain = {
	.health.status = WEBHOOK_ACTIVE,
	.options = {.payload = PAYLOAD_CLOUDEVENT_PLAIN,
		.handshake = HANDSHAKE_GREENLAKE,
		.signing = SIGNATURE_GREENLAKE,
		.failures = FAILURES_GREENLAKE},
};

TEST(gl_draft, the_smallest_create_is_all_of_greenlake)
{
	CLEANUP(reading_release) struct reading got;
	const struct webhook_draft *draft = &got.draft.draft;

	read_draft(&got, NULL, "{" GOOD "}");
	CHECK_TEXT(buf_text(&got.issues), "");
	CHECK(draft->has_name && draft->has_destination && draft->has_secret);
	CHECK(draft->has_state && draft->is_name_unique && !draft->verifies);
	CHECK_INT(draft->state, WEBHOOK_ENABLED);
	CHECK_STR(draft->dialect, STR("greenlake"));
	CHECK_STR(draft->name, STR("License Notification"));
	CHECK_STR(draft->secret, STR("s3cr3tKey"));
	CHECK(!draft->has_second_secret && !draft->has_description);
	CHECK_INT(got.options.payload, PAYLOAD_CLOUDEVENT_PLAIN);
	CHECK_INT(got.options.handshake, HANDSHAKE_GREENLAKE);
	CHECK_INT(got.options.signing, SIGNATURE_GREENLAKE);
	CHECK_INT(got.options.failures, FAILURES_GREENLAKE);
	CHECK_INT(got.options.auth.type, AUTH_NONE);
	CHECK(!got.options.is_batching);
}

TEST(gl_draft, create_takes_every_member)
{
	CLEANUP(reading_release) struct reading got;
	const struct webhook_draft *draft = &got.draft.draft;
	const struct webhook_auth *auth = &got.options.auth;

	read_draft(&got, NULL,
		"{" GOOD
		",\"secondarySecret\":\"another\",\"description\":\"d\","
		"\"authType\":\"Oauth\",\"clientId\":\"your-client-id\","
		"\"clientSecret\":\"your-client-secret\",\"issuerUrl\":"
		"\"https://your-auth-server.example.com/oauth2/token\","
		"\"batching\":true,\"challengeRequestEnabled\":false}");
	CHECK_TEXT(buf_text(&got.issues), "");
	CHECK_STR(draft->second_secret, STR("another"));
	CHECK_STR(draft->description, STR("d"));
	CHECK_INT(got.options.handshake, HANDSHAKE_NONE);
	CHECK(got.options.is_batching);
	CHECK_INT(auth->type, AUTH_OAUTH2);
	CHECK_STR(auth->client_id, STR("your-client-id"));
	CHECK_STR(auth->secret, STR("your-client-secret"));
	CHECK_STR(auth->token_url,
		STR("https://your-auth-server.example.com/oauth2/token"));
}

TEST(gl_draft, an_api_key_is_the_whole_of_authorization)
{
	CLEANUP(reading_release) struct reading got;

	read_draft(&got, NULL,
		"{" GOOD ",\"authType\":\"apikey\",\"apiKey\":"
		"\"your-static-api-key\",\"challengeRequestEnabled\":true}");
	CHECK_TEXT(buf_text(&got.issues), "");
	CHECK_INT(got.options.auth.type, AUTH_API_KEY);
	CHECK_STR(got.options.auth.header, STR("Authorization"));
	CHECK_STR(got.options.auth.secret, STR("your-static-api-key"));
}

#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN

static const struct {
	const char *body, *issues;
} wrong[] = {
	{"{}", "name: is mandatory\ndestination: is mandatory\n"
	       "secret: is mandatory\n"},
	{"[]", ": expected the body to be an object, found an array\n"},
	{"{" GOOD ",\"colour\":1}", "colour: there is no such member\n"},
	{"{" GOOD ",\"id\":\"x\",\"dualSecret\":true}",
		"id: is read-only\ndualSecret: is read-only\n"},
	{"{" GOOD ",\"paused\":true}",
		"paused: a webhook cannot be created paused\n"},
	{"{" GOOD ",\"name\":7}", "name: expected a string, found a number\n"},
	{"{" GOOD ",\"name\":\"\"}",
		"name: has 0 characters, expected 1 to 50\n"},
	{"{" GOOD ",\"name\":\"" FIFTY "x\"}",
		"name: has 51 characters, expected 1 to 50\n"},
	{"{" GOOD ",\"name\":\"a<b\"}",
		"name: expected letters and digits, and - . _ @ \\ and "
		"blanks between them\n"},
	{"{" GOOD ",\"name\":\" a\"}",
		"name: expected letters and digits, and - . _ @ \\ and "
		"blanks between them\n"},
	{"{" GOOD ",\"name\":\"a\\nb\"}", "name: holds a control character\n"},
	{"{" GOOD ",\"destination\":\"\"}", "destination: may not be empty\n"},
	{"{" GOOD ",\"secret\":\"abc\"}",
		"secret: has 3 characters, expected 4 to 100\n"},
	{"{" GOOD ",\"secret\":\"" FIFTY FIFTY "x\"}",
		"secret: has 101 characters, expected 4 to 100\n"},
	{"{" GOOD ",\"secret\":null}",
		"secret: has 0 characters, expected 4 to 100\n"},
	{"{" GOOD ",\"secondarySecret\":\"abc\"}",
		"secondarySecret: has 3 characters, expected 4 to "
		"100\n"},
	{"{" GOOD ",\"description\":\"" FIFTY FIFTY "x\"}",
		"description: has 101 characters, expected 0 to "
		"100\n"},
	{"{" GOOD ",\"batching\":1,\"challengeRequestEnabled\":"
	 "\"no\"}",
		"batching: expected true or false, found a number\n"
		"challengeRequestEnabled: expected true or false, "
		"found a string\n"},
	{"{" GOOD ",\"authType\":\"Basic\"}",
		"authType: expected \"Oauth\", \"APIKey\" or \"\", "
		"found \"Basic\"\n"},
	{"{" GOOD ",\"authType\":\"APIKey\"}",
		"apiKey: is mandatory for authType APIKey\n"},
	{"{" GOOD ",\"authType\":\"Oauth\",\"clientId\":\"c\"}",
		"issuerUrl: is mandatory for authType Oauth\n"
		"clientSecret: is mandatory for authType Oauth\n"},
	{"{" GOOD ",\"apiKey\":\"k\"}",
		"authType: clientId, clientSecret and issuerUrl go "
		"with Oauth, apiKey with APIKey\n"},
	{"{" GOOD ",\"authType\":\"APIKey\",\"apiKey\":\"a\\r\\nb\"}",
		"apiKey: holds a control character\n"},
};

TEST(gl_draft, what_is_wrong_is_named_by_its_member)
{
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		expect_issues(NULL, wrong[i].body, wrong[i].issues);
}

TEST(gl_draft, a_patch_says_only_what_it_names)
{
	CLEANUP(reading_release) struct reading got;
	const struct webhook_draft *draft = &got.draft.draft;

	read_draft(&got, &plain, "{\"secondarySecret\":\"your-new-hmac\"}");
	CHECK_TEXT(buf_text(&got.issues), "");
	CHECK(draft->has_second_secret && draft->verifies);
	CHECK(!draft->has_name && !draft->has_destination &&
		!draft->has_secret && !draft->has_state && !draft->has_filter);
	CHECK_INT(got.options.handshake, HANDSHAKE_GREENLAKE);
	CHECK(!got.draft.is_empty);
}

TEST(gl_draft, a_second_secret_is_cleared_by_nothing_and_by_null)
{
	static const char *const bodies[] = {
		"{\"secret\":\"your-new-hmac\",\"secondarySecret\":\"\"}",
		"{\"secret\":\"your-new-hmac\",\"secondarySecret\":null}"};

	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		CLEANUP(reading_release) struct reading got;

		read_draft(&got, &plain, bodies[i]);
		CHECK_TEXT(buf_text(&got.issues), "");
		CHECK(got.draft.draft.has_second_secret);
		CHECK_INT(got.draft.draft.second_secret.len, 0);
	}
}

TEST(gl_draft, enabling_is_an_enabling_only_of_what_is_paused)
{
	struct webhook paused = plain;
	CLEANUP(reading_release) struct reading got, other, third;

	paused.health.status = WEBHOOK_OFF;
	read_draft(&got, &plain, "{\"paused\":false}");
	CHECK(!got.draft.draft.has_state && got.draft.draft.verifies);
	read_draft(&other, &paused, "{\"paused\":false}");
	CHECK(other.draft.draft.has_state);
	CHECK_INT(other.draft.draft.state, WEBHOOK_ENABLED);
	read_draft(&third, &plain, "{\"paused\":true}");
	CHECK(third.draft.draft.has_state);
	CHECK_INT(third.draft.draft.state, WEBHOOK_DISABLED);
}

TEST(gl_draft, a_patch_merges_the_credential)
{
	struct webhook keyed = plain;
	CLEANUP(reading_release) struct reading got, off;

	keyed.options.auth = (struct webhook_auth){.type = AUTH_API_KEY,
		.header = STR("Authorization"),
		.secret = STR("old")};
	read_draft(&got, &keyed, "{\"apiKey\":\"new\"}");
	CHECK_TEXT(buf_text(&got.issues), "");
	CHECK_STR(got.options.auth.secret, STR("new"));
	CHECK_STR(got.options.auth.header, STR("Authorization"));
	read_draft(&off, &keyed, "{\"authType\":\"\"}");
	CHECK_INT(off.options.auth.type, AUTH_NONE);
	expect_issues(&plain, "{\"apiKey\":\"new\"}",
		"authType: clientId, clientSecret and issuerUrl go with "
		"Oauth, apiKey with APIKey\n");
	expect_issues(&plain, "{\"name\":null,\"destination\":null}",
		"name: has 0 characters, expected 1 to 50\n"
		"destination: may not be empty\n");
}

TEST(gl_draft, of_members_named_twice_the_last_one_counts)
{
	CLEANUP(reading_release) struct reading got;

	read_draft(&got, &plain, "{\"name\":7,\"name\":\"b\"}");
	CHECK_TEXT(buf_text(&got.issues), "");
	CHECK_STR(got.draft.draft.name, STR("b"));
}

TEST(gl_draft, an_empty_patch_says_nothing)
{
	CLEANUP(reading_release) struct reading got;

	read_draft(&got, &plain, "{}");
	CHECK(got.draft.is_empty);
}
