/* What a hook's body says; hook_options_write.c tells it again. */
#include "flow/hook_options.h"

#include "base/clock.h"
#include "flow/hook_body.h"
#include "flow/hook_life.h"
#include "flow/hook_options_private.h"
#include "flow/udt.h"

enum { TYPE_MAX = 128 };

const char *const hook_dedupe_names[HOOK_DEDUPE_COUNT] = {
	[HOOK_DEDUPE_NONE] = "none",
	[HOOK_DEDUPE_WEBHOOK_ID] = "webhook-id",
	[HOOK_DEDUPE_CLOUDEVENT] = "cloudevent-id",
	[HOOK_DEDUPE_BODY] = "body",
};

const char *const hook_hash_names[HOOK_HASH_COUNT] = {
	[HASH_MD5] = "md5", /* not offered */
	[HASH_SHA1] = "sha1",
	[HASH_SHA256] = "sha256",
	[HASH_SHA512] = "sha512",
};

const char *const hook_encoding_names[HOOK_ENCODING_COUNT] = {
	[INBOUND_HEX] = "hex",
	[INBOUND_BASE64] = "base64",
};

void
hook_options_init(struct hook_options *options)
{
	*options = (struct hook_options){
		.is_enabled = true,
		.challenges = {.method = STR("GET"),
			.status = 200,
			.content_type = STR("text/plain"),
			.body = STR("ok")},
		.signature = {.tolerance = 5 * MINUTES, .hash = HASH_SHA256},
		.dedupe_window = 5 * MINUTES,
		.bytes_max = HOOK_BODY_MAX,
		.rate = 300,
		.rate_window = 10 * SECONDS,
		.status = 200,
		.content_type = STR("text/plain"),
		.body = STR("Accepted"),
	};
}

static void
read_hook_name(struct hook_reader *reader, struct json value)
{
	struct str name = json_string(value, reader->issues->arena);

	if (json_kind(value) != JSON_STRING || name.len == 0 ||
		str_has_control(name) || str_characters(name) > HOOK_NAME_MAX)
		webhook_issues_add(reader->issues, "name",
			"expected 1 to %d characters, in one line",
			HOOK_NAME_MAX);
	else
		reader->options->name = name;
}

static void
read_scenario(struct hook_reader *reader, struct json value)
{
	reader->options->scenario = (struct uuid){{0}};
	if (json_kind(value) != JSON_NULL &&
		uuid_parse(json_string(value, reader->issues->arena),
			&reader->options->scenario))
		webhook_issues_add(reader->issues, "scenarioId",
			"expected a scenario's id, or null");
}

static void
read_enabled(struct hook_reader *reader, struct json value)
{
	if (json_kind(value) == JSON_NULL)
		reader->options->is_enabled = true;
	else
		hook_read_boolean(
			reader, "enabled", value, &reader->options->is_enabled);
}

static void
read_challenges(struct hook_reader *reader, struct json value)
{
	struct json_walk walk = json_walk(value);
	unsigned kinds = 0, bit;

	if (json_kind(value) != JSON_ARRAY && json_kind(value) != JSON_NULL)
		webhook_issues_add(reader->issues, "challenges",
			"expected an array of names");
	while (json_walk_next(&walk)) {
		bit = inbound_challenge_find(
			json_string(walk.value, reader->issues->arena));
		if (bit == 0)
			webhook_issues_add(reader->issues, "challenges",
				"expected com, greenlake, cloudevents, slack "
				"or static, found %.*s",
				STR_ARG(str_head(json_raw(walk.value), 64)));
		kinds |= bit;
	}
	reader->options->challenges.kinds = kinds;
}

/* ---- fixed answers: staticAnswer and response ---- */

static const int64_t status_range[] = {200, 599};

static void
read_body_text(struct hook_reader *reader, const char *field, struct json value,
	struct str *ret)
{
	struct str text = json_string(value, reader->issues->arena);

