#include "base/clock.h"
#include "base/timestamp.h"
#include "check.h"
#include "rule/cron.h"
#include "rule/schedule.h"

/* Schedules, told by the starts they give. */

static struct arena arena;

static struct schedule
read_ok(const char *json)
{
	struct schedule schedule;
	struct json_doc doc;
	struct buf why = {0};

	CHECK_OK(json_read(str_of(json), &arena, &doc, &why));
	if (schedule_read(json_root(&doc), &schedule, &why))
		check_failed(
			__FILE__, __LINE__, "%s: %s", json, buf_text(&why));
	buf_release(&why);
	return schedule;
}

static int64_t
instant(const char *text)
{
	int64_t ret = 0;

	if (text[0])
		CHECK_OK(timestamp_parse_microseconds(str_of(text), &ret));
	return ret;
}

#define DAILY(time_) "{\"type\":\"daily\",\"time\":\"" time_ "\"}"
#define DAILY_WITH(more_) "{\"type\":\"daily\",\"time\":\"09:00\"," more_ "}"
#define CRON(text_) "{\"type\":\"cron\",\"expression\":\"" text_ "\"}"
#define EVERY(seconds_, more_) \
	"{\"type\":\"indefinitely\",\"interval\":" seconds_ more_ "}"

/* The next start after a moment; "never" is the empty text. */
static const struct {
	const char *json, *zone, *after, *last, *next;
} cases[] = {
	{"null", "", "2026-01-01T00:00:00Z", "", ""},
	{"{\"type\":\"immediately\"}", "", "2026-01-01T00:00:00Z", "", ""},
	{"{\"type\":\"on-demand\"}", "", "2026-01-01T00:00:00Z", "", ""},
	{EVERY("900", ""), "", "2026-01-01T00:00:00Z", "",
		"2026-01-01T00:15:00Z"},
	{EVERY("900", ""), "", "2026-01-01T00:00:00Z", "2025-12-31T23:50:00Z",
		"2026-01-01T00:05:00Z"},
	/* Late: at once. */
	{EVERY("900", ""), "", "2026-01-01T00:00:00Z", "2025-12-31T10:00:00Z",
		"2026-01-01T00:00:00.000001Z"},
	{EVERY("3600", ",\"restrict\":[{\"time\":[\"09:00\",\"17:00\"]}]"), "",
		"2026-01-01T16:30:00Z", "2026-01-01T16:30:00Z",
		"2026-01-02T09:00:00Z"},
	{EVERY("3600", ",\"restrict\":[{\"time\":[\"09:00\",\"17:00\"]}]"), "",
		"2026-01-01T12:30:00Z", "2026-01-01T12:30:00Z",
		"2026-01-01T13:30:00Z"},
	{"{\"type\":\"once\",\"date\":\"2026-03-01T10:00:00Z\"}", "",
		"2026-01-01T00:00:00Z", "", "2026-03-01T10:00:00Z"},
	{"{\"type\":\"once\",\"date\":\"2026-03-01T10:00:00Z\"}", "",
		"2026-03-01T10:00:00Z", "", ""},
	/* Missed: at once, unless it was set up after that. */
	{"{\"type\":\"once\",\"date\":\"2026-03-01T10:00:00Z\"}", "",
		"2026-03-05T00:00:00Z", "2026-02-01T00:00:00Z",
		"2026-03-05T00:00:00.000001Z"},
	{"{\"type\":\"once\",\"date\":\"2026-03-01T10:00:00Z\"}", "",
		"2026-03-05T00:00:00Z", "2026-03-01T10:00:00.3Z", ""},
	/* Times of day are passed over. */
	{DAILY("09:30"), "", "2026-01-05T12:00:00Z", "2026-01-01T09:30:00Z",
		"2026-01-06T09:30:00Z"},
	{DAILY("09:30"), "", "2026-01-01T09:29:59Z", "",
		"2026-01-01T09:30:00Z"},
	{DAILY("09:30"), "", "2026-01-01T09:30:00Z", "",
		"2026-01-02T09:30:00Z"},
	{DAILY("9:05"), "Asia/Kolkata", "2026-01-01T00:00:00Z", "",
		"2026-01-01T03:35:00Z"},
	/* The clock goes from 02:00 to 03:00: taken at the end of the gap. */
	{DAILY("02:30"), "Europe/Prague", "2026-03-28T12:00:00Z", "",
		"2026-03-29T01:30:00Z"},
	{DAILY("02:30"), "Europe/Prague", "2026-03-29T01:30:00Z", "",
		"2026-03-30T00:30:00Z"},
	/* 02:30 comes twice: taken once. */
	{DAILY("02:30"), "Europe/Prague", "2026-10-24T12:00:00Z", "",
		"2026-10-25T00:30:00Z"},
	{DAILY("02:30"), "Europe/Prague", "2026-10-25T00:30:00Z", "",
		"2026-10-26T01:30:00Z"},
	{"{\"type\":\"weekly\",\"days\":[1,5],\"time\":\"08:00\"}", "",
		"2026-11-20T08:00:00Z", "", "2026-11-23T08:00:00Z"},
	{"{\"type\":\"weekly\",\"days\":[0],\"time\":\"08:00\"}", "",
		"2026-11-20T08:00:00Z", "", "2026-11-22T08:00:00Z"},
	{"{\"type\":\"monthly\",\"days\":[31],\"time\":\"00:00\"}", "",
		"2026-01-31T00:00:00Z", "", "2026-03-31T00:00:00Z"},
	{"{\"type\":\"yearly\",\"days\":[29],\"months\":[2],"
	 "\"time\":\"12:00\"}",
		"", "2026-01-01T00:00:00Z", "", "2028-02-29T12:00:00Z"},
	{"{\"type\":\"yearly\",\"days\":[30],\"months\":[2],"
	 "\"time\":\"12:00\"}",
		"", "2026-01-01T00:00:00Z", "", ""},
	{CRON("*/15 9-17 * * 1-5"), "", "2026-11-20T17:45:00Z", "",
		"2026-11-23T09:00:00Z"},
	/* Cron over the change of the clock, as local times of day are. */
	{CRON("30 2 * * *"), "Europe/Prague", "2026-03-28T12:00:00Z", "",
		"2026-03-29T01:30:00Z"},
	{CRON("30 2 * * *"), "Europe/Prague", "2026-10-25T00:30:00Z", "",
		"2026-10-26T01:30:00Z"},
	{CRON("0 8 * * *"), "America/New_York", "2026-03-07T13:00:00Z", "",
		"2026-03-08T12:00:00Z"},
	{CRON("0 8 * * *"), "America/New_York", "2026-10-31T12:00:00Z", "",
		"2026-11-01T13:00:00Z"},
	{CRON("30 9 * * mon,wed"), "", "2026-11-20T00:00:00Z", "",
		"2026-11-23T09:30:00Z"},
	{CRON("0 0 1 jan-mar/2 *"), "", "2026-01-01T00:00:00Z", "",
		"2026-03-01T00:00:00Z"},
	{CRON("0 0 * * 7"), "", "2026-11-20T00:00:00Z", "",
		"2026-11-22T00:00:00Z"},
	/* Both days given: either will do. */
	{CRON("0 0 13 * 5"), "", "2026-11-20T00:00:00Z", "",
		"2026-11-27T00:00:00Z"},
	{CRON("0 0 13 * 5"), "", "2026-12-11T00:00:00Z", "",
		"2026-12-13T00:00:00Z"},
	{CRON("0 0 31 2 *"), "", "2026-01-01T00:00:00Z", "", ""},
	{"{\"type\":\"daily\",\"time\":\"09:00\",\"between\":["
	 "\"2026-05-01T00:00:00Z\",\"2026-05-03T00:00:00Z\"]}",
		"", "2026-01-01T00:00:00Z", "", "2026-05-01T09:00:00Z"},
	{"{\"type\":\"daily\",\"time\":\"09:00\",\"between\":["
	 "\"2026-05-01T00:00:00Z\",\"2026-05-03T00:00:00Z\"]}",
		"", "2026-05-02T09:00:00Z", "", ""},
	/* Over midnight. */
	{EVERY("3600", ",\"restrict\":[{\"time\":[\"22:00\",\"06:00\"]}]"), "",
		"2026-01-01T12:30:00Z", "2026-01-01T12:30:00Z",
		"2026-01-01T22:00:00Z"},
	{EVERY("3600", ",\"restrict\":[{\"time\":[\"22:00\",\"06:00\"]}]"), "",
		"2026-01-01T23:30:00Z", "2026-01-01T23:30:00Z",
		"2026-01-02T00:30:00Z"},
	{"{\"type\":\"cron\",\"expression\":\"0 * * * *\",\"restrict\":[{"
	 "\"days\":[6],\"months\":[12],\"time\":[\"10:00\",\"11:00\"]}]}",
		"", "2026-11-20T00:00:00Z", "", "2026-12-05T10:00:00Z"},
};

