#include "api/filter_body.h"

#include "rule/filter_event.h"
#include "rule/filter_of_type.h"

static bool
is_one_of(struct json key, const char *const *members, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (json_string_equal(key, str_of(members[i])))
			return true;
	}
	return false;
}

static void
refuse_member(struct api_call *call, struct json key,
	const char *const *members, size_t count)
{
	CLEANUP(buf_release) struct buf expected = {0};
	struct str name = str_head(json_string(key, call->arena), 64);

	for (size_t i = 0; i < count; i++)
		buf_printf(&expected, "%s%s", i ? ", " : "", members[i]);
	/* A copy has the NUL that the name of a field needs. */
	api_refuse(call, 400, arena_copy(call->arena, name).ptr,
		"There is no such member; expected %s", buf_text(&expected));
}

bool
filter_body_check(
	struct api_call *call, const char *const *members, size_t count)
{
	struct json_walk walk = json_walk(call->json);

	if (json_kind(call->json) != JSON_OBJECT) {
		api_refuse(call, 400, NULL, "expected an object, found %s",
			json_kind_name(json_kind(call->json)));
		return false;
	}
	while (json_walk_next(&walk)) {
		if (is_one_of(walk.key, members, count))
			continue;
		refuse_member(call, walk.key, members, count);
		return false;
	}
	return true;
}

/** A member that is a string; `is_needed`: a missing one is refused. */
static bool
read_text(struct api_call *call, const char *name, bool is_needed,
	struct str *ret)
{
	struct json member = json_member(call->json, str_of(name));

	*ret = STR("");
	if (!is_needed && json_kind(member) <= JSON_NULL)
		return true;
	if (json_kind(member) != JSON_STRING) {
		api_refuse(call, 400, name, "expected a string, found %s",
			json_kind_name(json_kind(member)));
		return false;
	}
	*ret = json_string(member, call->arena);
	return true;
}

/** {"eventType","eventFilter"}: what a subscription would be. */
static bool
read_subscription(struct api_call *call, struct filter_body_question *ret)
{
	CLEANUP(buf_release) struct buf why = buf_make(256);
	struct str type, condition;

	ret->member = "eventFilter";
	if (!read_text(call, "eventType", true, &type) ||
		!read_text(call, "eventFilter", false, &condition))
		return false;
	if (filter_of_type_check(type, &why)) {
		api_refuse(call, 400, "eventType", "%s", buf_text(&why));
		return false;
	}
	ret->err = filter_of_type_compile(type, condition, call->arena,
		&ret->filter, &ret->column, &ret->why);
	return true;
}

bool
filter_body_question(struct api_call *call, struct filter_body_question *ret)
{
	bool is_filter =
		!json_is_missing(json_member(call->json, STR("filter")));
	bool is_type =
		!json_is_missing(json_member(call->json, STR("eventType"))) ||
		!json_is_missing(json_member(call->json, STR("eventFilter")));
	struct str text;

	*ret = (struct filter_body_question){
		.member = "filter", .why = buf_make(4096)};
	if (is_filter && is_type) {
		api_refuse(call, 400, "eventType",
			"expected either filter or eventType, found both");
		return false;
	}
	if (is_type)
		return read_subscription(call, ret);
	if (!read_text(call, "filter", true, &text))
		return false;
	ret->err = filter_compile(
		text, call->arena, &ret->filter, &ret->column, &ret->why);
	return true;
}

bool
filter_body_filter(struct api_call *call, const struct filter **ret)
{
	struct filter_body_question question;
	enum err err;

	if (!filter_body_question(call, &question))
		return false;
	err = question.err;
	*ret = question.filter;
	if (err)
		api_refuse(call, 400, question.member, "%s",
			buf_text(&question.why));
	buf_release(&question.why);
	return err == ERR_OK;
}

bool
filter_body_event(struct api_call *call, struct filter_event *ret)
{
	CLEANUP(buf_release) struct buf why = buf_make(2048);
	struct json event = json_member(call->json, STR("event"));

	if (filter_event_check(event, &why)) {
		api_refuse(call, 400, "event", "%s", buf_text(&why));
		return false;
	}
	*ret = filter_event_read(event, call->arena);
	return true;
}

bool
filter_body_number(struct api_call *call,
	const struct filter_body_number *number, int64_t *ret)
{
	struct json member = json_member(call->json, str_of(number->name));

	*ret = number->otherwise;
	if (json_is_missing(member))
		return true;
	if (json_to_integer(member, ret) && *ret >= number->least &&
		*ret <= number->most)
		return true;
	api_refuse(call, 400, number->name,
		"expected a whole number from %lld to %lld",
		(long long)number->least, (long long)number->most);
	return false;
}
