#pragma once
#include "base/json.h"
#include "base/zone.h"

/*
 * When a scenario starts by itself: a blueprint's `scheduling`
 * ({"type":"indefinitely","interval":900}, "immediately", "once" + date,
 * "daily" + time, "weekly" + days + time, "monthly"/"yearly" + days (+ months)
 * + time, "on-demand", and "cron" + expression of five fields), with the
 * optional `between` and `restrict`. Times of day are local ones of the
 * scenario's zone: one that a change of the clock leaves out is taken at the
 * end of the gap, one that comes twice is taken once. Pure.
 */
enum schedule_type {
	SCHEDULE_IMMEDIATELY, /* as its hook is called */
	SCHEDULE_INTERVAL,
	SCHEDULE_ONCE,
	SCHEDULE_DAYS, /* daily, weekly, monthly, yearly, cron: by masks */
	SCHEDULE_ON_DEMAND,
};

enum { SCHEDULE_WINDOWS_MAX = 8 };

/** A row of `restrict`: only then. */
struct schedule_window {
	uint8_t week_days;   /* bit 0: Sunday; 0: all */
	uint16_t months;     /* bit 1: January; 0: all */
	int32_t from, until; /* minutes since midnight; over it if less */
};

struct schedule {
	enum schedule_type type;
	int64_t interval; /* microseconds; at least 60 s */
	int64_t date;	  /* ONCE: microseconds since 1970 */
	/* DAYS: all masks must fit; 0 in all bits of one: any. */
	uint64_t minutes;    /* bits 0 to 59 */
	uint32_t hours;	     /* bits 0 to 23 */
	uint32_t month_days; /* bits 1 to 31 */
	uint16_t months;     /* bits 1 to 12 */
	uint8_t week_days;   /* bits 0 (Sunday) to 6 */
	bool is_either_day;  /* cron: month_days or week_days */
	int64_t not_before;  /* `between`, microseconds; 0: open */
	int64_t not_after;
	struct schedule_window windows[SCHEDULE_WINDOWS_MAX];
	size_t window_count;
};

/** ERR_INVALID with a sentence that names the member. Missing or null:
 * IMMEDIATELY. */
enum err schedule_read(struct json json, struct schedule *ret, struct buf *why)
	MUST_USE;

/** Of what is set anew, that it has no other members. ERR_INVALID, why. */
enum err schedule_check(struct json json, struct buf *why) MUST_USE;

/** Whether it is to start at times, and not by a hook or by hand only. */
static inline bool
schedule_is_timed(const struct schedule *schedule)
{
	return schedule->type != SCHEDULE_IMMEDIATELY &&
	       schedule->type != SCHEDULE_ON_DEMAND;
}

/**
 * The first start after `after` (microseconds since 1970); `last` is when it
 * started last, or was set up; 0: never. An interval that has passed since, or
 * a single date, was missed and is due at once; times of day that were missed
 * are passed over. INT64_MAX: never again by itself.
 */
int64_t schedule_next(const struct schedule *schedule, int64_t after,
	int64_t last, const struct zone *zone);
