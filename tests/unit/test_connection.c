#include "flow/connection.h"

#include "check.h"

static struct arena arena;
static const struct seal_key key = {.bytes = {1, 2, 3}};

static struct value
members(const char *text)
{
	struct json_doc doc;
	struct value value;

	CHECK_OK(json_read(str_of(text), &arena, &doc, NULL));
	CHECK_OK(value_from_json(
		json_root(&doc), VALUE_JSON_PLAIN, &arena, &value));
	return value;
}

static struct object_row
make(const char *type, const char *text)
{
	struct connection connection = {.id = STR("c1"),
		.name = STR("mine"),
		.type = str_of(type),
		.members = members(text)};
	struct object_row row;

	connection_to_object(&connection, &key, &arena, &row);
	return row;
}

TEST(connection, secrets_are_sealed_and_come_back)
{
	struct object_row row = make(
		"twilio", "{\"accountSid\":\"AC1\",\"authToken\":\"s3cret\"}");
	struct connection connection;

	CHECK_INT(row.kind, OBJECT_CONNECTION);
	CHECK(str_find(row.body, STR("AC1")) != SIZE_MAX);
	CHECK(str_find(row.body, STR("s3cret")) == SIZE_MAX);
	CHECK(str_find(row.sealed, STR("s3cret")) == SIZE_MAX);
	CHECK_OK(connection_from_object(&row, &key, &arena, &connection));
	CHECK_STR(connection.id, STR("c1"));
	CHECK_STR(connection.name, STR("mine"));
	CHECK_STR(connection_text(&connection, "authToken"), STR("s3cret"));
	CHECK_STR(connection_text(&connection, "accountSid"), STR("AC1"));
	CHECK_STR(connection_text(&connection, "baseUrl"),
		STR("https://api.twilio.com"));
	CHECK_STR(connection_text(&connection, "from"), STR(""));
}

TEST(connection, another_key_or_row_does_not_open_it)
{
	struct object_row row = make("notion", "{\"token\":\"s3cret\"}");
	struct seal_key other = {.bytes = {9}};
	struct connection connection;

	CHECK_INT(connection_from_object(&row, &other, &arena, &connection),
		ERR_DENIED);
	row.id = STR("c2");
	CHECK_INT(connection_from_object(&row, &key, &arena, &connection),
		ERR_DENIED);
}

TEST(connection, secrets_are_shown_as_stars)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct json_out out = json_out_make(&text);
	struct object_row row =
		make("email", "{\"host\":\"mail.example.com\",\"port\":587,"
			      "\"username\":\"u\",\"password\":\"s3cret\"}");

	connection_write(&row, &out);
	CHECK(str_find(buf_str(&text), STR("\"members\":{\"host\":"
					   "\"mail.example.com\",\"port\":"
					   "\"587\",\"username\":\"u\","
					   "\"password\":\"***\"}")) !=
		SIZE_MAX);
	CHECK(str_find(buf_str(&text), STR("s3cret")) == SIZE_MAX);
}

TEST(connection, wrong_members_are_told_by_name)
{
	static const struct {
		const char *type, *members, *said;
	} cases[] = {
		{"slack", "{}", "needs one of the members token webhookUrl"},
		{"slack", "{\"tokn\":\"x\"}", "tokn: a connection of type"},
		{"notion", "{\"token\":\"\"}",
			"token: a connection of type "
			"notion needs it"},
		{"notion", "{\"token\":[\"a\"]}", "token: expected a text"},
		{"email", "{\"host\":\"h\",\"security\":\"ssl\"}",
			"security: expected one of starttls tls none"},
		{"command", "{\"programs\":\"/bin/true\"}",
			"programs: expected an array of texts"},
		{"command", "{\"programs\":[]}", "programs: expected an array"},
		{"slack", "7", "members: expected an object, found number"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(buf_release) struct buf why = {0};
		const struct connection_type *type =
			connection_type_find(str_of(cases[i].type));

		CHECK_INT(
			connection_check(type, members(cases[i].members), &why),
			ERR_INVALID);
		if (str_find(buf_str(&why), str_of(cases[i].said)) == SIZE_MAX)
			check_failed(__FILE__, __LINE__, "%s", buf_text(&why));
	}
}

TEST(connection, hub_may_have_its_token_server_elsewhere)
{
	CLEANUP(buf_release) struct buf why = {0};

	CHECK_OK(connection_check(connection_type_find(STR("grapnel")),
		members("{\"baseUrl\":\"https://eu.example.com\","
			"\"tokenUrl\":\"https://sso.example.com/token\","
			"\"clientId\":\"c\",\"clientSecret\":\"s\","
			"\"scope\":\"all\"}"),
		&why));
}

TEST(connection, change_keeps_masked_secrets_and_drops_empty_members)
{
	struct value merged = connection_merge(
		members("{\"token\":\"a\",\"version\":\"1\",\"baseUrl\":\"u\"}"),
		members("{\"token\":\"***\",\"version\":null,"
			"\"baseUrl\":\"v\"}"),
		&arena);

	CHECK(value_equal(
		merged, members("{\"token\":\"a\",\"baseUrl\":\"v\"}")));
}

TEST(connection, every_type_is_found_by_its_name)
{
	const struct connection_type *type;

	for (size_t i = 0; (type = connection_type_at(i)); i++)
		CHECK(connection_type_find(str_of(type->name)) == type);
	CHECK(connection_type_find(STR("nothing")) == NULL);
	CHECK(connection_id_is_valid(STR("12")));
	CHECK(!connection_id_is_valid(STR("a/b")));
	CHECK(!connection_id_is_valid(STR("")));
}
