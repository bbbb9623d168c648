#include "api_hub.h"
#include "base/encode.h"
#include "check.h"

static int
ask_token(struct api_hub *hub, struct str id, struct str secret)
{
	struct str body = arena_printf(&hub->arena,
		"grant_type=client_credentials&client_id=%.*s"
		"&client_secret=%.*s",
		STR_ARG(id), STR_ARG(secret));

	return api_hub_request(
		hub, -1, "POST /as/token.oauth2", FORM, body.ptr);
}

TEST(oauth, key_is_exchanged_for_a_token_that_works)
{
	struct api_hub *hub = api_hub_start();
	struct str text = hub->texts[ROLE_VIEWER], token, header;
	struct str id = str_head(text, 15), secret = str_skip(text, 16);

	CHECK_INT(ask_token(hub, id, secret), 200);
	CHECK(api_hub_says(hub, "\"token_type\":\"Bearer\","
				"\"expires_in\":7199}"));
	CHECK(api_hub_says(hub, "Cache-Control: no-store\r\n"));
	token = str_skip(api_hub_body(hub), strlen("{\"access_token\":\""));
	token = str_head(token, str_find_char(token, '"'));
	header = arena_printf(
		&hub->arena, "Authorization: Bearer %.*s\r\n", STR_ARG(token));
	CHECK_INT(api_hub_request(
			  hub, -1, "GET " COM "/webhooks/1", header.ptr, ""),
		200);
	CHECK(api_hub_says(hub, arena_copy(&hub->arena, id).ptr));
	CHECK_INT(
		api_hub_request(hub, -1, "GET /v1/keys", header.ptr, ""), 403);
	CHECK_INT(ask_token(hub, id, text), 200);
	CHECK_INT(ask_token(hub, id, STR("wrong")), 401);
	CHECK(api_hub_says(hub, "{\"error\":\"invalid_client\""));
	CHECK(api_hub_says(hub, "WWW-Authenticate: Basic"));
	api_hub_stop(hub);
}

TEST(oauth, client_may_come_by_http_basic)
{
	struct api_hub *hub = api_hub_start();
	CLEANUP(buf_release) struct buf basic = buf_make(0);
	struct str text = hub->texts[ROLE_ADMIN], plain, header;

	plain = arena_printf(&hub->arena, "%.15s:%.*s", text.ptr,
		STR_ARG(str_skip(text, 16)));
	encode_base64(&basic, plain);
	header = arena_printf(&hub->arena, FORM "Authorization: Basic %s\r\n",
		buf_text(&basic));
	CHECK_INT(api_hub_request(hub, -1, "POST /as/token.oauth2", header.ptr,
			  "grant_type=client_credentials"),
		200);
	CHECK_INT(api_hub_request(hub, -1, "POST /as/token.oauth2", header.ptr,
			  "grant_type=client_credentials&client_secret=x"),
		400);
	api_hub_stop(hub);
}

TEST(oauth, bad_requests_have_the_codes_of_the_rfc)
{
	static const struct {
		const char *headers;
		const char *body;
		int status;
		const char *error;
	} cases[] = {
		{FORM, "", 400, "invalid_request"},
		{FORM, "client_id=a&client_secret=b", 400, "invalid_request"},
		{FORM, "grant_type=password", 400, "unsupported_grant_type"},
		{FORM, "grant_type=client_credentials", 401, "invalid_client"},
		{FORM,
			"grant_type=client_credentials"
			"&grant_type=client_credentials",
			400, "invalid_request"},
		{FORM,
			"grant_type=client_credentials&client_id=%zz"
			"&client_secret=b",
			400, "invalid_request"},
		{FORM "Authorization: Basic !!!\r\n",
			"grant_type=client_credentials", 400,
			"invalid_request"},
		{JSON, "{}", 415, "invalid_request"},
	};
	struct api_hub *hub = api_hub_start();

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct str expected = arena_printf(
			&hub->arena, "{\"error\":\"%s\"", cases[i].error);

		CHECK_INT(api_hub_request(hub, -1, "POST /as/token.oauth2",
				  cases[i].headers, cases[i].body),
			cases[i].status);
		CHECK(str_starts_with(api_hub_body(hub), expected));
	}
	api_hub_stop(hub);
}
