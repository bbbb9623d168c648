#include "rule/filter_value.h"

enum { UNORDERED = 2 };

static int
order_integers(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static bool
is_instant(enum filter_value_kind kind)
{
	return kind == FILTER_VALUE_TIMESTAMP || kind == FILTER_VALUE_DATE;
}

/**
 * A string against a literal of a kind with a spelling is read as that kind.
 * A timestamp needs a whole date-time on the other side; a date takes either.
 */
static bool
string_to_kind(struct filter_value string, enum filter_value_kind kind,
	struct filter_value *ret)
{
	if (kind == FILTER_VALUE_DURATION)
		return filter_value_to_duration(string, ret);
	if (kind == FILTER_VALUE_TIME)
		return filter_value_read_time(string.text, ret);
	if (kind == FILTER_VALUE_GUID) {
		*ret = string;
		ret->kind = kind;
		return filter_value_is_guid(string.text);
	}
	if (!is_instant(kind) || !filter_value_to_instant(string, ret))
		return false;
	return kind == FILTER_VALUE_DATE || ret->kind == kind;
}

static int
order_guids(struct str a, struct str b)
{
	for (size_t i = 0; i < a.len; i++) {
		/* Sets the bit that makes a letter small; digits and hyphens
		   have it already. */
		int difference = (a.ptr[i] | 0x20) - (b.ptr[i] | 0x20);

		if (difference)
			return difference < 0 ? -1 : 1;
	}
	return 0;
}

static int
order_instants(struct timestamp a, struct timestamp b)
{
	return order_integers(timestamp_compare(a, b), 0);
}

static int
order_same_kind(struct filter_value a, struct filter_value b)
{
	switch (a.kind) {
	case FILTER_VALUE_BOOLEAN:
		return order_integers(a.as.boolean, b.as.boolean);
	case FILTER_VALUE_NUMBER:
		return number_compare(a.as.number, b.as.number);
	case FILTER_VALUE_STRING:
		return order_integers(str_compare(a.text, b.text), 0);
	case FILTER_VALUE_TIMESTAMP:
	case FILTER_VALUE_DATE:
		return order_instants(a.as.instant, b.as.instant);
	case FILTER_VALUE_TIME:
	case FILTER_VALUE_DURATION:
		return order_integers(a.as.micros, b.as.micros);
	case FILTER_VALUE_GUID: return order_guids(a.text, b.text);
	case FILTER_VALUE_NULL:
	case FILTER_VALUE_PATTERN:
	case FILTER_VALUE_JSON: break;
	}
	return UNORDERED;
}

int
filter_value_order(struct filter_value a, struct filter_value b)
{
	if (a.kind == FILTER_VALUE_STRING && b.kind != FILTER_VALUE_STRING &&
		!string_to_kind(a, b.kind, &a))
		return UNORDERED;
	if (b.kind == FILTER_VALUE_STRING && a.kind != FILTER_VALUE_STRING &&
		!string_to_kind(b, a.kind, &b))
		return UNORDERED;
	if (a.kind != b.kind && !(is_instant(a.kind) && is_instant(b.kind)))
		return UNORDERED;
	return order_same_kind(a, b);
}

bool
filter_value_equal(struct filter_value a, struct filter_value b)
{
	if (a.kind == FILTER_VALUE_NULL || b.kind == FILTER_VALUE_NULL)
		return a.kind == b.kind;
	if (a.kind == FILTER_VALUE_JSON && b.kind == FILTER_VALUE_JSON)
		return json_equal(a.as.json, b.as.json);
	return filter_value_order(a, b) == 0;
}
