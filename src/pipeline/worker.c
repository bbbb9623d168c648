#include "pipeline/worker.h"

#include "base/clock.h"
#include "base/log.h"

void
worker_look(struct worker *worker)
{
	int64_t by =
		dispatch_look(worker->dispatch, clock_now(), clock_monotonic());

	if (by)
		log_warning("deliver.clock",
			"wall_clock_set_by_seconds=%lld "
			"retries=\"wait as long as they were meant to\"",
			(long long)(by / SECONDS));
}
