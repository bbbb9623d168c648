#include "base/epoch.h"
#include "check.h"
#include "rule/filter_ast.h"
#include "rule/filter_range.h"

/* The sorted lists against each comparison on its own. */
enum { BOUNDS = 300, VALUES = 200 };

static const uint8_t operators[] = {FILTER_GT, FILTER_GE, FILTER_LT, FILTER_LE};

static uint64_t random_state = 1;

static unsigned
pick(unsigned count)
{
	random_state =
		random_state * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(random_state >> 33) % count;
}

static struct filter_value
random_number(void)
{
	/* Whole ones that a double cannot tell apart, and what lies between. */
	switch (pick(4)) {
	case 0: return filter_value_number(number_from_integer(pick(20)));
	case 1:
		return filter_value_number(
			number_from_integer(INT64_MAX - pick(4)));
	case 2:
		return filter_value_number(number_from_real(
			9223372036854775808.0 * (1 + pick(2))));
	default: return filter_value_number(number_from_real(pick(40) / 2.0));
	}
}

static struct filter_value
random_text(bool is_time)
{
	static const struct str times[] = {STR_INIT("2024-01-01T00:00:00Z"),
		STR_INIT("2024-01-01T01:00:00+01:00"),
		STR_INIT("2024-01-01T00:00:00.500Z"),
		STR_INIT("2024-01-01T00:00:00.5Z"),
		STR_INIT("1999-12-31T23:59:59Z")};
	static const struct str texts[] = {STR_INIT(""), STR_INIT("a"),
		STR_INIT("ab"), STR_INIT("b"), STR_INIT("2024-01-01")};

	return filter_value_string(is_time || pick(3) == 0
					   ? times[pick(COUNT_OF(times))]
					   : texts[pick(COUNT_OF(texts))]);
}

static struct filter_value
random_literal(void)
{
	struct filter_value value;

	if (pick(2))
		return random_number();
	if (pick(2))
		return random_text(false);
	value = random_text(true);
	CHECK(filter_value_to_instant(value, &value));
	return value;
}

struct found {
	unsigned counts[BOUNDS];
};

static void
note(void *owner, uint32_t predicate)
{
	((struct found *)owner)->counts[predicate]++;
}

static void
check_value(const struct filter_ranges *ranges,
	const struct filter_bound *bounds, const bool *is_in,
	const struct filter_value *value)
{
	struct found found = {{0}};

	filter_ranges_look(ranges, value, note, &found);
	for (uint32_t i = 0; i < BOUNDS; i++)
		CHECK_INT(found.counts[i],
			is_in[i] && filter_range_is(value, bounds[i].op,
					    bounds[i].literal));
}

TEST(filter_range, those_that_are_true_are_found_once)
{
	struct filter_ranges *ranges = filter_ranges_new();
	static struct filter_value literals[BOUNDS];
	struct filter_bound bounds[BOUNDS];
	bool is_in[BOUNDS] = {false};
	struct epoch epoch;

	epoch_init(&epoch);
	for (uint32_t i = 0; i < BOUNDS; i++) {
		literals[i] = random_literal();
		bounds[i] = (struct filter_bound){
			&literals[i], i, operators[pick(4)]};
	}
	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < BOUNDS / 2; i++) {
			uint32_t at = pick(BOUNDS);

			if (is_in[at])
				filter_ranges_remove(
					ranges, &bounds[at], &epoch);
			else
				filter_ranges_add(
					ranges, &bounds[at], pick(1 << 20));
			is_in[at] = !is_in[at];
		}
		for (int i = 0; i < VALUES / 10; i++) {
			struct filter_value value =
				pick(2) ? random_number() : random_text(false);

			check_value(ranges, bounds, is_in, &value);
		}
		epoch_advance(&epoch);
	}
	filter_ranges_free(ranges);
	epoch_release(&epoch, NULL);
}

TEST(filter_range, what_has_no_order_is_not_taken)
{
	struct filter_value nan =
		filter_value_number(number_from_real(__builtin_nan("")));
	struct filter_value null = filter_value_null();
	struct filter_value is = filter_value_boolean(true);
	struct filter_value text = random_text(false);

	CHECK(!filter_ranges_take(&nan));
	CHECK(!filter_ranges_take(&null));
	CHECK(!filter_ranges_take(&is));
	CHECK(filter_ranges_take(&text));
}

TEST(filter_range, none_is_true_of_nothing)
{
	struct filter_ranges *ranges = filter_ranges_new();
	struct filter_value five = filter_value_number(number_from_integer(5));
	struct filter_bound bound = {&five, 0, FILTER_GT};
	struct filter_value null = filter_value_null();
	struct filter_value is = filter_value_boolean(true);
	struct found found = {{0}};

	filter_ranges_add(ranges, &bound, 0);
	filter_ranges_look(ranges, &null, note, &found);
	filter_ranges_look(ranges, &is, note, &found);
	filter_ranges_look(ranges, &five, note, &found);
	CHECK_INT(found.counts[0], 0);
	filter_ranges_free(ranges);
	filter_ranges_free(NULL);
}
