#include "cli/setting_value.h"

#include "base/ascii.h"
#include "base/clock.h"

struct unit {
	struct str name;
	int64_t factor;
};

static const struct unit size_units[] = {
	{STR_INIT("GiB"), INT64_C(1) << 30},
	{STR_INIT("MiB"), INT64_C(1) << 20},
	{STR_INIT("KiB"), INT64_C(1) << 10},
	{STR_INIT("B"), 1},
};

static const struct unit time_units[] = {
	{STR_INIT("d"), 24 * HOURS},
	{STR_INIT("h"), HOURS},
	{STR_INIT("m"), MINUTES},
	{STR_INIT("s"), SECONDS},
	{STR_INIT("ms"), MILLISECONDS},
	{STR_INIT("us"), MICROSECONDS},
};

enum err
setting_value_integer(struct str text, int64_t minimum, int64_t maximum,
	int64_t *ret, struct buf *why)
{
	int64_t value;

	if (str_to_i64(text, &value) != ERR_OK) {
		buf_printf(why,
			"\"%.*s\" is not a whole number; expected one from "
			"%lld to %lld",
			STR_ARG(str_head(text, 80)), (long long)minimum,
			(long long)maximum);
		return ERR_INVALID;
	}
	if (value < minimum || value > maximum) {
		buf_printf(why, "%lld is out of range; expected %lld to %lld",
			(long long)value, (long long)minimum,
			(long long)maximum);
		return ERR_INVALID;
	}
	*ret = value;
	return ERR_OK;
}

/** A number and a unit's name; without one the factor is `bare` (0: none). */
static enum err
read_with_unit(struct str text, const struct unit *units, size_t count,
	int64_t bare, int64_t *ret)
{
	size_t digits = 0;
	struct str name;
	int64_t factor = 0;
	uint64_t number;

	while (digits < text.len && ascii_is_digit(text.ptr[digits]))
		digits++;
	if (str_to_u64(str_head(text, digits), &number) != ERR_OK)
		return ERR_INVALID;
	name = str_skip(text, digits);
	if (name.len == 0)
		factor = number == 0 ? 1 : bare;
	for (size_t i = 0; i < count; i++) {
		if (str_equal(name, units[i].name))
			factor = units[i].factor;
	}
	if (factor == 0)
		return ERR_INVALID;
	if (number > (uint64_t)(INT64_MAX / factor))
		return ERR_LIMIT;
	*ret = (int64_t)number * factor;
	return ERR_OK;
}

enum err
setting_value_size(struct str text, int64_t minimum, int64_t maximum,
	int64_t *ret, struct buf *why)
{
	int64_t value = 0;
	enum err err = read_with_unit(
		text, size_units, COUNT_OF(size_units), 1, &value);

	if (err == ERR_INVALID) {
		buf_printf(why,
			"\"%.*s\" is not a size; expected a whole number "
			"with B, KiB, MiB or GiB, for example 1MiB",
			STR_ARG(str_head(text, 80)));
		return ERR_INVALID;
	}
	if (err != ERR_OK || value < minimum || value > maximum) {
		buf_printf(
			why, "%.*s is out of range; expected ", STR_ARG(text));
		setting_value_print_size(why, minimum);
		buf_append(why, STR(" to "));
		setting_value_print_size(why, maximum);
		return ERR_INVALID;
	}
	*ret = value;
	return ERR_OK;
}

enum err
setting_value_duration(struct str text, int64_t minimum, int64_t maximum,
	int64_t *ret, struct buf *why)
{
	int64_t value = 0;
	enum err err = read_with_unit(
		text, time_units, COUNT_OF(time_units), 0, &value);

	if (err == ERR_INVALID) {
		buf_printf(why,
			"\"%.*s\" is not a duration; expected a whole number "
			"with ms, s, m, h or d, for example 10s",
			STR_ARG(str_head(text, 80)));
		return ERR_INVALID;
	}
	if (err != ERR_OK || value < minimum || value > maximum) {
		buf_printf(
			why, "%.*s is out of range; expected ", STR_ARG(text));
		setting_value_print_duration(why, minimum);
		buf_append(why, STR(" to "));
		setting_value_print_duration(why, maximum);
		return ERR_INVALID;
	}
	*ret = value;
	return ERR_OK;
}

enum err
setting_value_boolean(struct str text, bool *ret, struct buf *why)
{
	static const struct {
		struct str word;
		bool value;
	} words[] = {
		{STR_INIT("true"), true},
		{STR_INIT("false"), false},
		{STR_INIT("yes"), true},
		{STR_INIT("no"), false},
		{STR_INIT("on"), true},
		{STR_INIT("off"), false},
		{STR_INIT("1"), true},
		{STR_INIT("0"), false},
	};

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (str_equal_nocase(text, words[i].word)) {
			*ret = words[i].value;
			return ERR_OK;
		}
	}
	buf_printf(why, "\"%.*s\" is not a yes or no; expected true or false",
		STR_ARG(str_head(text, 80)));
	return ERR_INVALID;
}

enum err
setting_value_choice(
	struct str text, const char *choices, unsigned *ret, struct buf *why)
{
	struct str rest = str_of(choices);

	for (unsigned i = 0; rest.ptr != NULL; i++) {
		if (str_equal(str_split(&rest, ' '), text)) {
			*ret = i;
			return ERR_OK;
		}
	}
	buf_printf(why, "\"%.*s\" is not known; expected one of: %s",
		STR_ARG(str_head(text, 80)), choices);
	return ERR_INVALID;
}

/** The largest unit that divides the value. */
static void
print_with_unit(
	struct buf *out, int64_t value, const struct unit *units, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (value != 0 && value % units[i].factor == 0) {
			buf_printf(out, "%lld%.*s",
				(long long)(value / units[i].factor),
				STR_ARG(units[i].name));
			return;
		}
	}
	buf_append_char(out, '0');
}

void
setting_value_print_size(struct buf *out, int64_t bytes)
{
	print_with_unit(out, bytes, size_units, COUNT_OF(size_units));
}

void
setting_value_print_duration(struct buf *out, int64_t microseconds)
{
	print_with_unit(out, microseconds, time_units, COUNT_OF(time_units));
}

void
setting_value_print_choice(struct buf *out, const char *choices, unsigned index)
{
	struct str rest = str_of(choices);
	struct str word = STR("");

	for (unsigned i = 0; i <= index && rest.ptr != NULL; i++)
		word = str_split(&rest, ' ');
	buf_append(out, word);
}
