#pragma once
#include "pipeline/worker.h"

/*
 * What a worker has told the registry (deliver_report) and could not be
 * stored: it is kept, and told again a second later. Worker's thread.
 */

/** Takes it. */
void report_keep(struct worker *worker, struct report_mail *take_mail);

/** Tells all that are kept again; `is_said` false: they are thrown away. */
void report_end(struct worker *worker, bool is_said);
