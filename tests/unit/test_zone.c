#include "base/zone.h"

#include "check.h"

#include "base/calendar.h"
#include "base/zone_rule.h"

static int64_t
at(int year, int month, int day, int hour, int minute)
{
	return calendar_days(year, month, day) * 86400 + hour * 3600 +
	       minute * 60;
}

TEST(calendar, days_and_dates_are_each_others_inverse)
{
	for (int64_t day = -800000; day < 800000; day += 13) {
		struct calendar_date date = calendar_date_of(day);

		CHECK_INT(calendar_days(date.year, date.month, date.day), day);
		CHECK(date.day >= 1 &&
			date.day <=
				calendar_days_in_month(date.year, date.month));
	}
	CHECK_INT(calendar_weekday(0), 4);
	CHECK_INT(calendar_weekday(-1), 3);
}

TEST(zone, clocks_change_when_they_do)
{
	const struct zone *prague = zone_find(STR("Europe/Prague"));

	CHECK(prague != NULL);
	CHECK_INT(zone_offset(prague, at(2018, 3, 25, 0, 59)), 3600);
	CHECK_INT(zone_offset(prague, at(2018, 3, 25, 1, 0)), 7200);
	CHECK_INT(zone_offset(prague, at(2018, 10, 28, 0, 59)), 7200);
	CHECK_INT(zone_offset(prague, at(2018, 10, 28, 1, 0)), 3600);
}

TEST(zone, the_rule_goes_on_behind_the_list_of_changes)
{
	const struct zone *york = zone_find(STR("America/New_York"));
	const struct zone *sydney = zone_find(STR("Australia/Sydney"));

	CHECK_INT(zone_offset(york, at(2150, 7, 1, 0, 0)), -4 * 3600);
	CHECK_INT(zone_offset(york, at(2150, 12, 1, 0, 0)), -5 * 3600);
	CHECK_INT(zone_offset(sydney, at(2150, 1, 1, 0, 0)), 11 * 3600);
	CHECK_INT(zone_offset(sydney, at(2150, 7, 1, 0, 0)), 10 * 3600);
}

TEST(zone, a_local_time_that_was_left_out_comes_out_later)
{
	const struct zone *prague = zone_find(STR("Europe/Prague"));

	CHECK_INT(zone_to_utc(prague, at(2018, 3, 25, 2, 30)),
		at(2018, 3, 25, 1, 30));
	CHECK_INT(zone_to_utc(prague, at(2018, 3, 25, 1, 59)),
		at(2018, 3, 25, 0, 59));
	CHECK_INT(zone_to_utc(prague, at(2018, 3, 25, 3, 0)),
		at(2018, 3, 25, 1, 0));
}

TEST(zone, of_a_local_time_that_is_twice_the_first_counts)
{
	const struct zone *prague = zone_find(STR("Europe/Prague"));

	CHECK_INT(zone_to_utc(prague, at(2018, 10, 28, 2, 30)),
		at(2018, 10, 28, 0, 30));
	CHECK_INT(zone_to_utc(prague, at(2018, 10, 28, 3, 0)),
		at(2018, 10, 28, 2, 0));
}

TEST(zone, only_names_of_zones_lead_to_a_file)
{
	static const char *const wrong[] = {"", "../../../etc/passwd",
		"/etc/passwd", "Europe", "Europe/", "Mars/Olympus",
		"leapseconds", "right/UTC", "posix/Europe/Prague",
		"Europe Prague", "tzdata.zi", "Europe/../UTC"};

	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		CHECK(!zone_exists(str_of(wrong[i])));
	CHECK(!zone_exists(str_make("UTC\0", 4)));
	CHECK(zone_exists(STR("UTC")));
	CHECK(zone_find(STR("UTC")) == NULL);
	CHECK(zone_exists(STR("Asia/Kolkata")));
	CHECK(zone_find(STR("Asia/Kolkata")) == zone_find(STR("Asia/Kolkata")));
}

TEST(zone, a_cut_file_is_refused_at_any_length)
{
	struct str bytes = check_read_file("/usr/share/zoneinfo/Europe/Prague");
	CLEANUP(arena_release) struct arena arena = {0};
	const struct zone *zone;

	CHECK_OK(zone_parse(bytes, &arena, &zone));
	for (size_t len = 0; len + 1 < bytes.len; len++) {
		char *cut = malloc(len + 1);

		memcpy(cut, bytes.ptr, len);
		CHECK_INT(zone_parse(str_make(cut, len), &arena, &zone),
			ERR_INVALID);
		free(cut);
		arena_reset(&arena);
	}
}

TEST(zone, rules_are_read_as_posix_has_them)
{
	struct zone_rule rule;

	CHECK_OK(zone_rule_parse(STR("<+0330>-3:30"), &rule));
	CHECK_INT(zone_rule_offset(&rule, 0), 12600);
	CHECK_OK(zone_rule_parse(STR("EST5EDT,M3.2.0,M11.1.0"), &rule));
	CHECK_INT(zone_rule_offset(&rule, at(2024, 3, 10, 6, 59)), -18000);
	CHECK_INT(zone_rule_offset(&rule, at(2024, 3, 10, 7, 0)), -14400);
	CHECK_INT(zone_rule_offset(&rule, at(2024, 11, 3, 5, 59)), -14400);
	CHECK_INT(zone_rule_offset(&rule, at(2024, 11, 3, 6, 0)), -18000);
	CHECK_OK(zone_rule_parse(STR("AAA0BBB,J60/0,J300/0"), &rule));
	CHECK_INT(zone_rule_offset(&rule, at(2024, 2, 29, 12, 0)), 0);
	CHECK_INT(zone_rule_offset(&rule, at(2024, 3, 1, 0, 0)), 3600);
	CHECK_OK(zone_rule_parse(STR("AAA0BBB-2,59/-1,300"), &rule));
	CHECK_INT(zone_rule_offset(&rule, at(2024, 2, 28, 23, 0)), 7200);
}

TEST(zone, wrong_rules_are_refused)
{
	static const char *const wrong[] = {"", "5", "EST", "EST5EDT",
		"EST5EDT,", "EST5EDT,M3.2.0", "EST5EDT,M13.2.0,M11.1.0",
		"EST5EDT,M3.6.0,M11.1.0", "EST5EDT,M3.2.7,M11.1.0",
		"EST5EDT,M3.2.0,M11.1.0x", "<EST5", "EST25", "EST5:60"};
	struct zone_rule rule;

	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		CHECK_INT(
			zone_rule_parse(str_of(wrong[i]), &rule), ERR_INVALID);
}
