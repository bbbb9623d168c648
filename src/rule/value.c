#include "rule/value.h"

#include <math.h>

#include "rule/date.h"
#include "rule/filter_text.h"

static const char *const kind_names[] = {
	[VALUE_EMPTY] = "empty",
	[VALUE_BOOLEAN] = "boolean",
	[VALUE_NUMBER] = "number",
	[VALUE_TEXT] = "text",
	[VALUE_DATE] = "date",
	[VALUE_BUFFER] = "buffer",
	[VALUE_ARRAY] = "array",
	[VALUE_COLLECTION] = "collection",
};

const char *
value_kind_name(struct value value)
{
	return kind_names[value.kind];
}

/* ---- making them ---- */

struct value
value_number(double number)
{
	if (!isfinite(number))
		return value_empty();
	return (struct value){.kind = VALUE_NUMBER, .as.number = number};
}

struct value
value_date(int64_t milliseconds)
{
	if (milliseconds < DATE_MIN || milliseconds > DATE_MAX)
		return value_empty();
	return (struct value){.kind = VALUE_DATE, .as.date = milliseconds};
}

/** Room for the bytes with each wrong one as three. */
static struct str
repair(struct str bytes, struct arena *arena)
{
	char *out = arena_alloc_raw(arena, bytes.len * 3 + 1);
	size_t len = 0;

	while (bytes.len) {
		uint32_t c;
		size_t size = filter_text_decode(bytes, &c);

		if (str_is_utf8(str_head(bytes, size))) {
			memcpy(out + len, bytes.ptr, size);
			len += size;
		} else {
			memcpy(out + len, "\xEF\xBF\xBD", 3);
			len += 3;
			size = 1;
		}
		bytes = str_skip(bytes, size);
	}
	return str_make(out, len);
}

struct value
value_from_text(struct str bytes, struct arena *arena)
{
	if (!str_is_utf8(bytes))
		bytes = repair(bytes, arena);
	return value_text(bytes);
}

static uint16_t
higher(uint16_t height, struct value inner)
{
	uint16_t with = inner.kind >= VALUE_ARRAY ? inner.height : 0;

	/* Nothing that is made from accepted values comes near the end. */
	with = with < UINT16_MAX ? (uint16_t)(with + 1) : with;
	return with > height ? with : height;
}

struct value
value_array(const struct value *items, size_t count)
{
	struct value array = {
		.kind = VALUE_ARRAY, .height = 1, .as.array = {items, count}};

	for (size_t i = 0; i < count; i++)
		array.height = higher(array.height, items[i]);
	return array;
}

struct value
value_collection(const struct value_member *members, size_t count)
{
	struct value collection = {.kind = VALUE_COLLECTION,
		.height = 1,
		.as.collection = {members, count}};

	for (size_t i = 0; i < count; i++)
		collection.height = higher(collection.height, members[i].value);
	return collection;
}

/* ---- copies ---- */

static struct value
copy_array(struct value value, struct arena *arena)
{
	size_t count = value.as.array.count;
	struct value *items = arena_alloc_array(arena, count, sizeof(*items));

	for (size_t i = 0; i < count; i++)
		items[i] = value_copy(value.as.array.items[i], arena);
	value.as.array.items = items;
	return value;
}

static struct value
copy_collection(struct value value, struct arena *arena)
{
	const struct value_member *from = value.as.collection.members;
	size_t count = value.as.collection.count;
	struct value_member *members =
		arena_alloc_array(arena, count, sizeof(*members));

	for (size_t i = 0; i < count; i++) {
		members[i].key = arena_copy(arena, from[i].key);
		members[i].value = value_copy(from[i].value, arena);
	}
	value.as.collection.members = members;
	return value;
}

struct value
value_copy(struct value value, struct arena *arena)
{
	switch ((enum value_kind)value.kind) {
	case VALUE_TEXT:
	case VALUE_BUFFER:
		value.as.text = arena_copy(arena, value.as.text);
		return value;
	case VALUE_ARRAY: return copy_array(value, arena);
	case VALUE_COLLECTION: return copy_collection(value, arena);
	case VALUE_EMPTY:
	case VALUE_BOOLEAN:
	case VALUE_NUMBER:
	case VALUE_DATE: break;
	}
	return value;
}

/* ---- looking into them ---- */

struct value
value_member(struct value value, struct str name)
{
	if (value.kind == VALUE_ARRAY && value.as.array.count)
		value = value.as.array.items[0];
	if (value.kind != VALUE_COLLECTION)
		return value_empty();
	for (size_t i = 0; i < value.as.collection.count; i++) {
		const struct value_member *member =
			&value.as.collection.members[i];

		if (str_equal(member->key, name))
			return member->value;
	}
	return value_empty();
}

struct value
value_item(struct value value, double index)
{
	double count;

	if (value.kind != VALUE_ARRAY || !isfinite(index))
		return value_empty();
	count = (double)value.as.array.count;
	index = trunc(index);
	if (index < 0)
		index += count + 1;
	if (index < 1 || index > count)
		return value_empty();
	return value.as.array.items[(size_t)index - 1];
}

/** A whole number of an item, or false. */
static bool
is_item_number(struct str step, double *ret)
{
	int64_t index;

	if (str_to_i64(step, &index))
		return false;
	*ret = (double)index;
	return true;
}

static struct value
step_into(struct value value, struct str step)
{
	double index;

	if (value.kind == VALUE_ARRAY && is_item_number(step, &index))
		return value_item(value, index);
	return value_member(value, step);
}

struct value
value_path(struct value value, struct str path)
{
	struct value whole = value_member(value, path);

	/* A name with a dot in it goes before a path. */
	if (value.kind == VALUE_COLLECTION && whole.kind != VALUE_EMPTY)
		return whole;
	while (path.ptr != NULL && value.kind != VALUE_EMPTY)
		value = step_into(value, str_split(&path, '.'));
	return value;
}
