#include "http_wire.h"

/* The app http:*, against a peer that says exactly what it is told to. */

#define OK_OUT(data_) \
	"[{\"data\":" data_ ",\"statusCode\":204,\"headers\":[{\"name\":" \
	"\"content-length\",\"value\":\"0\"}],\"fileSize\":0}]"
#define URL "\"url\":\"http://127.0.0.1:PORT/a\""

/* ---- version 3 ---- */

TEST(app_http, query_and_headers_are_sent_as_given)
{
	BEGIN(OK, OK);
	CHECK_OUT("http:ActionSendData", "{}",
		"{\"url\":\" http://127.0.0.1:PORT/\xC3\xA4 b?x=%20#f\","
		"\"method\":\"get\",\"headers\":[{\"name\":\"X-A\",\"value\":"
		"\"1, 2\"},{\"name\":\"\",\"value\":\"\"}],\"qs\":[{\"name\":"
		"\"k&\",\"value\":\"a b\"},{\"name\":\"r\",\"value\":1},"
		"{\"name\":\"r\",\"value\":2}]}",
		OK_OUT("null"));
	CHECK_OUT("http:ActionSendData", "{}",
		"{" URL ",\"method\":\"delete\",\"useQuerystring\":true,"
		"\"qs\":[{\"name\":\"r\",\"value\":1},{\"name\":\"r\","
		"\"value\":2}]}",
		OK_OUT("null"));
	wire_end(
		HEAD("GET /%C3%A4%20b?x=%20&k%26=a%20b&r%5B0%5D=1&r%5B1%5D=2") "X-A: 1, 2\r\n\r\n" HEAD(
			"DELETE /a?r=1&r=2") "\r\n");
}

TEST(app_http, bodies_are_raw_form_or_multipart)
{
	struct str form, boundary;

	BEGIN(OK, OK, OK, OK);
	wire_call("http:ActionSendData", "{}",
		"{" URL ",\"method\":\"post\",\"bodyType\":\"raw\","
		"\"contentType\":\"application/json\",\"data\":{\"a\":[1]}}");
	wire_call("http:ActionSendData", "{}",
		"{" URL ",\"method\":\"put\",\"bodyType\":"
		"\"x_www_form_urlencoded\",\"formDataFields\":[{\"key\":\"a "
		"b\",\"value\":\"1&2\"},{\"key\":\"c\",\"value\":true}]}");
	wire_call("http:ActionSendData", "{}", "{" URL ",\"method\":\"post\"}");
	wire_call("http:ActionSendData", "{}",
		"{" URL ",\"method\":\"post\",\"bodyType\":"
		"\"multipart_form_data\",\"formDataFields\":[{\"key\":\"t\","
		"\"value\":\"x\"},{\"key\":\"f\",\"fieldType\":\"file\","
		"\"fileName\":\"a.csv\",\"data\":\"1,2\"}]}");
	form = wire_asked();
	boundary = str_skip(form, str_find(form, STR("boundary=")) + 9);
	boundary = str_head(boundary, str_find_char(boundary, '\r'));
	CHECK_INT(boundary.len, 8 + 32);
	CHECK_STR(form,
		wire_swap(
			arena_printf(&run_world.arena,
				HEAD("POST /a") "Content-Type: application/json"
						"\r\nContent-Length: 9\r\n\r\n"
						"{\"a\":[1]}" HEAD(
							"PUT /a") "Content-Type: application/x-www-form-urlencoded"
								  "\r\nContent-Length: 18\r\n\r\na%%20b=1%%262&"
								  "c=true" HEAD("POST /a") "Content-Length: 0\r\n\r\n" HEAD(
									  "POST /a") "Content-Type: multipart/form-data"
										     "; boundary=%.*s\r\nContent-Length: 288\r\n\r\n"
										     "--%.*s\r\nContent-Disposition: form-data; name="
										     "\"t\"\r\n\r\nx\r\n--%.*s\r\nContent-Disposition: "
										     "form-data; name=\"f\"; filename=\"a.csv\"\r\n"
										     "Content-Type: application/octet-stream\r\n\r\n"
										     "1,2\r\n--%.*s--\r\n",
				STR_ARG(boundary), STR_ARG(boundary),
				STR_ARG(boundary), STR_ARG(boundary)),
			true));
	wire_end(NULL);
}

