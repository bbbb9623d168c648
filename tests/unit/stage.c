#include "stage.h"

#include "base/clock.h"
#include "check.h"
#include "flow/connection.h"
#include "flow/outgoing.h"

struct stage stage;

static struct address_policy lab;
static const char *certificate;
static int64_t time_given = 10 * SECONDS;

void
stage_set_timeout(int64_t timeout)
{
	time_given = timeout;
}

void
stage_certificate(const char *path)
{
	certificate = path;
}

void
stage_begin(const struct wire_reply *replies, size_t count)
{
	struct http_client_options options = {
		.policy = &lab, .ca_file = certificate};

	CHECK_OK(address_network_parse(
		STR("127.0.0.0/8"), &lab.allowed[0], NULL));
	lab.allowed_count = 1;
	lab.allow_http = true;
	stage.outgoing = outgoing_new(&options);
	buf_release(&stage.server.requests);
	wire_server_start(&stage.server, replies, count, NULL);
}

static struct value
read_value(struct str text)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct json_doc doc;
	struct value value;

	if (json_read(text, &stage.arena, &doc, &why))
		check_failed(__FILE__, __LINE__, "%s in %.*s", buf_text(&why),
			STR_ARG(text));
	CHECK_OK(value_from_json(
		json_root(&doc), VALUE_JSON_TYPED, &stage.arena, &value));
	return value;
}

void
stage_connect(const char *type, const char *members)
{
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(buf_release) struct buf why = {0};
	struct str rest = str_of(members);

	while (rest.ptr != NULL) {
		buf_append(&text, str_split(&rest, '~'));
		if (rest.ptr != NULL)
			buf_printf(&text, "http://127.0.0.1:%d",
				stage.server.port);
	}
	stage.connection = ARENA_NEW(&stage.arena, struct connection);
	*stage.connection = (struct connection){.id = STR("c1"),
		.name = STR("mine"),
		.type = str_of(type),
		.members =
			read_value(arena_copy(&stage.arena, buf_str(&text)))};
	if (connection_check(connection_type_find(str_of(type)),
		    stage.connection->members, &why))
		check_failed(__FILE__, __LINE__, "%s", buf_text(&why));
}

void
stage_text_member(const char *name)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct value_builder change = value_builder_make(&stage.arena);

	value_append_json(&text,
		value_member(stage.connection->members, str_of(name)),
		VALUE_JSON_PLAIN);
	value_builder_set(&change, str_of(name),
		value_text(arena_copy(&stage.arena, buf_str(&text))));
	stage.connection->members = connection_merge(stage.connection->members,
		value_builder_collection(&change), &stage.arena);
}

enum failure_kind
stage_run(const char *module, const char *parameters, const char *input)
{
	static const struct template_scope scope;
	struct module_call call = {.kind = module_find(str_of(module)),
		.parameters = read_value(str_of(parameters)),
		.input = read_value(str_of(input)),
		.connection = stage.connection,
		.outgoing = stage.outgoing,
		.scope = &scope,
		.arena = &stage.arena,
		.timeout = time_given,
		.idempotency_key = STR("grapnel-7-3")};

	CHECK(call.kind != NULL);
	stage.result = (struct module_result){0};
	stage.failure = (struct failure){0};
	return call.kind->run(&call, &stage.result, &stage.failure);
}

void
stage_end(void)
{
	outgoing_free(stage.outgoing);
	wire_server_stop(&stage.server);
}

/** From the request with this number on. */
static struct str
find_request(size_t number, size_t *ret_head)
{
	struct str rest = buf_str(&stage.server.requests);

	for (;;) {
		size_t head = str_find(rest, STR("\r\n\r\n"));
		size_t at = str_find(rest, STR("Content-Length: "));
		size_t body = 0;

		CHECK(head != SIZE_MAX);
		if (at < head)
			body = strtoul(rest.ptr + at + 16, NULL, 10);
		*ret_head = head + 4;
		if (number-- == 0)
			return str_head(rest, head + 4 + body);
		rest = str_skip(rest, head + 4 + body);
	}
}

struct str
stage_head(size_t number)
{
	size_t head;
	struct str request = find_request(number, &head);

	return str_head(request, head);
}

struct str
stage_body(size_t number)
{
	size_t head;
	struct str request = find_request(number, &head);

	return str_skip(request, head);
}

static void
check_contains(struct str all, const char *text)
{
	if (str_find(all, str_of(text)) == SIZE_MAX)
		check_failed(__FILE__, __LINE__, "no \"%s\" in:\n%.*s", text,
			STR_ARG(all));
}

void
stage_check_head(size_t number, const char *text)
{
	check_contains(stage_head(number), text);
}

static void
check_json(struct value got, const char *json)
{
	CLEANUP(buf_release) struct buf text = {0};

	if (value_equal(got, read_value(str_of(json))))
		return;
	value_append_json(&text, got, VALUE_JSON_PLAIN);
	check_failed(
		__FILE__, __LINE__, "%s\nis not %s", buf_text(&text), json);
}

void
stage_check_body(size_t number, const char *json)
{
	check_json(read_value(stage_body(number)), json);
}

void
stage_check_bundle(size_t number, const char *json)
{
	CHECK(number < stage.result.count);
	check_json(stage.result.bundles[number], json);
}

struct str
stage_output(const char *name)
{
	struct str text;

	CHECK(stage.result.count > 0);
	CHECK_OK(value_to_text(
		value_member(stage.result.bundles[0], str_of(name)),
		&stage.arena, &text));
	return text;
}

void
stage_check_said(const char *text)
{
	check_contains(stage.failure.message, text);
}
