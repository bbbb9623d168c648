#include "rule/schedule.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/timestamp.h"
#include "rule/cron.h"

enum {
	DAY_SECONDS = 86400,
	DAY_MINUTES = 1440,
	INTERVAL_MIN = 60,
	INTERVAL_MAX = 366 * DAY_SECONDS,
	/* A day that fits comes within eight years (29 February). */
	DAYS_AHEAD = 8 * 366 + 2,
};

/* ---- reading ---- */

static enum err
refuse(struct buf *why, const char *member, const char *expected)
{
	if (why)
		buf_printf(why, "scheduling.%s: expected %s", member, expected);
	return ERR_INVALID;
}

static enum err
read_date(struct json json, const char *member, int64_t *ret, struct buf *why)
{
	if (json_kind(json) != JSON_STRING ||
		timestamp_parse_microseconds(json_raw_string(json), ret))
		return refuse(
			why, member, "a time such as 2026-11-22T10:00:00Z");
	return ERR_OK;
}

/** "9:05" or "09:05:00" as minutes since midnight. */
static bool
read_minutes(struct str text, int32_t *ret)
{
	struct str rest = text, hours = str_split(&rest, ':');
	struct str minutes = str_split(&rest, ':');
	uint64_t hour, minute;

	if (str_to_u64(hours, &hour) || str_to_u64(minutes, &minute) ||
		hour > 24 || minute > 59 || hour * 60 + minute > DAY_MINUTES)
		return false;
	*ret = (int32_t)(hour * 60 + minute);
	return true;
}

static enum err
read_time(struct json json, struct schedule *ret, struct buf *why)
{
	struct json time = json_member(json, STR("time"));
	int32_t minutes = 0;

	if (json_kind(time) != JSON_STRING ||
		!read_minutes(json_raw_string(time), &minutes) ||
		minutes == DAY_MINUTES)
		return refuse(why, "time", "a time of day such as 09:30");
	ret->hours = UINT32_C(1) << (minutes / 60);
	ret->minutes = UINT64_C(1) << (minutes % 60);
	return ERR_OK;
}

/** A list of numbers as bits; none at all when it is missing. */
static bool
read_bits(struct json list, int64_t least, int64_t most, uint32_t *ret)
{
	struct json_walk walk = json_walk(list);

	*ret = 0;
	if (json_kind(list) != JSON_ARRAY)
		return json_is_missing(list) || json_kind(list) == JSON_NULL;
	while (json_walk_next(&walk)) {
		int64_t number;

		if (!json_to_integer(walk.value, &number) || number < least ||
			number > most)
			return false;
		*ret |= UINT32_C(1) << number;
	}
	return true;
}

static enum err
read_days(struct json json, bool is_week, struct schedule *ret, struct buf *why)
{
	uint32_t bits;

	if (!read_bits(json_member(json, STR("days")), is_week ? 0 : 1,
		    is_week ? 6 : 31, &bits) ||
		bits == 0)
		return refuse(why, "days",
			is_week ? "a list of numbers from 0 (Sunday) to 6"
				: "a list of numbers from 1 to 31");
	if (is_week)
		ret->week_days = (uint8_t)bits;
	else
		ret->month_days = bits;
	return read_time(json, ret, why);
}

static enum err
read_immediately(struct json json, struct schedule *ret, struct buf *why)
{
	(void)json;
	(void)ret;
	(void)why;
	return ERR_OK;
}

static enum err
read_interval(struct json json, struct schedule *ret, struct buf *why)
{
	int64_t seconds;

	if (!json_to_integer(json_member(json, STR("interval")), &seconds) ||
		seconds < INTERVAL_MIN || seconds > INTERVAL_MAX)
		return refuse(
			why, "interval", "seconds, a whole number from 60");
	ret->interval = seconds * SECONDS;
	return ERR_OK;
}

static enum err
read_once(struct json json, struct schedule *ret, struct buf *why)
{
	return read_date(
		json_member(json, STR("date")), "date", &ret->date, why);
}

static enum err
read_weekly(struct json json, struct schedule *ret, struct buf *why)
{
	return read_days(json, true, ret, why);
}

static enum err
read_monthly(struct json json, struct schedule *ret, struct buf *why)
{
	uint32_t months;

	if (!read_bits(json_member(json, STR("months")), 1, 12, &months))
		return refuse(why, "months", "a list of numbers from 1 to 12");
	ret->months = (uint16_t)months;
	return read_days(json, false, ret, why);
}

static enum err
read_cron(struct json json, struct schedule *ret, struct buf *why)
{
	CLEANUP(buf_release) struct buf reason = {0};
	struct json text = json_member(json, STR("expression"));

	if (json_kind(text) != JSON_STRING)
		return refuse(why, "expression",
			"five fields such as \"30 9 * * 1-5\"");
	if (cron_read(json_raw_string(text), ret, &reason) == ERR_OK)
		return ERR_OK;
	buf_printf(why, "scheduling.expression: %s", buf_text(&reason));
	return ERR_INVALID;
}