TEST(app_http, answers_are_parsed_by_their_type)
{
	BEGIN(ANSWER("200 OK", "Content-Type: application/problem+json\r\n", 7,
		      "{\"a\":1}"),
		ANSWER("200 OK", "Content-Type: text/xml\r\n", 4, "<a/>"),
		ANSWER("200 OK", "Content-Type: application/json\r\n", 7,
			"{\"a\":1}"),
		ANSWER("200 OK", "Content-Type: a/b\r\n", 2, "\x01\xFF"),
		ANSWER("200 OK", "Content-Type: text/plain; charset=latin1\r\n",
			1, "\xE4"));
#define DATA(type_, data_, length_) \
	"[{\"data\":" data_ ",\"statusCode\":200,\"headers\":[{\"name\":" \
	"\"content-type\",\"value\":\"" type_ \
	"\"},{\"name\":\"content-length\",\"value\":\"" #length_ \
	"\"}],\"fileSize\":" #length_ "}]"
#define PARSED "{" URL ",\"parseResponse\":true}"
	CHECK_OUT("http:ActionSendData", "{}", PARSED,
		DATA("application/problem+json", "{\"a\":1}", 7));
	CHECK_OUT("http:ActionSendData", "{}", PARSED,
		DATA("text/xml", "{\"a\":{}}", 4));
	CHECK_OUT("http:ActionSendData", "{}", "{" URL "}",
		DATA("application/json", "\"{\\\"a\\\":1}\"", 7));
	CHECK_OUT("http:ActionSendData", "{}", PARSED,
		DATA("a/b", "{\"$buffer\":\"Af8=\"}", 2));
	CHECK_OUT("http:ActionSendData", "{}", PARSED,
		DATA("text/plain; charset=latin1", "\"\xC3\xA4\"", 1));
	wire_end(HEAD("GET /a") "\r\n" HEAD("GET /a") "\r\n" HEAD(
		"GET /a") "\r\n" HEAD("GET /a") "\r\n" HEAD("GET /a") "\r\n");
}

TEST(app_http, status_is_a_failure_only_when_asked)
{
	BEGIN(ANSWER("404 No", "", 4, "gone"), ANSWER("404 No", "", 4, "gone"),
		ANSWER("429 No", "", 4, "slow"), ANSWER("503 No", "", 0, ""),
		ANSWER("200 OK", "Content-Type: application/json\r\n", 1, "{"));
	CHECK_OUT("http:ActionSendData", "{\"handleErrors\":false}",
		"{" URL "}",
		"[{\"data\":\"gone\",\"statusCode\":404,\"headers\":[{\"name\":"
		"\"content-length\",\"value\":\"4\"}],\"fileSize\":4}]");
	CHECK_OUT("http:ActionSendData", "{\"handleErrors\":true}", "{" URL "}",
		"RuntimeError: [404] gone");
	CHECK_OUT("http:ActionSendData", "{\"handleErrors\":true}", "{" URL "}",
		"RateLimitError: [429] slow");
	CHECK_OUT("http:ActionSendData", "{\"handleErrors\":true}", "{" URL "}",
		"ConnectionError: [503] ");
	CHECK(str_starts_with(wire_call("http:ActionSendData", "{}",
				      "{" URL ",\"parseResponse\":true}"),
		STR("DataError: the answer is not valid JSON: line 1")));
	wire_end(HEAD("GET /a") "\r\n" HEAD("GET /a") "\r\n" HEAD(
		"GET /a") "\r\n" HEAD("GET /a") "\r\n" HEAD("GET /a") "\r\n");
}

