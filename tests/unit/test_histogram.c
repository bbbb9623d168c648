#include "base/histogram.h"

#include "base/clock.h"
#include "check.h"

TEST(histogram, each_time_is_counted_below_its_bound_and_in_the_sum)
{
	struct histogram histogram = {0};
	struct histogram_view view = {0};

	for (int i = 0; i < HISTOGRAM_BOUNDS; i++) {
		CHECK(i == 0 || histogram_bounds[i] > histogram_bounds[i - 1]);
		histogram_add(&histogram, histogram_bounds[i]);
	}
	histogram_add(&histogram, 5 * HOURS);
	histogram_add(&histogram, -5);
	histogram_add(&histogram, 1);
	histogram_read(&histogram, &view);
	CHECK_INT(view.counts[0], 3);
	for (int i = 1; i <= HISTOGRAM_BOUNDS; i++)
		CHECK_INT(view.counts[i], 1);
	CHECK(view.sum > 6 * HOURS);
	histogram_read(&histogram, &view);
	CHECK_INT(view.counts[0], 6);
}
