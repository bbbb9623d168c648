#include "rule/pace.h"

enum echo { NEITHER, GOOD, OVERLOAD };

/* The first row that fits is taken; a failure has the status 0. */
static const struct {
	enum http_failure failure;
	int from, to;
	enum echo echo;
} echoes[] = {
	{HTTP_TIMED_OUT, 0, 0, OVERLOAD},
	{HTTP_NO_FAILURE, 200, 299, GOOD},
	{HTTP_NO_FAILURE, 429, 429, OVERLOAD},
	{HTTP_NO_FAILURE, 503, 503, OVERLOAD},
};

static enum echo
echo_of(const struct pace_outcome *outcome)
{
	for (size_t i = 0; i < COUNT_OF(echoes); i++) {
		if (outcome->failure == echoes[i].failure &&
			outcome->status >= echoes[i].from &&
			outcome->status <= echoes[i].to)
			return echoes[i].echo;
	}
	return NEITHER;
}

void
pace_set_cap(struct pace *pace, unsigned cap)
{
	if (pace->limit == 0)
		pace->limit = PACE_START;
	if (pace->threshold == 0 || pace->threshold == pace->cap)
		pace->threshold = cap;
	pace->cap = cap;
	if (pace->limit > cap)
		pace->limit = cap;
	if (pace->limit == 0)
		pace->limit = 1;
}

/** Notes how long it took; whether that was fast. */
static bool
was_fast(struct pace *pace, int64_t time)
{
	bool is_fast = time <= PACE_FAST || pace->best == 0 ||
		       time <= pace->best * PACE_SLOWER;

	if (pace->best == 0 || time < pace->best)
		pace->best = time > 0 ? time : 1;
	else
		pace->best += (time - pace->best) / 4096;
	return is_fast;
}

static void
grow(struct pace *pace)
{
	if (pace->limit >= pace->cap)
		return;
	if (pace->limit >= pace->threshold && ++pace->progress < pace->limit)
		return;
	pace->progress = 0;
	pace->limit++;
}

static void
cut(struct pace *pace, const struct pace_outcome *outcome)
{
	if (outcome->started < pace->cut_at)
		return;
	pace->limit = pace->limit > 1 ? pace->limit / 2 : 1;
	pace->threshold = pace->limit;
	pace->progress = 0;
	pace->cut_at = outcome->ended;
}

void
pace_move(struct pace *pace, const struct pace_outcome *outcome)
{
	enum echo echo = echo_of(outcome);

	if (echo == OVERLOAD)
		cut(pace, outcome);
	else if (echo == GOOD &&
		 was_fast(pace, outcome->ended - outcome->started) &&
		 outcome->in_flight * 2 >= pace->limit)
		grow(pace);
}

bool
pace_is_cut(const struct pace *pace)
{
	return pace->limit < pace->cap && pace->limit < PACE_START;
}