TEST(app_http, wrong_input_is_refused_before_anything_is_sent)
{
	wire_begin(NULL, 0);
	CHECK_OUT("http:ActionSendData", "{}", "{}",
		"BundleValidationError: url: must be given");
	CHECK_OUT("http:ActionSendData", "{}", "{" URL ",\"method\":\"brew\"}",
		"DataError: method: \"brew\" is none of get, head, post, put, "
		"patch, delete, options");
	CHECK_OUT("http:ActionSendData", "{}",
		"{" URL ",\"headers\":[{\"name\":\"a b\",\"value\":\"c\"}]}",
		"DataError: headers[0]: \"a b\" with this value cannot be a "
		"header");
	CHECK_OUT("http:ActionSendData", "{}", "{" URL ",\"timeout\":900}",
		"BundleValidationError: timeout: expected a number from 1 to "
		"300");
	CHECK_OUT("http:ActionSendData", "{}", "{\"url\":\"ftp://a\"}",
		"DataError: GET ftp://a: column 1: expected https:// (or "
		"http://)");
	CHECK_OUT("http:ActionSendData", "{}",
		"{\"url\":\"http://10.1.2.3/\",\"timeout\":5}",
		"InvalidConfigurationError: GET http://10.1.2.3/: address "
		"10.1.2.3 is private: not on the allow-list");
	CHECK_OUT("http:ActionSendDataOAuth", "{}", "{" URL "}",
		"InvalidConfigurationError: http:ActionSendDataOAuth needs a "
		"connection of type http with tokenUrl: name it in "
		"parameters.connection");
	wire_end("");
}

TEST(app_http, connection_proves_by_basic_key_or_query)
{
	BEGIN(OK, OK, OK, OK);
	wire_connect("b", "http", "{\"username\":\"u\",\"password\":\"p\"}");
	wire_connect(
		"k", "http", "{\"apiKey\":\"s3\",\"apiKeyName\":\"X-Key\"}");
	wire_connect("q", "http",
		"{\"apiKey\":\"s/3\",\"apiKeyName\":\"key\","
		"\"apiKeyPlace\":\"query\",\"baseUrl\":"
		"\"http://127.0.0.1:PORT/v1/\"}");
	CHECK_OUT("http:ActionSendDataBasicAuth", "{\"key\":\"b\"}",
		"{" URL "}", OK_OUT("null"));
	CHECK_OUT("http:ActionSendDataAPIKeyAuth", "{\"auth\":\"k\"}",
		"{" URL ",\"headers\":[{\"name\":\"x-key\",\"value\":\"no\"}]}",
		OK_OUT("null"));
	CHECK_OUT("http:ActionSendDataAPIKeyAuth", "{\"auth\":\"q\"}",
		"{\"url\":\"/a?b=1\"}", OK_OUT("null"));
	CHECK(str_find(run_world.steps[0].trace, STR("s%2F3")) == SIZE_MAX);
	CHECK_OUT("http:ActionSendData", "{}",
		"{" URL ",\"authUser\":\"x\",\"authPass\":\"y\"}",
		OK_OUT("null"));
	CHECK(str_find(run_world.steps[0].trace, STR("eDp5")) == SIZE_MAX);
	CHECK_OUT("http:ActionSendDataOAuth", "{\"account\":\"b\"}",
		"{" URL "}",
		"InvalidConfigurationError: the connection b has no tokenUrl");
	wire_end(HEAD("GET /a") "Authorization: Basic dTpw\r\n\r\n" HEAD("GET /a") "X-Key: s3\r\n\r\n" HEAD(
		"GET /v1/a?b=1&key=s%2F3") "\r\n" HEAD("GET /a") "Authorization: Basic eDp5\r\n\r\n");
}

TEST(app_http, secret_in_the_address_is_not_in_the_message)
{
	static const struct wire_reply replies[] = {
		{.bytes = "", .then = WIRE_CLOSE}};
	struct str result;

	wire_begin(replies, 1);
	wire_connect("q", "http",
		"{\"apiKey\":\"s3cret\",\"apiKeyName\":\"key\","
		"\"apiKeyPlace\":\"query\"}");
	result = wire_call("http:ActionSendDataAPIKeyAuth", "{\"auth\":\"q\"}",
		"{" URL ",\"method\":\"post\"}");
	CHECK(str_starts_with(result,
		STR("ConnectionError: POST http://127.0.0.1:PORT/a?key=***: "
		    "")));
	CHECK(str_find(result, STR("s3cret")) == SIZE_MAX);
	wire_end(HEAD("POST /a?key=s3cret") "Content-Length: 0\r\n\r\n");
}

