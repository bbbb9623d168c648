#pragma once
#include "rule/schedule.h"

/**
 * Reads a crontab's five fields (minute, hour, day of the month, month, day of
 * the week; `*`, numbers, ranges, lists, `/step`, names of months and days;
 * 7 is Sunday too) into the masks of `schedule`. When both days are given,
 * either makes a start, as crontab(5) has it. ERR_INVALID with the field and
 * what was expected. Pure.
 */
enum err cron_read(struct str text, struct schedule *schedule, struct buf *why)
	MUST_USE;