static const struct kind {
	const char *name;
	enum schedule_type type;
	enum err (*read)(
		struct json json, struct schedule *ret, struct buf *why);
} kinds[] = {
	{"immediately", SCHEDULE_IMMEDIATELY, read_immediately},
	{"indefinitely", SCHEDULE_INTERVAL, read_interval},
	{"once", SCHEDULE_ONCE, read_once},
	{"daily", SCHEDULE_DAYS, read_time},
	{"weekly", SCHEDULE_DAYS, read_weekly},
	{"monthly", SCHEDULE_DAYS, read_monthly},
	{"yearly", SCHEDULE_DAYS, read_monthly},
	{"cron", SCHEDULE_DAYS, read_cron},
	{"on-demand", SCHEDULE_ON_DEMAND, read_immediately},
};

static enum err
read_between(struct json json, struct schedule *ret, struct buf *why)
{
	struct json between = json_member(json, STR("between"));
	enum err err;

	if (json_is_missing(between) || json_kind(between) == JSON_NULL)
		return ERR_OK;
	if (json_kind(between) != JSON_ARRAY)
		return refuse(why, "between", "a list of two times");
	err = read_date(
		json_element(between, 0), "between[0]", &ret->not_before, why);
	return err ? err
		   : read_date(json_element(between, 1), "between[1]",
			     &ret->not_after, why);
}

static enum err
read_window(struct json json, struct schedule_window *window, struct buf *why)
{
	struct json time = json_member(json, STR("time"));
	uint32_t days, months;

	window->until = DAY_MINUTES;
	if (!read_bits(json_member(json, STR("days")), 0, 6, &days) ||
		!read_bits(json_member(json, STR("months")), 1, 12, &months))
		return refuse(why, "restrict", "lists of days and months");
	window->week_days = (uint8_t)days;
	window->months = (uint16_t)months;
	if (json_is_missing(time) || json_kind(time) == JSON_NULL)
		return ERR_OK;
	if (json_kind(time) != JSON_ARRAY ||
		!read_minutes(json_raw_string(json_element(time, 0)),
			&window->from) ||
		!read_minutes(json_raw_string(json_element(time, 1)),
			&window->until) ||
		window->from == window->until)
		return refuse(why, "restrict",
			"two times such as [\"09:00\", \"17:00\"]");
	return ERR_OK;
}

static enum err
read_windows(struct json json, struct schedule *ret, struct buf *why)
{
	struct json list = json_member(json, STR("restrict"));
	struct json_walk walk = json_walk(list);
	enum err err = ERR_OK;

	if (!json_is_missing(list) && json_kind(list) != JSON_NULL &&
		json_kind(list) != JSON_ARRAY)
		return refuse(why, "restrict", "a list of windows");
	while (!err && json_walk_next(&walk)) {
		if (ret->window_count == SCHEDULE_WINDOWS_MAX)
			return refuse(why, "restrict", "at most 8 windows");
		if (json_kind(walk.value) != JSON_OBJECT)
			return refuse(why, "restrict", "a list of objects");
		err = read_window(
			walk.value, &ret->windows[ret->window_count++], why);
	}
	return err;
}

enum err
schedule_read(struct json json, struct schedule *ret, struct buf *why)
{
	struct json type = json_member(json, STR("type"));
	const struct kind *kind = NULL;
	enum err err;

	*ret = (struct schedule){.type = SCHEDULE_IMMEDIATELY};
	if (json_is_missing(json) || json_kind(json) == JSON_NULL)
		return ERR_OK;
	for (size_t i = 0; i < COUNT_OF(kinds) && !kind; i++) {
		if (json_string_equal(type, str_of(kinds[i].name)))
			kind = &kinds[i];
	}
	if (!kind)
		return refuse(why, "type",
			"immediately, indefinitely, once, daily, weekly, "
			"monthly, yearly, cron or on-demand");
	ret->type = kind->type;
	err = kind->read(json, ret, why);
	if (!err)
		err = read_between(json, ret, why);
	return err ? err : read_windows(json, ret, why);
}

enum err
schedule_check(struct json json, struct buf *why)
{
	static const char *const known[] = {"type", "interval", "date", "time",
		"days", "months", "expression", "between", "restrict"};
	struct json_walk walk = json_walk(json);

	while (json_walk_next(&walk)) {
		bool is_known = false;

		for (size_t i = 0; i < COUNT_OF(known) && !is_known; i++)
			is_known =
				json_string_equal(walk.key, str_of(known[i]));
		if (is_known)
			continue;
		buf_printf(why,
			"scheduling.%.*s: there is no such member; type, "
			"interval, date, time, days, months, expression, "
			"between and restrict are expected",
			STR_ARG(str_head(json_raw_string(walk.key), 64)));
		return ERR_INVALID;
	}
	return ERR_OK;
}