TEST(schedule, starts_when_it_should)
{
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct schedule schedule = read_ok(cases[i].json);
		int64_t next = schedule_next(&schedule, instant(cases[i].after),
			instant(cases[i].last),
			zone_find(str_of(cases[i].zone)));
		int64_t expected =
			cases[i].next[0] ? instant(cases[i].next) : INT64_MAX;
		char text[TIMESTAMP_TEXT_SIZE];

		if (next != expected)
			check_failed(__FILE__, __LINE__, "%s after %s: %s",
				cases[i].json, cases[i].after,
				next == INT64_MAX
					? "never"
					: timestamp_format(next, text));
	}
	arena_release(&arena);
}

static const struct {
	const char *json, *why;
} wrong[] = {
	{"{\"type\":\"hourly\"}", "scheduling.type: "},
	{"{\"type\":7}", "scheduling.type: "},
	{"\"daily\"", "scheduling.type: "},
	{EVERY("59", ""), "scheduling.interval: "},
	{EVERY("\"x\"", ""), "scheduling.interval: "},
	{"{\"type\":\"once\",\"date\":\"tomorrow\"}", "scheduling.date: "},
	{DAILY("24:00"), "scheduling.time: "},
	{DAILY("9h"), "scheduling.time: "},
	{"{\"type\":\"daily\"}", "scheduling.time: "},
	{"{\"type\":\"weekly\",\"days\":[7],\"time\":\"08:00\"}",
		"scheduling.days: "},
	{"{\"type\":\"weekly\",\"days\":[],\"time\":\"08:00\"}",
		"scheduling.days: "},
	{"{\"type\":\"monthly\",\"days\":[0],\"time\":\"08:00\"}",
		"scheduling.days: "},
	{"{\"type\":\"yearly\",\"days\":[1],\"months\":[13],"
	 "\"time\":\"08:00\"}",
		"scheduling.months: "},
	{CRON("60 * * * *"), "scheduling.expression: field 1, the "
			     "minute: "},
	{CRON("* 24 * * *"), "scheduling.expression: field 2, the "
			     "hour: "},
	{CRON("* * 0 * *"), "scheduling.expression: field 3, the "
			    "day of the month: "},
	{CRON("* * * foo *"), "scheduling.expression: field 4, the "
			      "month: "},
	{CRON("* * * * 8"), "scheduling.expression: field 5, the "
			    "day of the week: "},
	{CRON("5-1 * * * *"), "scheduling.expression: field 1"},
	{CRON("*/0 * * * *"), "scheduling.expression: field 1"},
	{CRON("* * * *"), "scheduling.expression: field 5"},
	{CRON("* * * * * *"), "scheduling.expression: "},
	{"{\"type\":\"cron\"}", "scheduling.expression: "},
	{"{\"type\":\"daily\",\"time\":\"09:00\",\"between\":[\"x\"]}",
		"scheduling.between[0]: "},
	{DAILY_WITH("\"between\":\"2026-05-01\""), "scheduling.between: "},
	{DAILY_WITH("\"restrict\":[{\"time\":[\"x\",\"y\"]}]"),
		"scheduling.restrict: "},
	{DAILY_WITH("\"restrict\":[{\"time\":\"09:00\"}]"),
		"scheduling.restrict: "},
	{DAILY_WITH("\"restrict\":[{\"time\":[\"9:00\",\"9:00\"]}]"),
		"scheduling.restrict: "},
	{DAILY_WITH("\"restrict\":{\"days\":[1]}"), "scheduling.restrict: "},
	{DAILY_WITH("\"restrict\":[5]"), "scheduling.restrict: "},
};

