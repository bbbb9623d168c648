#include "pipeline/outlet.h"

#include "check.h"
#include "pipeline/webhook_snapshot.h"

static struct webhook *
make_webhook(void)
{
	struct webhook *webhook = webhook_new();

	webhook->generation = 1234567890;
	CHECK_OK(signature_read_secret(
		STR("whsec_MDEyMzQ1Njc4OWFiY2RlZg=="), &webhook->key));
	return webhook;
}

TEST(outlet, all_attempts_share_one_until_the_last_is_over)
{
	struct webhook *webhook = make_webhook();
	struct outlet *home = NULL;
	struct outlet *first = outlet_take(&home, webhook);

	CHECK(home == first);
	CHECK(outlet_take(&home, webhook) == first);
	CHECK_INT(atomic_load(&webhook->refs), 2);
	CHECK_TEXT(first->generation, "1234567890");
	outlet_give_back(first);
	CHECK(home == first);
	outlet_give_back(first);
	CHECK(home == NULL);
	CHECK_INT(atomic_load(&webhook->refs), 1);
	outlet_give_back(NULL);
	webhook_unref(webhook);
}

TEST(outlet, of_a_former_snapshot_serves_its_attempts_and_no_others)
{
	struct webhook *former = make_webhook(), *next = make_webhook();
	struct outlet *home = NULL;
	struct outlet *old = outlet_take(&home, former);
	struct outlet *present;

	outlet_leave_home(&home);
	outlet_leave_home(&home); /* which is empty */
	present = outlet_take(&home, next);
	CHECK(present != old && present->webhook == next);
	CHECK(old->webhook == former);
	webhook_unref(former);
	outlet_give_back(old);
	CHECK(home == present);
	outlet_give_back(present);
	webhook_unref(next);
}

TEST(outlet, without_a_home_serves_one_alone)
{
	struct webhook *webhook = make_webhook();
	struct outlet *one = outlet_take(NULL, webhook);
	struct outlet *other = outlet_take(NULL, webhook);

	CHECK(one != other);
	outlet_give_back(one);
	outlet_give_back(other);
	CHECK_INT(atomic_load(&webhook->refs), 1);
	webhook_unref(webhook);
}

TEST(outlet, signs_each_message_anew)
{
	static const char *const expected[] = {
		"v1,iy11jfykhiN7sjAT5s+DWkhIO4zAbgpF8Y6sK6Vhpb0=",
		"v1,v/mdGTXI+gu7IQuj/SREWxe3KxYKyJukGVlcxlgIinA=",
	};
	CLEANUP(arena_release) struct arena arena = {0};
	struct webhook *webhook = make_webhook();
	struct outlet *outlet = outlet_take(NULL, webhook);

	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		struct signing_message message = {.id = STR("id"),
			.time = (int64_t)(i + 1) * 1000000,
			.body = STR("body")};
		struct http_header headers[SIGNING_HEADERS_MAX];

		CHECK_INT(signing_headers(
				  &outlet->signing, &message, &arena, headers),
			1);
		CHECK_STR(headers[0].name, STR("webhook-signature"));
		CHECK_STR(headers[0].value, str_of(expected[i]));
	}
	outlet_give_back(outlet);
	webhook_unref(webhook);
}
