#include "api/event_type_body.h"

#include <stdarg.h>

#include "base/timestamp.h"
#include "rule/cloudevents_grammar.h"
#include "rule/filter_of_type.h"

struct reading {
	struct arena *arena;
	struct event_type_body *ret;
	const char *member; /* being read */
	bool is_new;
	bool has_validation;
};

static void add_issue(struct reading *reading, const char *format, ...)
	PRINTF_LIKE(2, 3);

static void
add_issue(struct reading *reading, const char *format, ...)
{
	CLEANUP(buf_release) struct buf text = buf_make(1024);
	struct event_type_body *ret = reading->ret;
	va_list args;

	if (ret->issue_count == EVENT_TYPE_ISSUES_MAX)
		return;
	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	ret->issues[ret->issue_count++] = (struct api_issue){
		.source = "field",
		.subject = str_of(reading->member),
		.description = arena_copy(reading->arena, buf_str(&text)),
	};
}

/* ---- kinds of members ---- */

static bool
read_text(struct reading *reading, struct json value, struct str *ret)
{
	struct str text;

	*ret = STR("");
	if (json_kind(value) == JSON_NULL)
		return false;
	if (json_kind(value) != JSON_STRING) {
		add_issue(reading, "expected a string, found %s",
			json_kind_name(json_kind(value)));
		return false;
	}
	text = json_string(value, reading->arena);
	if (text.len > EVENT_TYPE_TEXT_MAX || str_has_control(text)) {
		add_issue(reading,
			"expected at most %d bytes without control characters",
			EVENT_TYPE_TEXT_MAX);
		return false;
	}
	*ret = text;
	return true;
}

static void
read_time(struct reading *reading, struct json value, struct str *ret)
{
	int64_t unused;

	if (read_text(reading, value, ret) &&
		timestamp_parse_microseconds(*ret, &unused))
		add_issue(reading,
			"expected an RFC 3339 time like 2026-03-01T12:00:00Z");
}

static void
read_uri(struct reading *reading, struct json value, struct str *ret)
{
	if (read_text(reading, value, ret) && !cloudevents_is_uri(*ret))
		add_issue(reading, "expected an absolute URI");
}

static void
read_json(struct reading *reading, struct json value, struct str *ret)
{
	*ret = json_kind(value) == JSON_NULL ? STR("") : json_raw(value);
	if (ret->len > JSON_SCHEMA_TEXT_MAX) {
		add_issue(reading, "longer than 256 KiB");
		*ret = STR("");
	}
}

/* ---- the members ---- */

#define MEMBER(name) \
	static void read_##name(struct reading *reading, struct json value)

MEMBER(name)
{
	CLEANUP(buf_release) struct buf why = buf_make(256);
	struct str *name = &reading->ret->facts.name;

	if (!reading->is_new) {
		if (!json_string_equal(value, *name))
			add_issue(reading, "cannot be changed");
		return;
	}
	if (!read_text(reading, value, name))
		return;
	*name = catalog_canonical(*name, reading->arena);
	if (filter_of_type_check(*name, &why))
		add_issue(reading, "%s", buf_text(&why));
	else if (str_find_char(*name, '*') != SIZE_MAX)
		add_issue(reading, "a type's own name has no '*'");
}

MEMBER(friendly_name)
{
	read_text(reading, value, &reading->ret->facts.friendly_name);
}

MEMBER(description)
{
	read_text(reading, value, &reading->ret->facts.description);
}

MEMBER(service_manager)
{
	read_text(reading, value, &reading->ret->facts.service_manager);
}

MEMBER(api_group)
{
	read_text(reading, value, &reading->ret->facts.api_group);
}

MEMBER(kind)
{
	bool is_resource = json_string_equal(value, STR("resource"));

	reading->ret->facts.is_resource = is_resource;
	if (!is_resource && json_kind(value) != JSON_NULL &&
		!json_string_equal(value, STR("event")))
		add_issue(reading, "expected \"event\" or \"resource\"");
}

MEMBER(schema)
{
	read_json(reading, value, &reading->ret->facts.schema);
}
MEMBER(sample)
{
	read_json(reading, value, &reading->ret->facts.sample);
}

MEMBER(validation)
{
	struct str text;

	if (!read_text(reading, value, &text))
		return;
	reading->has_validation = true;
	if (event_type_validation_parse(text, &reading->ret->facts.validation))
		add_issue(reading, "expected \"refuse\", \"warn\" or \"off\"");
}

MEMBER(dataschema)
{
	read_uri(reading, value, &reading->ret->facts.dataschema);
}

MEMBER(deprecated)
{
	enum json_kind kind = json_kind(value);

	reading->ret->facts.is_deprecated = kind == JSON_TRUE;
	if (kind != JSON_TRUE && kind != JSON_FALSE && kind != JSON_NULL)
		add_issue(reading, "expected true or false");
}

MEMBER(deprecated_from)
{
	read_time(reading, value, &reading->ret->facts.deprecated_from);
}

MEMBER(sunset)
{
	read_time(reading, value, &reading->ret->facts.sunset);
}

MEMBER(migration)
{
	read_uri(reading, value, &reading->ret->facts.migration);
}

static const struct member {
	const char *name;
	void (*read)(struct reading *reading, struct json value);
} members[] = {
	{"name", read_name},
	{"friendlyName", read_friendly_name},
	{"description", read_description},
	{"serviceManager", read_service_manager},
	{"apiGroup", read_api_group},
	{"kind", read_kind},
	{"schema", read_schema},
	{"sample", read_sample},
	{"validation", read_validation},
	{"dataschema", read_dataschema},
	{"deprecated", read_deprecated},
	{"deprecatedFrom", read_deprecated_from},
	{"sunset", read_sunset},
	{"migration", read_migration},
};

/* ---- all of it ---- */

static void
read_members(struct reading *reading, struct json body)
{
	struct json_walk walk = json_walk(body);

	while (json_walk_next(&walk)) {
		size_t i = 0;

		while (i < COUNT_OF(members) &&
			!json_string_equal(walk.key, str_of(members[i].name)))
			i++;
		if (i < COUNT_OF(members)) {
			reading->member = members[i].name;
			members[i].read(reading, walk.value);
			continue;
		}
		reading->member = arena_copy(
			reading->arena, str_head(json_raw_string(walk.key), 64))
					  .ptr;
		add_issue(reading, "there is no such member");
	}
}

/** What is not said follows from the rest. */
static void
fill_in(struct reading *reading)
{
	struct event_type_facts *facts = &reading->ret->facts;

	if (str_is_empty(facts->friendly_name))
		facts->friendly_name = facts->name;
	if (str_is_empty(facts->service_manager))
		facts->service_manager = STR("Registered");
	if (str_is_empty(facts->api_group))
		facts->api_group = STR("Other");
	if (!reading->has_validation && reading->is_new)
		facts->validation = VALIDATION_REFUSE;
}

void
event_type_body_read(struct json body, const struct event_type_facts *present,
	struct arena *arena, struct event_type_body *ret)
{
	struct reading reading = {.arena = arena,
		.ret = ret,
		.member = "",
		.is_new = present == NULL};

	*ret = (struct event_type_body){0};
	if (present)
		ret->facts = *present;
	if (json_kind(body) != JSON_OBJECT) {
		add_issue(&reading, "expected an object, found %s",
			json_kind_name(json_kind(body)));
		return;
	}
	read_members(&reading, body);
	reading.member = "name";
	if (reading.is_new && json_is_missing(json_member(body, STR("name"))))
		add_issue(&reading, "is missing");
	fill_in(&reading);
}
