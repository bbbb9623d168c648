#include "rule/value.h"

/* ---- deep equality ---- */

static bool
equal_arrays(struct value a, struct value b)
{
	if (a.as.array.count != b.as.array.count)
		return false;
	for (size_t i = 0; i < a.as.array.count; i++) {
		if (!value_equal(a.as.array.items[i], b.as.array.items[i]))
			return false;
	}
	return true;
}

static const struct value *
find_member(struct value collection, size_t hint, struct str key)
{
	const struct value_member *members = collection.as.collection.members;
	size_t count = collection.as.collection.count;

	/* As a rule the two have the same order. */
	if (hint < count && str_equal(members[hint].key, key))
		return &members[hint].value;
	for (size_t i = 0; i < count; i++) {
		if (str_equal(members[i].key, key))
			return &members[i].value;
	}
	return NULL;
}

static bool
equal_collections(struct value a, struct value b)
{
	const struct value_member *members = a.as.collection.members;

	if (a.as.collection.count != b.as.collection.count)
		return false;
	for (size_t i = 0; i < a.as.collection.count; i++) {
		const struct value *other = find_member(b, i, members[i].key);

		if (other == NULL || !value_equal(members[i].value, *other))
			return false;
	}
	return true;
}

bool
value_equal(struct value a, struct value b)
{
	if (a.kind != b.kind)
		return false;
	switch ((enum value_kind)a.kind) {
	case VALUE_EMPTY: return true;
	case VALUE_BOOLEAN: return a.as.boolean == b.as.boolean;
	case VALUE_NUMBER: return a.as.number == b.as.number;
	case VALUE_DATE: return a.as.date == b.as.date;
	case VALUE_TEXT:
	case VALUE_BUFFER: return str_equal(a.as.text, b.as.text);
	case VALUE_ARRAY: return equal_arrays(a, b);
	case VALUE_COLLECTION: return equal_collections(a, b);
	}
	return false;
}

/* ---- as operators compare ---- */

/** Two numbers, or a number and a text that is one. */
static bool
as_numbers(struct value a, struct value b, double *ret_a, double *ret_b)
{
	return (a.kind == VALUE_NUMBER || b.kind == VALUE_NUMBER) &&
	       value_to_number(a, ret_a) && value_to_number(b, ret_b);
}

static bool
as_dates(
	struct value a, struct value b, const struct zone *zone, int64_t ret[2])
{
	return (a.kind == VALUE_DATE || b.kind == VALUE_DATE) &&
	       value_to_date(a, zone, &ret[0]) &&
	       value_to_date(b, zone, &ret[1]);
}

/** By their text; buffers by their bytes. 2: one has no text. */
static int
compare_texts(struct value a, struct value b)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct str texts[2];
	int order;

	if (a.kind == VALUE_BUFFER)
		a.kind = VALUE_TEXT;
	if (b.kind == VALUE_BUFFER)
		b.kind = VALUE_TEXT;
	if (value_to_text(a, &arena, &texts[0]) ||
		value_to_text(b, &arena, &texts[1]))
		return 2;
	order = str_compare(texts[0], texts[1]);
	return (order > 0) - (order < 0);
}

bool
value_is_same(struct value a, struct value b, const struct zone *zone)
{
	double numbers[2];
	int64_t dates[2];

	if (value_is_blank(a) && value_is_blank(b))
		return true;
	if (as_numbers(a, b, &numbers[0], &numbers[1]))
		return numbers[0] == numbers[1];
	if (as_dates(a, b, zone, dates))
		return dates[0] == dates[1];
	if (a.kind >= VALUE_ARRAY && b.kind >= VALUE_ARRAY)
		return value_equal(a, b);
	/* Empty is "", and nothing else whose text is "", such as []. */
	if (value_is_empty(a) || value_is_empty(b))
		return false;
	return compare_texts(a, b) == 0;
}

int
value_order(struct value a, struct value b, const struct zone *zone)
{
	double numbers[2];
	int64_t dates[2];

	if (value_is_empty(a) || value_is_empty(b))
		return 2;
	if (as_numbers(a, b, &numbers[0], &numbers[1]))
		return (numbers[0] > numbers[1]) - (numbers[0] < numbers[1]);
	if (as_dates(a, b, zone, dates))
		return (dates[0] > dates[1]) - (dates[0] < dates[1]);
	return compare_texts(a, b);
}
