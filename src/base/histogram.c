#include "base/histogram.h"

#include "base/clock.h"
#include "base/counter.h"

const int64_t histogram_bounds[HISTOGRAM_BOUNDS] = {
	1 * MILLISECONDS,
	3 * MILLISECONDS,
	5 * MILLISECONDS,
	10 * MILLISECONDS,
	25 * MILLISECONDS,
	50 * MILLISECONDS,
	100 * MILLISECONDS,
	250 * MILLISECONDS,
	500 * MILLISECONDS,
	1 * SECONDS,
	3 * SECONDS,
	10 * SECONDS,
	30 * SECONDS,
	2 * MINUTES,
	10 * MINUTES,
	1 * HOURS,
};

void
histogram_add(struct histogram *histogram, int64_t microseconds)
{
	int64_t time = microseconds > 0 ? microseconds : 0;
	int at = 0;

	while (at < HISTOGRAM_BOUNDS && time > histogram_bounds[at])
		at++;
	counter_add(&histogram->counts[at], 1);
	counter_add(&histogram->sum, (uint64_t)time);
}

void
histogram_read(const struct histogram *histogram, struct histogram_view *view)
{
	for (int i = 0; i <= HISTOGRAM_BOUNDS; i++)
		view->counts[i] += atomic_load_explicit(
			&histogram->counts[i], memory_order_relaxed);
	view->sum +=
		atomic_load_explicit(&histogram->sum, memory_order_relaxed);
}
