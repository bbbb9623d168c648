/*
 * What HPE's PowerShell module sends, request by request, and reading the
 * secret beside it.
 */
#include "com_double.h"

#define CLIENT "Accept: application/json\nContent-Type: application/json"

TEST(com_client, gets_a_webhook_with_a_page_in_the_query)
{
	struct com_hub hub;
	struct webhook *webhook;
	struct com_answer got;

	com_hub_init(&hub);
	webhook = com_hub_add(&hub, "n");
	got = com_ask(&hub, "GET",
		com_path(&hub, webhook, "?limit=100&offset=0"), CLIENT, NULL);
	CHECK_INT(got.status, 200);
	CHECK_STR(com_text_at(&hub, &got, "name"), STR("n"));
	got = com_ask(
		&hub, "GET", "/webhooks?limit=100&offset=0", CLIENT, NULL);
	CHECK(str_starts_with(got.body,
		STR("{\"count\":1,\"offset\":0,\"total\":1,\"items\":[{")));
	got = com_ask(&hub, "GET",
		com_path(&hub, webhook, "/deliveries?limit=100&offset=0"),
		CLIENT, NULL);
	CHECK_STR(got.body,
		STR("{\"count\":0,\"offset\":0,\"total\":0,\"items\":[]}"));
	com_hub_release(&hub);
}

TEST(com_client, pages_through_by_items_of_the_first_page)
{
	struct com_hub hub;
	struct com_answer got;

	com_hub_init(&hub);
	for (int i = 0; i < 25; i++)
		com_hub_add(&hub, "n");
	got = com_get(&hub, "/webhooks?limit=100&offset=0");
	CHECK(str_starts_with(
		got.body, STR("{\"count\":25,\"offset\":0,\"total\":25,")));
	com_hub_release(&hub);
}

TEST(com_client, creates_with_empty_headers)
{
	struct com_hub hub;

	com_hub_init(&hub);
	CHECK_INT(com_ask(&hub, "POST", "/webhooks", CLIENT, COM_CREATE).status,
		201);
	CHECK_INT(hub.webhooks[0]->header_count, 0);
	com_hub_release(&hub);
}

TEST(com_client, patches_four_members_always)
{
	struct com_hub hub;
	struct webhook *webhook;
	struct com_answer got;

	com_hub_init(&hub);
	webhook = com_hub_add(&hub, "n");
	com_patch(&hub, webhook, NULL, "{\"headers\":{\"A\":\"1\"}}");
	got = com_patch(&hub, webhook,
		"Accept: application/json\n"
		"Content-Type: application/merge-patch+json",
		"{\"name\":\"m\",\"destination\":\"https://example.com/new\","
		"\"state\":\"ENABLED\",\"eventFilter\":\"type eq 'y'\"}");
	CHECK_INT(got.status, 200);
	CHECK_STR(com_text_at(&hub, &got, "name"), STR("m"));
	CHECK_STR(com_text_at(&hub, &got, "destination"),
		STR("https://example.com/new"));
	CHECK_STR(com_text_at(&hub, &got, "eventFilter"), STR("type eq 'y'"));
	CHECK_STR(com_text_at(&hub, &got, "status"), STR("PENDING"));
	CHECK_INT(webhook->header_count, 1);
	com_hub_release(&hub);
}

/* ---- the secret ---- */

TEST(com_client, secret_is_shown_once)
{
	struct com_hub hub;
	struct com_answer got;
	const char *path;

	com_hub_init(&hub);
	path = arena_printf(&hub.arena, "/v1%s",
		com_path(&hub, com_hub_add(&hub, "n"), "/secret"))
		       .ptr;
	hub.refusal = ERR_IO;
	got = com_get(&hub, path);
	CHECK_INT(got.status, 503);
	got = com_get(&hub, path);
	CHECK_INT(got.status, 200);
	CHECK_STR(got.body, STR("{\"secret\":\"whsec_dGVzdA==\"}"));
	CHECK_HAS(got.headers, "Cache-Control: no-store\n");
	got = com_get(&hub, path);
	CHECK_INT(got.status, 410);
	CHECK_HAS(got.message, "shown only once");
	CHECK_INT(com_get(&hub, "/v1/webhooks/7/secret").status, 404);
	CHECK_INT(com_get(&hub, "/v1/webhooks/"
				"00000000-0000-4000-8000-000000000000/secret")
			  .status,
		404);
	com_hub_release(&hub);
}