/* ---- the next start ---- */

/** What of a local day is asked for. */
struct day {
	int month, day, week_day;
};

static bool
has_bit(uint64_t bits, int bit)
{
	return bits == 0 || (bits >> bit & 1) != 0;
}

/** Whether a local day may have a start. */
static bool
fits_day(const struct schedule *schedule, const struct day *day)
{
	bool fits_month_day = has_bit(schedule->month_days, day->day);
	bool fits_week_day = has_bit(schedule->week_days, day->week_day);

	if (!has_bit(schedule->months, day->month))
		return false;
	if (schedule->is_either_day && schedule->month_days &&
		schedule->week_days)
		return fits_month_day || fits_week_day;
	return fits_month_day && fits_week_day;
}

/** From 22:00 until 06:00 is over midnight. */
static bool
is_between(const struct schedule_window *window, int32_t minutes)
{
	bool has_begun = minutes >= window->from;
	bool is_over = minutes >= window->until;

	return window->from < window->until ? has_begun && !is_over
					    : has_begun || !is_over;
}

static bool
is_in_window(
	const struct schedule *schedule, const struct day *day, int32_t minutes)
{
	for (size_t i = 0; i < schedule->window_count; i++) {
		const struct schedule_window *window = &schedule->windows[i];

		if (has_bit(window->week_days, day->week_day) &&
			has_bit(window->months, day->month) &&
			is_between(window, minutes))
			return true;
	}
	return schedule->window_count == 0;
}

/** The first start of a local day after an instant, in seconds; or -1. */
static int64_t
next_on_day(const struct schedule *schedule, int64_t day_number, int64_t after,
	const struct zone *zone)
{
	struct calendar_date date = calendar_date_of(day_number);
	struct day day = {.month = date.month,
		.day = date.day,
		.week_day = calendar_weekday(day_number)};

	if (!fits_day(schedule, &day))
		return -1;
	for (int32_t minutes = 0; minutes < DAY_MINUTES; minutes++) {
		int64_t at;

		if (!has_bit(schedule->hours, minutes / 60) ||
			!has_bit(schedule->minutes, minutes % 60) ||
			!is_in_window(schedule, &day, minutes))
			continue;
		at = zone_to_utc(zone, day_number * DAY_SECONDS + minutes * 60);
		if (at > after)
			return at;
	}
	return -1;
}

static int64_t
next_by_masks(
	const struct schedule *schedule, int64_t after, const struct zone *zone)
{
	int64_t seconds = after / SECONDS;
	int64_t first = (seconds + zone_offset(zone, seconds)) / DAY_SECONDS;

	for (int64_t day = first; day < first + DAYS_AHEAD; day++) {
		int64_t at = next_on_day(schedule, day, seconds, zone);

		if (at >= 0)
			return at * SECONDS;
	}
	return INT64_MAX;
}

/** A moment, or the first minute after it that `restrict` leaves open. */
static int64_t
wait_for_window(
	const struct schedule *schedule, int64_t at, const struct zone *zone)
{
	struct schedule open = {.window_count = schedule->window_count};
	int64_t local = at / SECONDS + zone_offset(zone, at / SECONDS);
	struct calendar_date date = calendar_date_of(local / DAY_SECONDS);
	struct day day = {.month = date.month,
		.day = date.day,
		.week_day = calendar_weekday(local / DAY_SECONDS)};

	if (is_in_window(schedule, &day, (int32_t)(local % DAY_SECONDS / 60)))
		return at;
	memcpy(open.windows, schedule->windows, sizeof(open.windows));
	return next_by_masks(&open, at, zone);
}

static int64_t
next_by_interval(const struct schedule *schedule, int64_t after, int64_t last,
	const struct zone *zone)
{
	int64_t next =
		last ? last + schedule->interval : after + schedule->interval;

	return wait_for_window(schedule, next > after ? next : after + 1, zone);
}

/** Late, when it was missed: at once. */
static int64_t
next_once(const struct schedule *schedule, int64_t after, int64_t last)
{
	if (schedule->date > after)
		return schedule->date;
	return last && last < schedule->date ? after + 1 : INT64_MAX;
}

int64_t
schedule_next(const struct schedule *schedule, int64_t after, int64_t last,
	const struct zone *zone)
{
	int64_t next = INT64_MAX;

	if (schedule->not_before > after)
		after = schedule->not_before - 1;
	switch (schedule->type) {
	case SCHEDULE_IMMEDIATELY:
	case SCHEDULE_ON_DEMAND: break;
	case SCHEDULE_INTERVAL:
		next = next_by_interval(schedule, after, last, zone);
		break;
	case SCHEDULE_ONCE: next = next_once(schedule, after, last); break;
	case SCHEDULE_DAYS: next = next_by_masks(schedule, after, zone); break;
	}
	return schedule->not_after && next > schedule->not_after ? INT64_MAX
								 : next;
}
