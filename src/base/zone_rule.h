#pragma once
#include "base/str.h"

/*
 * The rule at the end of a TZif file, which says what holds after its last
 * listed change: a POSIX TZ string with RFC 8536's extension,
 * "CET-1CEST,M3.5.0,M10.5.0/3".
 */
enum zone_day_kind {
	ZONE_DAY_OF_YEAR, /* n: from 0, 29 February counts */
	ZONE_DAY_JULIAN,  /* Jn: from 1, 29 February does not count */
	ZONE_DAY_OF_WEEK, /* Mm.w.d */
};

struct zone_change {
	enum zone_day_kind kind;
	int month, week, day;
	int32_t time; /* seconds after local midnight */
};

struct zone_rule {
	int32_t standard; /* seconds east of UTC */
	int32_t summer;
	bool has_summer;
	struct zone_change start, end; /* of summer time */
};

enum err zone_rule_parse(struct str text, struct zone_rule *ret) MUST_USE;

/** Seconds east of UTC at an instant in seconds since 1970. */
int32_t zone_rule_offset(const struct zone_rule *rule, int64_t seconds);
