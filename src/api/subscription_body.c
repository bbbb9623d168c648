#include "api/subscription_body.h"

#include <stdarg.h>

struct reading {
	enum subscription_body_kind kind;
	struct arena *arena;
	struct subscription_body *ret;
	struct subscription_draft *draft; /* being filled */
	size_t item;
};

/* ---- what is wrong ---- */

static bool
is_list(enum subscription_body_kind kind)
{
	return kind == SUBSCRIPTION_GL_CREATE || kind == SUBSCRIPTION_GL_PATCH;
}

struct str
subscription_body_place(enum subscription_body_kind kind, size_t item,
	const char *member, struct arena *arena)
{
	if (!is_list(kind))
		return str_of(member);
	return arena_printf(
		arena, "[%zu]%s%s", item, *member ? "." : "", member);
}

static void add_issue(struct reading *reading, const char *member,
	const char *format, ...) PRINTF_LIKE(3, 4);

static void
add_issue(struct reading *reading, const char *member, const char *format, ...)
{
	CLEANUP(buf_release) struct buf text = buf_make(1024);
	struct subscription_body *ret = reading->ret;
	va_list args;

	if (ret->issue_count == SUBSCRIPTION_ISSUES_MAX)
		return;
	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	ret->issues[ret->issue_count++] = (struct api_issue){
		.source = "field",
		.subject = subscription_body_place(
			reading->kind, reading->item, member, reading->arena),
		.description = arena_copy(reading->arena, buf_str(&text)),
	};
}

static bool
read_string(struct reading *reading, const char *member, struct json value,
	struct str *ret)
{
	if (json_kind(value) != JSON_STRING) {
		add_issue(reading, member, "expected a string, found %s",
			json_kind_name(json_kind(value)));
		return false;
	}
	*ret = json_string(value, reading->arena);
	return true;
}

/* ---- the members ---- */

static void
read_id(struct reading *reading, struct json value)
{
	struct str text;

	if (!read_string(reading, "subscriptionId", value, &text))
		return;
	if (uuid_parse(text, &reading->draft->id))
		add_issue(reading, "subscriptionId", "expected a UUID");
}

static void
read_type(struct reading *reading, struct json value)
{
	CLEANUP(buf_release) struct buf why = buf_make(256);
	struct str text;

	if (!read_string(reading, "eventType", value, &text))
		return;
	reading->draft->type = text;
	if (filter_of_type_check(text, &why))
		add_issue(reading, "eventType", "%s", buf_text(&why));
}

static void
read_condition(struct reading *reading, struct json value)
{
	reading->draft->has_condition = true;
	reading->draft->condition = STR("");
	if (json_kind(value) != JSON_NULL)
		read_string(reading, "eventFilter", value,
			&reading->draft->condition);
}

static void
read_webhook_id(struct reading *reading, struct json value)
{
	struct str text;

	if (!read_string(reading, "webhookId", value, &text))
		return;
	if (uuid_parse(text, &reading->draft->webhook))
		add_issue(reading, "webhookId", "expected a UUID");
}

/** "…/webhooks/<id>", whatever it begins with. */
static bool
read_uri(struct str uri, struct uuid *ret)
{
	const struct str parent = STR("/webhooks/");

	if (uri.len < UUID_TEXT_LEN + parent.len)
		return false;
	return str_ends_with(str_head(uri, uri.len - UUID_TEXT_LEN), parent) &&
	       uuid_parse(str_skip(uri, uri.len - UUID_TEXT_LEN), ret) ==
		       ERR_OK;
}

static void
read_webhook(struct reading *reading, struct json value)
{
	struct json_walk walk = json_walk(value);
	struct str uri;

	if (json_kind(value) != JSON_OBJECT) {
		add_issue(reading, "webhook", "expected an object, found %s",
			json_kind_name(json_kind(value)));
		return;
	}
	while (json_walk_next(&walk)) {
		if (!json_string_equal(walk.key, STR("resourceUri")))
			add_issue(reading, "webhook",
				"there is no member \"%.*s\", expected "
				"resourceUri only",
				STR_ARG(str_head(
					json_raw_string(walk.key), 64)));
	}
	if (!read_string(reading, "webhook.resourceUri",
		    json_member(value, STR("resourceUri")), &uri))
		return;
	if (!read_uri(uri, &reading->draft->webhook))
		add_issue(reading, "webhook.resourceUri",
			"expected /events/v1beta1/webhooks/ and a webhook's "
			"id");
}

