#pragma once
#include "base/desk.h"
#include "pipeline/deliver.h"

/*
 * Reports of the workers on their way to the registry, which blocks while it
 * stores them: they go over the desk, whose threads would overtake one another
 * with them. Here one is told after the other, in the order they were posted,
 * so that an owner hears of the warning before he hears of the end, and of the
 * warning at all. For each report that is stored makes a new revision, and a
 * report of an older one is void: of what is lost that way the worker tells the
 * last one again (report_health_again). One that could not be stored comes back
 * later (report.h), behind what was posted meanwhile.
 */
struct report_line;

typedef void (*report_teller)(void *context, const struct deliver_report *);

/** `tell` is called on the desk's threads or a poster's, one at a time; it
    posts nothing. Its desk is stopped before the line is freed. Never NULL. */
struct report_line *report_line_new(
	struct desk *desk, report_teller tell, void *context);

/** All that was posted must have been told: desk_stop(). NULL is harmless. */
void report_line_free(struct report_line *line);

/**
 * Any thread. With the desk's queue full the caller tells the oldest report
 * itself: slower, as it waits for the disk, but none is lost. So it may hold
 * nothing that `tell` takes.
 */
void report_line_post(
	struct report_line *line, const struct deliver_report *report);