#define TOKEN(token_) \
	ANSWER("200 OK", "", 48, \
		"{\"access_token\":\"" token_ "\",\"expires_in\":3600}      ")
#define FETCH \
	"POST /t HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nUser-Agent: test\r\n" \
	"Authorization: Basic YzpzJTI2\r\nAccept: application/json\r\n" \
	"Content-Type: application/x-www-form-urlencoded\r\n" \
	"Content-Length: 41\r\n\r\ngrant_type=client_credentials&scope=r%20w"
#define OAUTH \
	"{\"tokenUrl\":\"http://127.0.0.1:PORT/t\",\"clientId\":\"c\"," \
	"\"clientSecret\":\"s&\",\"scope\":\"r w\"}"

TEST(app_http, token_is_fetched_once_and_anew_when_it_is_refused)
{
	BEGIN(TOKEN("one12"), OK, OK, ANSWER("401 No", "", 0, ""),
		TOKEN("two12"), OK);
	wire_connect("o", "http", OAUTH);
	for (int i = 0; i < 3; i++)
		CHECK_OUT("http:ActionSendDataOAuth", "{\"account\":\"o\"}",
			"{" URL "}", OK_OUT("null"));
	wire_end(FETCH HEAD("GET /a") "Authorization: Bearer one12\r\n\r\n" HEAD(
		"GET /a") "Authorization: Bearer one12\r\n\r\n" HEAD("GET /a") "Authorization: Bearer one12\r\n\r\n" FETCH
			HEAD("GET /a") "Authorization: Bearer two12\r\n\r\n");
}

TEST(app_http, refresh_token_is_exchanged_for_an_access_token)
{
	BEGIN(TOKEN("one12"), OK);
	wire_connect("o", "http",
		"{\"tokenUrl\":\"http://127.0.0.1:PORT/t\",\"clientId\":\"c\","
		"\"clientSecret\":\"s&\",\"refreshToken\":\"r/1\"}");
	CHECK_OUT("http:MakeRequest",
		"{\"authenticationType\":\"oAuth\",\"oAuthAccount\":\"o\"}",
		"{" URL "}",
		"[{\"data\":null,\"statusCode\":204,\"headers\":{"
		"\"content-length\":\"0\"}}]");
	wire_end("POST /t HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nUser-Agent: "
		 "test\r\nAuthorization: Basic YzpzJTI2\r\nAccept: "
		 "application/json\r\nContent-Type: "
		 "application/x-www-form-urlencoded\r\nContent-Length: 44"
		 "\r\n\r\ngrant_type=refresh_token&refresh_token=r%2F1" HEAD(
			 "GET /a") "Authorization: Bearer one12\r\n\r\n");
}

TEST(app_http, token_server_that_refuses_is_told)
{
	BEGIN(ANSWER("400 No", "", 2, "no"), ANSWER("200 OK", "", 2, "{}"));
	wire_connect("o", "http", OAUTH);
	CHECK_OUT("http:ActionSendDataOAuth", "{\"account\":\"o\"}",
		"{" URL "}",
		"InvalidAccessTokenError: no access token from "
		"http://127.0.0.1:PORT/t: it answered with status 400: no");
	CHECK_OUT("http:ActionSendDataOAuth", "{\"account\":\"o\"}",
		"{" URL "}",
		"InvalidAccessTokenError: no access token from "
		"http://127.0.0.1:PORT/t: its answer holds no usable "
		"access_token");
	wire_end(FETCH FETCH);
}

TEST(app_http, silence_and_long_answers_are_failures)
{
	static const struct wire_reply replies[] = {
		{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 6000000\r\n\r\n",
			.more = "0123456789",
			.more_count = 600000},
		{.bytes = "", .then = WIRE_HOLD}};

	wire_begin(replies, COUNT_OF(replies));
	CHECK_OUT("http:ActionSendData", "{}", "{" URL "}",
		"MaxFileSizeExceededError: GET http://127.0.0.1:PORT/a: the "
		"answer is over 5242880 bytes");
	CHECK(str_starts_with(wire_call("http:ActionSendData", "{}",
				      "{" URL ",\"timeout\":1}"),
		STR("ModuleTimeoutError: GET http://127.0.0.1:PORT/a: ")));
	wire_end(HEAD("GET /a") "\r\n" HEAD("GET /a") "\r\n");
}

