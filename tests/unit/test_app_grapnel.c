#include "http_wire.h"

/* The app grapnel:*. */

#define IN "{\"connection\":\"g\"}"
#define BASE "\"baseUrl\":\"http://127.0.0.1:PORT/\""
#define PROVED "Authorization: Bearer tok\r\n"

static void
connect_by_token(void)
{
	wire_connect("g", "grapnel", "{" BASE ",\"token\":\"tok\"}");
}

TEST(app_grapnel, call_reaches_any_operation_with_a_token)
{
	BEGIN(ANSWER("200 OK", "Content-Type: application/json\r\n", 12,
		      "{\"items\":[]}"
		      ""),
		ANSWER("202 OK", "Content-Type: application/json\r\n", 2,
			"{}"));
	connect_by_token();
	wire_call("grapnel:Call", IN,
		"{\"path\":\"/compute-ops-mgmt/v1/servers?limit=1\",\"query\":"
		"[{\"name\":\"filter\",\"value\":\"name eq 'a'\"}]}");
	CHECK_OUT("grapnel:Call", IN,
		"{\"method\":\"post\",\"path\":\"/compute-ops-mgmt/v1/jobs\","
		"\"body\":{\"jobType\":\"PowerOn\"},\"headers\":[{\"name\":"
		"\"X-A\",\"value\":\"1\"}]}",
		"[{\"statusCode\":202,\"data\":{},\"headers\":{"
		"\"content-type\":\"application/json\",\"content-length\":"
		"\"2\"}}]");
	wire_end(HEAD("GET /compute-ops-mgmt/v1/servers?limit=1&filter=name%20"
		      "eq%20%27a%27") PROVED
		"\r\n" HEAD(
			"POST /compute-ops-mgmt/v1/jobs") "X-A: 1\r\nIdempotency-Key: "
							  "grapnel-f99105f2982a8e48\r\n"
							  "Content-Type: "
							  "application/json\r\n" PROVED
							  "Content-Length: 21\r\n\r\n"
							  "{\"jobType\":\"PowerOn\"}");
}

TEST(app_grapnel, client_gets_its_token_from_the_hub_itself)
{
	BEGIN(ANSWER("200 OK", "", 22, "{\"access_token\":\"tok\"}"), OK);
	wire_connect("g", "grapnel",
		"{" BASE ",\"clientId\":\"c\",\"clientSecret\":\"s\"}");
	CHECK_OUT("grapnel:DeleteResource", IN,
		"{\"type\":\"compute-ops/server\",\"id\":\"a b\"}",
		"[{\"statusCode\":204,\"data\":null,\"headers\":{"
		"\"content-length\":\"0\"}}]");
	wire_end("POST /as/token.oauth2 HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n"
		 "User-Agent: test\r\nAuthorization: Basic Yzpz\r\n"
		 "Accept: application/json\r\nContent-Type: "
		 "application/x-www-form-urlencoded\r\nContent-Length: 29"
		 "\r\n\r\ngrant_type=client_credentials" HEAD(
			 "DELETE /v1/resources/compute-ops%2Fserver/a%20b")
			 PROVED "\r\n");
}

TEST(app_grapnel, event_has_the_same_id_at_every_try)
{
#define EVENT \
	HEAD("POST /v1/events") \
	"Content-Type: application/cloudevents+json\r\n" PROVED \
	"Content-Length: 156\r\n\r\n{\"specversion\":\"1.0\",\"id\":" \
	"\"grapnel-d0a164a81d80e92c\",\"source\":\"/scenarios/s\",\"type\":\"a.b\"," \
	"\"subject\":\"s\",\"datacontenttype\":\"application/json\"," \
	"\"data\":{\"n\":1}}"
	BEGIN(OK, OK);
	connect_by_token();
	wire_call("grapnel:PublishEvent", IN,
		"{\"type\":\"a.b\",\"subject\":\"s\",\"data\":{\"n\":1}}");
	run_world.execution.sequence--;
	wire_call("grapnel:PublishEvent", IN,
		"{\"type\":\"a.b\",\"subject\":\"s\",\"data\":{\"n\":1}}");
	wire_end(EVENT EVENT);
}

TEST(app_grapnel, state_is_put)
{
	BEGIN(OK);
	connect_by_token();
	wire_call("grapnel:PutResource", IN,
		"{\"type\":\"t\",\"id\":\"i\",\"state\":{\"a\":true}}");
	wire_end(HEAD("PUT /v1/resources/t/i") "Content-Type: application/json"
					       "\r\n" PROVED
					       "Content-Length: 10\r\n\r\n"
					       "{\"a\":true}");
}

TEST(app_grapnel, refusals_and_bad_input_are_told)
{
	BEGIN(ANSWER("404 No", "Content-Type: application/json\r\n", 21,
		      "{\"message\":\"no such\"}"),
		ANSWER("401 No", "", 0, ""));
	CHECK_OUT("grapnel:Call", "{}", "{\"path\":\"/a\"}",
		"InvalidConfigurationError: grapnel:Call needs a connection of "
		"type grapnel: name it in parameters.connection");
	CHECK_OUT("grapnel:Call", "{\"connection\":\"other\"}",
		"{\"path\":\"/a\"}",
		"InvalidConfigurationError: grapnel:Call needs a connection of "
		"type grapnel: there is none with the id \"other\"");
	connect_by_token();
	CHECK_OUT("grapnel:Call", IN, "{\"path\":\"http://a/\"}",
		"DataError: path: expected a path that begins with /");
	CHECK_OUT("grapnel:PutResource", IN, "{\"type\":\"t\",\"id\":\"i\"}",
		"BundleValidationError: state: must be given");
	CHECK_OUT("grapnel:Call", IN, "{\"path\":\"/a\"}",
		"DataError: [404] no such");
	CHECK_OUT("grapnel:Call", IN, "{\"path\":\"/a\"}",
		"InvalidAccessTokenError: [401] ");
	wire_end(HEAD("GET /a") PROVED "\r\n" HEAD("GET /a") PROVED "\r\n");
}