	if (json_kind(value) == JSON_NULL)
		return;
	if (json_kind(value) != JSON_STRING || text.len > HOOK_RESPONSE_MAX)
		webhook_issues_add(reader->issues, field,
			"expected a text of at most %d bytes",
			HOOK_RESPONSE_MAX);
	else
		*ret = text;
}

static void
read_static_method(struct hook_reader *reader, struct json value)
{
	static const char *const names[] = {
		"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
	size_t i;

	if (hook_read_name(reader, "staticAnswer.method", value, names,
		    COUNT_OF(names), &i))
		reader->options->challenges.method = str_of(names[i]);
}

static void
read_static_status(struct hook_reader *reader, struct json value)
{
	int64_t status;

	if (hook_read_integer(reader, "staticAnswer.status", value,
		    status_range, &status))
		reader->options->challenges.status = (int)status;
}

static void
read_static_type(struct hook_reader *reader, struct json value)
{
	(void)hook_read_text(reader, "staticAnswer.contentType", value,
		TYPE_MAX, &reader->options->challenges.content_type);
}

static void
read_static_body(struct hook_reader *reader, struct json value)
{
	read_body_text(reader, "staticAnswer.body", value,
		&reader->options->challenges.body);
}

static void
read_static(struct hook_reader *reader, struct json value)
{
	static const struct hook_member members[] = {
		{"method", read_static_method},
		{"status", read_static_status},
		{"contentType", read_static_type},
		{"body", read_static_body},
	};
	struct inbound_challenges *to = &reader->options->challenges;
	const struct inbound_challenges *from = &reader->defaults.challenges;

	if (json_kind(value) == JSON_NULL) {
		to->method = from->method;
		to->status = from->status;
		to->content_type = from->content_type;
		to->body = from->body;
		return;
	}
	hook_read_members(
		reader, "staticAnswer", value, members, COUNT_OF(members));
}

static void
read_response_status(struct hook_reader *reader, struct json value)
{
	int64_t status;

	if (hook_read_integer(
		    reader, "response.status", value, status_range, &status))
		reader->options->status = (int)status;
}

static void
read_response_type(struct hook_reader *reader, struct json value)
{
	(void)hook_read_text(reader, "response.contentType", value, TYPE_MAX,
		&reader->options->content_type);
}

static void
read_response_body(struct hook_reader *reader, struct json value)
{
	read_body_text(reader, "response.body", value, &reader->options->body);
}

static void
read_response(struct hook_reader *reader, struct json value)
{
	static const struct hook_member members[] = {
		{"status", read_response_status},
		{"contentType", read_response_type},
		{"body", read_response_body},
	};

	if (json_kind(value) == JSON_NULL) {
		reader->options->status = reader->defaults.status;
		reader->options->content_type = reader->defaults.content_type;
		reader->options->body = reader->defaults.body;
		return;
	}
	hook_read_members(
		reader, "response", value, members, COUNT_OF(members));
}

/* ---- how much, and what it becomes ---- */

static void
read_dedupe_by(struct hook_reader *reader, struct json value)
{
	size_t i;

	if (hook_read_name(reader, "dedupe.by", value, hook_dedupe_names,
		    HOOK_DEDUPE_COUNT, &i))
		reader->options->dedupe = (enum hook_dedupe)i;
}

static void
read_dedupe_window(struct hook_reader *reader, struct json value)
{
	(void)hook_read_duration(reader, "dedupe.window", value,
		&reader->options->dedupe_window);
}

static void
read_dedupe(struct hook_reader *reader, struct json value)
{
	static const struct hook_member members[] = {
		{"by", read_dedupe_by}, {"window", read_dedupe_window}};

	if (json_kind(value) == JSON_NULL)
		reader->options->dedupe = HOOK_DEDUPE_NONE;
	else
		hook_read_members(
			reader, "dedupe", value, members, COUNT_OF(members));
}

static void
read_bytes_max(struct hook_reader *reader, struct json value)
{
	static const int64_t range[] = {1, HOOK_BODY_MAX};
	int64_t bytes = HOOK_BODY_MAX;

	(void)hook_read_integer(reader, "maxBytes", value, range, &bytes);
	reader->options->bytes_max = (size_t)bytes;
}

static void
read_fields(struct hook_reader *reader, struct json value)
{
	CLEANUP(buf_release) struct buf why = buf_make(512);

	if (udt_check(value, &why))
		webhook_issues_add(reader->issues, "structure.fields", "%s",
			buf_text(&why));
	else if (json_raw(value).len > HOOK_STRUCTURE_MAX)
		webhook_issues_add(reader->issues, "structure.fields",
			"expected at most %d bytes", HOOK_STRUCTURE_MAX);
	else
		reader->options->structure = json_raw(value);
}

static void
read_strict(struct hook_reader *reader, struct json value)
{
	hook_read_boolean(
		reader, "structure.strict", value, &reader->options->is_strict);
}

static void
read_structure(struct hook_reader *reader, struct json value)
{
	static const struct hook_member members[] = {
		{"fields", read_fields}, {"strict", read_strict}};

	if (json_kind(value) == JSON_NULL)
		reader->options->structure = STR("");
	else
		hook_read_members(
			reader, "structure", value, members, COUNT_OF(members));
}

static void
read_pass_through(struct hook_reader *reader, struct json value)
{
	hook_read_boolean(
		reader, "passThrough", value, &reader->options->passes_json);
}

static void
read_headers(struct hook_reader *reader, struct json value)
{
	hook_read_boolean(
		reader, "headers", value, &reader->options->wants_headers);
}

static void
read_method(struct hook_reader *reader, struct json value)
{
	hook_read_boolean(
		reader, "method", value, &reader->options->wants_method);
}

static void
read_requests(struct hook_reader *reader, struct json value)
{
	static const int64_t range[] = {0, HOOK_RATE_MAX};
	int64_t requests = reader->defaults.rate;

	(void)hook_read_integer(
		reader, "rate.requests", value, range, &requests);
	reader->options->rate = (uint32_t)requests;
}

static void
read_rate_window(struct hook_reader *reader, struct json value)
{
	(void)hook_read_duration(
		reader, "rate.window", value, &reader->options->rate_window);
}

static void
read_rate(struct hook_reader *reader, struct json value)
{
	static const struct hook_member members[] = {
		{"requests", read_requests}, {"window", read_rate_window}};

	reader->options->rate = reader->defaults.rate;
	if (json_kind(value) == JSON_NULL)
		reader->options->rate_window = reader->defaults.rate_window;
	else
		hook_read_members(
			reader, "rate", value, members, COUNT_OF(members));
}

/* Without a function: what is only told. */
static const struct hook_member members[] = {
	{"name", read_hook_name},
	{"scenarioId", read_scenario},
	{"enabled", read_enabled},
	{"challenges", read_challenges},
	{"staticAnswer", read_static},
	{"signature", hook_read_signature},
	{"apiKeys", hook_read_api_keys},
	{"basic", hook_read_basic},
	{"allowedNetworks", hook_read_allowed},
	{"trustedProxies", hook_read_proxies},
	{"dedupe", read_dedupe},
	{"maxBytes", read_bytes_max},
	{"structure", read_structure},
	{"passThrough", read_pass_through},
	{"headers", read_headers},
	{"method", read_method},
	{"rate", read_rate},
	{"response", read_response},
	{"id", NULL},
	{"token", NULL},
	{"url", NULL},
	{"apiKeyCount", NULL},
	{"counts", NULL},
	{"refusedBy", NULL},
	{"queue", NULL},
	{"last", NULL},
	{"generation", NULL},
	{"createdAt", NULL},
	{"updatedAt", NULL},
};

void
hook_options_read(struct json body, struct hook_options *options,
	struct webhook_issues *issues)
{
	struct hook_reader reader = {.options = options, .issues = issues};

	hook_options_init(&reader.defaults);
	hook_read_members(&reader, "", body, members, COUNT_OF(members));
}
