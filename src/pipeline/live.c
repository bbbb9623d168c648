#include "pipeline/live.h"

#include "base/mem.h"

struct live *
live_new(void)
{
	struct live *live = MEM_NEW(struct live);

	atomic_init(&live->refs, 1);
	return live;
}

struct live *
live_ref(struct live *live)
{
	if (live)
		atomic_fetch_add_explicit(&live->refs, 1, memory_order_relaxed);
	return live;
}

void
live_unref(struct live *live)
{
	if (live && atomic_fetch_sub_explicit(
			    &live->refs, 1, memory_order_acq_rel) == 1)
		mem_free(live);
}

void
live_show(struct live *live, unsigned concurrency, unsigned in_flight,
	size_t queued)
{
	if (live == NULL)
		return;
	atomic_store_explicit(
		&live->concurrency, concurrency, memory_order_relaxed);
	atomic_store_explicit(
		&live->in_flight, in_flight, memory_order_relaxed);
	atomic_store_explicit(&live->queued, queued, memory_order_relaxed);
}

void
live_count(struct live *live, bool is_acknowledged)
{
	if (live)
		atomic_fetch_add_explicit(
			is_acknowledged ? &live->acknowledged : &live->failed,
			1, memory_order_relaxed);
}