TEST(app_http, redirects_are_followed_as_far_as_allowed)
{
	BEGIN(ANSWER("302 F", "Location: ../b?c#d\r\n", 0, ""), OK,
		ANSWER("302 F", "Location: /x\r\n", 0, ""),
		ANSWER("303 F", "Location: http://127.0.0.1/y\r\n", 0, ""),
		ANSWER("301 F", "Location: http://10.1.2.3/\r\n", 0, ""));
	CHECK_OUT("http:ActionSendData", "{}", "{" URL "}", OK_OUT("null"));
	CHECK(str_find(wire_call("http:ActionSendData", "{}",
			       "{" URL ",\"method\":\"post\"}"),
		      STR("\"statusCode\":302")) != SIZE_MAX);
	CHECK(str_find(wire_call("http:ActionSendData", "{}",
			       "{" URL ",\"followRedirect\":false}"),
		      STR("\"statusCode\":303")) != SIZE_MAX);
	CHECK_OUT("http:ActionSendData", "{}", "{" URL "}",
		"InvalidConfigurationError: GET http://10.1.2.3/: address "
		"10.1.2.3 is private: not on the allow-list");
	wire_end(HEAD("GET /a") "\r\n" HEAD("GET /b?c") "\r\n" HEAD(
		"POST /a") "Content-Length: 0\r\n\r\n" HEAD("GET /a") "\r\n" HEAD("GET /a") "\r\n");
}

TEST(app_http, secrets_do_not_follow_to_another_origin)
{
	static const char moved[] =
		"HTTP/1.1 307 F\r\nLocation: http://localhost:%d/b\r\n"
		"Content-Length: 0\r\nConnection: close\r\n\r\n";
	static char bytes[sizeof(moved) + 8];
	static const struct wire_reply replies[] = {
		{.bytes = bytes, .then = WIRE_CLOSE},
		ANSWER("204 No Content", "", 0, "")};

	wire_begin(replies, COUNT_OF(replies));
	snprintf(bytes, sizeof(bytes), moved, wire.port);
	wire_connect("b", "http", "{\"token\":\"t\"}");
	CHECK_OUT("http:MakeRequest", "{\"connection\":\"b\"}",
		"{" URL ",\"method\":\"post\",\"contentType\":\"custom\","
		"\"rawBodyContent\":\"x\",\"headers\":[{\"name\":"
		"\"X-Token\",\"value\":\"s\"},{\"name\":\"X-A\",\"value\":"
		"\"1\"}]}",
		"[{\"data\":null,\"statusCode\":204,\"headers\":{"
		"\"content-length\":\"0\"}}]");
	wire_end(HEAD("POST /a") "X-Token: s\r\nX-A: 1\r\nAuthorization: "
				 "Bearer t\r\nContent-Length: 1\r\n\r\nx"
				 "POST /b HTTP/1.1\r\nHost: localhost:PORT"
				 "\r\nUser-Agent: test\r\nAccept: */*\r\n"
				 "X-A: 1\r\nContent-Length: 1\r\n\r\nx");
}

TEST(app_http, file_comes_with_its_name_and_bytes)
{
	BEGIN(ANSWER("200 OK",
		      "Content-Disposition: attachment; filename=\"a b.txt\""
		      "\r\n",
		      2, "hi"),
		OK);
	CHECK(str_starts_with(
		wire_call("http:ActionGetFile", "{}", "{" URL "}"),
		STR("[{\"fileName\":\"a b.txt\",\"data\":{\"$buffer\":"
		    "\"aGk=\"},\"statusCode\":200,")));
	CHECK(str_starts_with(wire_call("http:ActionGetFile", "{}",
				      "{\"url\":\"http://127.0.0.1:PORT/d/"
				      "c%20d.bin?x=/y\"}"),
		STR("[{\"fileName\":\"c d.bin\",")));
	wire_end(HEAD("GET /a") "\r\n" HEAD("GET /d/c%20d.bin?x=/y") "\r\n");
}