TEST(schedule, what_is_wrong_is_named)
{
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct schedule schedule;
		struct json_doc doc;
		struct buf why = {0};

		CHECK_OK(json_read(str_of(wrong[i].json), &arena, &doc, NULL));
		if (schedule_read(json_root(&doc), &schedule, &why) !=
				ERR_INVALID ||
			!str_starts_with(buf_str(&why), str_of(wrong[i].why)))
			check_failed(__FILE__, __LINE__, "%s: \"%s\"",
				wrong[i].json, buf_text(&why));
		buf_release(&why);
	}
	arena_release(&arena);
}

TEST(schedule, a_member_that_is_not_known_is_named)
{
	struct buf why = {0};
	struct json_doc doc;

	CHECK_OK(json_read(
		STR(DAILY_WITH("\"restricts\":[]")), &arena, &doc, NULL));
	CHECK(schedule_check(json_root(&doc), &why) == ERR_INVALID);
	CHECK(str_starts_with(
		buf_str(&why), STR("scheduling.restricts: there is no")));
	CHECK_OK(json_read(
		STR(DAILY_WITH("\"restrict\":null")), &arena, &doc, NULL));
	CHECK_OK(schedule_check(json_root(&doc), &why));
	buf_release(&why);
	arena_release(&arena);
}
