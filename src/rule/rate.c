#include "rule/rate.h"

#include "base/clock.h"

void
rate_set(struct rate *rate, unsigned per_minute)
{
	int64_t burst = per_minute / 60 ? per_minute / 60 : 1;

	rate->interval = per_minute ? MINUTES / per_minute : 0;
	rate->depth = rate->interval * burst;
}

int64_t
rate_due(const struct rate *rate)
{
	return rate->interval ? rate->full_at - rate->depth + rate->interval
			      : 0;
}

void
rate_take(struct rate *rate, int64_t now)
{
	if (rate->full_at < now)
		rate->full_at = now;
	rate->full_at += rate->interval;
}

enum err
rate_read(struct str text, unsigned max, unsigned *ret)
{
	uint64_t rate;

	*ret = 0;
	if (str_equal(text, STR("*")))
		return ERR_OK;
	if (str_to_u64(text, &rate) || rate == 0)
		return ERR_INVALID;
	*ret = rate < max ? (unsigned)rate : max;
	return ERR_OK;
}
