#include "pipeline/live.h"

#include "base/counter.h"
#include "base/mem.h"

struct live {
	atomic_uint refs;
	atomic_uint concurrency, in_flight;
	atomic_size_t queued;
	_Atomic int64_t oldest_due;
	_Atomic uint64_t acknowledged, failed;
};

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
live_read(const struct live *live, struct live_view *ret)
{
	*ret = (struct live_view){0};
	if (live == NULL)
		return;
	ret->concurrency = atomic_load(&live->concurrency);
	ret->in_flight = atomic_load(&live->in_flight);
	ret->queued = atomic_load(&live->queued);
	ret->oldest_due = atomic_load(&live->oldest_due);
	ret->acknowledged = atomic_load(&live->acknowledged);
	ret->failed = atomic_load(&live->failed);
}

void
live_show(struct live *live, const struct live_view *now)
{
	if (live == NULL)
		return;
	atomic_store_explicit(
		&live->concurrency, now->concurrency, memory_order_relaxed);
	atomic_store_explicit(
		&live->in_flight, now->in_flight, memory_order_relaxed);
	atomic_store_explicit(&live->queued, now->queued, memory_order_relaxed);
	atomic_store_explicit(
		&live->oldest_due, now->oldest_due, memory_order_relaxed);
}

void
live_count(struct live *live, bool is_acknowledged)
{
	if (live)
		counter_add(
			is_acknowledged ? &live->acknowledged : &live->failed,
			1);
}