/* Bits: 1 << enum subscription_body_kind. */
enum {
	GL_CREATE = 1 << SUBSCRIPTION_GL_CREATE,
	GL_PATCH = 1 << SUBSCRIPTION_GL_PATCH,
	CREATE = 1 << SUBSCRIPTION_CREATE,
	PATCH = 1 << SUBSCRIPTION_PATCH,
};

static const struct member {
	const char *name;
	unsigned allowed;
	unsigned required;
	void (*read)(struct reading *reading, struct json value);
} members[] = {
	{"subscriptionId", GL_PATCH, GL_PATCH, read_id},
	{"eventType", GL_CREATE | GL_PATCH | CREATE | PATCH,
		GL_CREATE | GL_PATCH | CREATE, read_type},
	{"webhook", GL_CREATE | GL_PATCH, GL_CREATE | GL_PATCH, read_webhook},
	{"webhookId", CREATE | PATCH, CREATE, read_webhook_id},
	{"eventFilter", GL_CREATE | GL_PATCH | CREATE | PATCH, 0,
		read_condition},
};

/* ---- one, and a list ---- */

static size_t
find_member(const struct reading *reading, struct json key)
{
	size_t i = 0;

	while (i < COUNT_OF(members) &&
		!((members[i].allowed >> reading->kind & 1) &&
			json_string_equal(key, str_of(members[i].name))))
		i++;
	return i;
}

static void
refuse_member(struct reading *reading, struct json key)
{
	CLEANUP(buf_release) struct buf names = buf_make(256);

	for (size_t i = 0; i < COUNT_OF(members); i++) {
		if (members[i].allowed >> reading->kind & 1)
			buf_printf(&names, "%s%s", names.len ? ", " : "",
				members[i].name);
	}
	add_issue(reading, "", "there is no member \"%.*s\", expected %s",
		STR_ARG(str_head(json_raw_string(key), 64)), buf_text(&names));
}

static void
read_one(struct reading *reading, struct json value)
{
	struct json_walk walk = json_walk(value);
	unsigned seen = 0;

	if (json_kind(value) != JSON_OBJECT) {
		add_issue(reading, "", "expected an object, found %s",
			json_kind_name(json_kind(value)));
		return;
	}
	while (json_walk_next(&walk)) {
		size_t i = find_member(reading, walk.key);

		if (i == COUNT_OF(members)) {
			refuse_member(reading, walk.key);
			continue;
		}
		/* Of one that is there twice the last counts, as json_member()
		   has it. */
		seen |= 1u << i;
		members[i].read(reading, walk.value);
	}
	for (size_t i = 0; i < COUNT_OF(members); i++) {
		if ((members[i].required >> reading->kind & 1) &&
			!(seen >> i & 1))
			add_issue(reading, members[i].name, "is missing");
	}
	reading->ret->has_type = seen >> 1 & 1;
	reading->ret->has_webhook = seen >> 3 & 1;
}

void
subscription_body_read(struct json body, enum subscription_body_kind kind,
	struct arena *arena, struct subscription_body *ret)
{
	struct reading reading = {.kind = kind, .arena = arena, .ret = ret};
	bool is_array = is_list(kind) && json_kind(body) == JSON_ARRAY;
	struct json_walk walk = json_walk(body);
	size_t count = is_array ? json_count(body) : 1;

	*ret = (struct subscription_body){0};
	if (count == 0 || count > SUBSCRIPTIONS_BATCH_MAX) {
		ret->issues[ret->issue_count++] = (struct api_issue){
			.source = "field",
			.subject = STR(""),
			.description = arena_printf(arena,
				"expected an array of 1 to %d subscriptions, "
				"found %zu",
				SUBSCRIPTIONS_BATCH_MAX, count)};
		return;
	}
	ret->drafts = arena_alloc_array(arena, count, sizeof(*ret->drafts));
	while (ret->count < count) {
		reading.item = ret->count;
		reading.draft = &ret->drafts[ret->count++];
		if (!is_array)
			read_one(&reading, body);
		else if (json_walk_next(&walk))
			read_one(&reading, walk.value);
	}
}
