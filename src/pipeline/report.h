#pragma once
#include "pipeline/worker.h"

/*
 * What a worker has told the registry (deliver_report) and could not be
 * stored: it is kept, and told again a second later. What was kept stays
 * in order; newer reports may have been stored before it. Worker's thread.
 */

/** Takes it. */
void report_keep(struct worker *worker, struct report_mail *take_mail);

/** Tells all that are kept again; `is_said` false: they are thrown away. */
void report_end(struct worker *worker, bool is_said);

/**
 * A snapshot whose status differs from what this lane's own outcomes have led
 * to: the report of that was overtaken by a change of the user's; says it
 * again, for the new revision.
 */
void report_health_again(struct worker *worker, const struct webhook *webhook);