TEST(app_http, targets_and_headers_are_asked_for_with_head)
{
	BEGIN(ANSWER("302 F", "Location: /b\r\n", 0, ""), OK, OK);
	CHECK_OUT("http:ActionResolveTargetUrl", "{}", "{" URL "}",
		"[{\"url\":\"http://127.0.0.1:PORT/b\",\"statusCode\":204}]");
	CHECK(str_starts_with(
		wire_call("http:ActionRetrieveHeaders", "{}", "{" URL "}"),
		STR("[{\"statusCode\":204,\"headers\":[{")));
	wire_end(HEAD("HEAD /a") "\r\n" HEAD("HEAD /b") "\r\n" HEAD(
		"HEAD /a") "\r\n");
}

/* ---- version 4 ---- */

TEST(app_http, make_request_sends_each_kind_of_body)
{
	BEGIN(ANSWER("201 C", "X-A: 1\r\nX-A: 2\r\n", 0, ""), OK, OK, OK);
	CHECK_OUT("http:MakeRequest", "{\"authenticationType\":\"noAuth\"}",
		"{" URL ",\"method\":\"post\",\"contentType\":\"json\","
		"\"inputMethod\":\"jsonString\",\"jsonStringBodyContent\":"
		"\"{\\\"a\\\": 1}\",\"queryParameters\":[{\"name\":\"q\","
		"\"value\":\"1\"}]}",
		"[{\"data\":null,\"statusCode\":201,\"headers\":{\"x-a\":"
		"\"1, 2\",\"content-length\":\"0\"}}]");
	wire_call("http:MakeRequest", "{}",
		"{" URL ",\"method\":\"post\",\"contentType\":\"urlEncoded\","
		"\"urlEncodedBodyContent\":[{\"name\":\"a\",\"value\":\"b "
		"c\"}]}");
	wire_call("http:MakeRequest", "{}",
		"{" URL ",\"method\":\"put\",\"contentType\":\"custom\","
		"\"contentTypeValue\":\"text/x\",\"rawBodyContent\":\"r\"}");
	wire_connect("k", "http", "{\"apiKey\":\"s3\"}");
	wire_call("http:MakeRequest",
		"{\"authenticationType\":\"apiKey\",\"apiKeyKeychain\":"
		"\"k\"}",
		"{" URL ",\"method\":\"get\",\"contentType\":\"json\"}");
	wire_end(HEAD(
		"POST /a?q=1") "Content-Type: application/json\r\n"
			       "Content-Length: 8\r\n\r\n{\"a\": 1}" HEAD(
				       "POST /a") "Content-Type: application/x-www-form-urlencoded\r\n"
						  "Content-Length: 7\r\n\r\na=b%20c" HEAD("PUT /a") "Content-Type: text/x\r\nContent-Length: 1\r\n\r\nr" HEAD(
							  "GET /a") "X-API-Key: s3\r\n\r\n");
}

TEST(app_http, make_request_refuses_what_it_cannot_send)
{
	BEGIN(ANSWER("500 No", "", 3, "bad"));
	CHECK(str_starts_with(
		wire_call("http:MakeRequest", "{}",
			"{" URL ",\"method\":\"post\",\"contentType\":\"json\","
			"\"jsonStringBodyContent\":\"{\"}"),
		STR("DataError: jsonStringBodyContent: this is not valid "
		    "JSON: line 1")));
	CHECK_OUT("http:MakeRequest", "{\"authenticationType\":\"oAuth\"}",
		"{" URL "}",
		"InvalidConfigurationError: http:MakeRequest needs a "
		"connection of type http with tokenUrl: name it in "
		"parameters.connection");
	CHECK_OUT("http:MakeRequest", "{}",
		"{" URL ",\"stopOnHttpError\":true}",
		"RuntimeError: [500] bad");
	wire_end(HEAD("GET /a") "\r\n");
}
