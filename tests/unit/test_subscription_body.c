#include "api/subscription_body.h"

#include "check.h"

#define ID "01234567-89ab-4def-8123-456789abcdef"
#define URI "/events/v1beta1/webhooks/" ID

static struct arena arena;
static struct subscription_body body;

/** Reads a text; the first issue as "subject: description", or "". */
static const char *
read_body(enum subscription_body_kind kind, const char *text)
{
	struct json_doc *doc = ARENA_NEW(&arena, struct json_doc);

	CHECK_OK(json_read(str_of(text), &arena, doc, NULL));
	subscription_body_read(json_root(doc), kind, &arena, &body);
	if (body.issue_count == 0)
		return "";
	return arena_printf(&arena, "%.*s: %.*s",
		STR_ARG(body.issues[0].subject),
		STR_ARG(body.issues[0].description))
		.ptr;
}

TEST(subscription_body, an_array_or_one_object_makes_drafts)
{
	static const char *const one =
		"{\"eventType\":\"a.*\",\"eventFilter\":\"n eq 1\","
		"\"webhook\":{\"resourceUri\":\"" URI "\"}}";
	char two[600];
	struct uuid id;

	CHECK_OK(uuid_parse(STR(ID), &id));
	snprintf(two, sizeof(two), "[%s,%s]", one, one);
	CHECK_TEXT(read_body(SUBSCRIPTION_GL_CREATE, two), "");
	CHECK_INT(body.count, 2);
	CHECK_TEXT(read_body(SUBSCRIPTION_GL_CREATE, one), "");
	CHECK_INT(body.count, 1);
	CHECK_STR(body.drafts[0].type, STR("a.*"));
	CHECK_STR(body.drafts[0].condition, STR("n eq 1"));
	CHECK(body.drafts[0].has_condition);
	CHECK(uuid_equal(body.drafts[0].webhook, id));
}

TEST(subscription_body, a_native_patch_says_what_it_speaks_of)
{
	CHECK_TEXT(read_body(SUBSCRIPTION_PATCH, "{}"), "");
	CHECK(!body.has_type && !body.has_webhook);
	CHECK(!body.drafts[0].has_condition);
	CHECK_TEXT(read_body(SUBSCRIPTION_PATCH,
			   "{\"eventFilter\":null,\"webhookId\":\"" ID "\"}"),
		"");
	CHECK(body.has_webhook && !body.has_type);
	CHECK(body.drafts[0].has_condition);
	CHECK_INT(body.drafts[0].condition.len, 0);
}

TEST(subscription_body, what_is_wrong_is_told_with_its_place)
{
	static const struct {
		enum subscription_body_kind kind;
		const char *text, *issue;
	} rows[] = {
		{SUBSCRIPTION_GL_CREATE, "[{},7]", "[0].eventType: is missing"},
		{SUBSCRIPTION_GL_CREATE, "[]",
			": expected an array of 1 to 100 subscriptions, found "
			"0"},
		{SUBSCRIPTION_CREATE, "[]",
			": expected an object, found an array"},
		{SUBSCRIPTION_CREATE, "{\"subscriptionId\":\"" ID "\"}",
			": there is no member \"subscriptionId\", expected "
			"eventType, webhookId, eventFilter"},
		{SUBSCRIPTION_PATCH, "{\"webhookId\":\"x\"}",
			"webhookId: expected a UUID"},
		{SUBSCRIPTION_PATCH, "{\"eventType\":\"a*\"}",
			"eventType: has a '*' that stands behind neither '.' "
			"nor '/'"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		CHECK_TEXT(
			read_body(rows[i].kind, rows[i].text), rows[i].issue);
	arena_release(&arena);
}
