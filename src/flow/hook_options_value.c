#include "flow/hook_options_private.h"

#include "base/clock.h"
#include "rule/duration.h"

void
hook_read_boolean(struct hook_reader *reader, const char *field,
	struct json value, bool *ret)
{
	enum json_kind kind = json_kind(value);

	if (kind != JSON_TRUE && kind != JSON_FALSE && kind != JSON_NULL)
		webhook_issues_add(
			reader->issues, field, "expected true or false");
	*ret = kind == JSON_TRUE;
}

bool
hook_read_integer(struct hook_reader *reader, const char *field,
	struct json value, const int64_t range[2], int64_t *ret)
{
	int64_t number;

	if (json_kind(value) == JSON_NULL)
		return false;
	if (json_to_integer(value, &number) && number >= range[0] &&
		number <= range[1]) {
		*ret = number;
		return true;
	}
	webhook_issues_add(reader->issues, field,
		"expected a whole number from %lld to %lld",
		(long long)range[0], (long long)range[1]);
	return false;
}

bool
hook_read_text(struct hook_reader *reader, const char *field, struct json value,
	size_t max, struct str *ret)
{
	struct str text = json_string(value, reader->issues->arena);

	if (json_kind(value) == JSON_NULL)
		return false;
	if (json_kind(value) == JSON_STRING && text.len <= max &&
		!str_has_control(text)) {
		*ret = text;
		return true;
	}
	webhook_issues_add(reader->issues, field,
		"expected a text of at most %zu bytes, in one line", max);
	return false;
}

bool
hook_read_duration(struct hook_reader *reader, const char *field,
	struct json value, int64_t *ret)
{
	struct str text = json_string(value, reader->issues->arena);

	if (json_kind(value) == JSON_NULL)
		return false;
	if (duration_read(text, 24 * HOURS, ret) == ERR_OK && *ret > 0)
		return true;
	webhook_issues_add(reader->issues, field,
		"expected a length of time of at most 24h, as \"5m\"");
	return false;
}

bool
hook_read_name(struct hook_reader *reader, const char *field, struct json value,
	const char *const *names, size_t count, size_t *ret)
{
	CLEANUP(buf_release) struct buf list = buf_make(512);

	if (json_kind(value) == JSON_NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		*ret = i;
		if (json_string_equal(value, str_of(names[i])))
			return true;
		buf_printf(&list, "%s%s", i ? ", " : "", names[i]);
	}
	webhook_issues_add(
		reader->issues, field, "expected one of %s", buf_text(&list));
	return false;
}

const struct str *
hook_read_texts(struct hook_reader *reader, const char *field,
	struct json value, const size_t maxima[2], size_t *ret_count)
{
	struct arena *arena = reader->issues->arena;
	struct json_walk walk = json_walk(value);
	struct str *texts;

	*ret_count = 0;
	if (json_kind(value) == JSON_NULL)
		return NULL;
	if (json_kind(value) != JSON_ARRAY || json_count(value) > maxima[0]) {
		webhook_issues_add(reader->issues, field,
			"expected an array of at most %zu texts", maxima[0]);
		return NULL;
	}
	texts = arena_alloc_array(arena, json_count(value) + 1, sizeof(*texts));
	while (json_walk_next(&walk)) {
		struct str text = json_string(walk.value, arena);

		if (json_kind(walk.value) != JSON_STRING || text.len == 0 ||
			text.len > maxima[1] || str_has_control(text))
			webhook_issues_add(reader->issues, field,
				"entry %zu: expected a text of 1 to %zu bytes, "
				"in one line",
				*ret_count + 1, maxima[1]);
		texts[(*ret_count)++] = text;
	}
	return texts;
}

void
hook_read_members(struct hook_reader *reader, const char *place,
	struct json object, const struct hook_member *rows, size_t count)
{
	struct json_walk walk = json_walk(object);

	if (json_kind(object) != JSON_OBJECT)
		webhook_issues_add(reader->issues, place,
			"expected an object, found %s",
			json_kind_name(json_kind(object)));
	while (json_walk_next(&walk)) {
		size_t i = 0;

		while (i < count &&
			!json_string_equal(walk.key, str_of(rows[i].name)))
			i++;
		if (i == count)
			webhook_issues_add(reader->issues, place,
				"there is no member %.*s",
				STR_ARG(str_head(json_raw(walk.key), 64)));
		else if (rows[i].read)
			rows[i].read(reader, walk.value);
	}
}
