#include "api/filter_body.h"

#include "rule/filter_event.h"

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

bool
filter_body_text(struct api_call *call, struct str *ret)
{
	struct json member = json_member(call->json, STR("filter"));

	if (json_kind(member) != JSON_STRING) {
		api_refuse(call, 400, "filter", "expected a string, found %s",
			json_kind_name(json_kind(member)));
		return false;
	}
	*ret = json_string(member, call->arena);
	return true;
}

bool
filter_body_filter(struct api_call *call, const struct filter **ret)
{
	CLEANUP(buf_release) struct buf why = buf_make(2048);
	struct str text;
	size_t column;

	if (!filter_body_text(call, &text))
		return false;
	if (filter_compile(text, call->arena, ret, &column, &why)) {
		api_refuse(call, 400, "filter", "%s", buf_text(&why));
		return false;
	}
	return true;
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
