#include "rule/retry.h"

#include "base/clock.h"
#include "base/random.h"
#include "base/timestamp.h"
#include "rule/duration.h"

static const int64_t default_window = 36 * HOURS;
static const int64_t retry_after_max = 24 * HOURS;

const struct retry_policy retry_default_policy = {
	.delays = {5 * SECONDS, 30 * SECONDS, 2 * MINUTES, 10 * MINUTES,
		30 * MINUTES, 1 * HOURS, 2 * HOURS, 4 * HOURS, 8 * HOURS,
		12 * HOURS},
	.count = 10,
	.window = 36 * HOURS,
};

const struct retry_policy retry_greenlake_policy = {
	.delays = {5 * SECONDS, 15 * SECONDS, 30 * SECONDS, 1 * MINUTES,
		2 * MINUTES, 3 * MINUTES, 5 * MINUTES, 8 * MINUTES,
		12 * MINUTES, 17 * MINUTES, 23 * MINUTES, 30 * MINUTES,
		38 * MINUTES, 46 * MINUTES, 54 * MINUTES, 62 * MINUTES,
		70 * MINUTES, 78 * MINUTES, 86 * MINUTES, 94 * MINUTES},
	.count = 20,
	.window = 12 * HOURS,
};

/* What follows from an outcome before the schedule is asked. */
struct class
{
	enum retry_verdict verdict;
	bool counts_against_health;
	bool is_due_at_once;
	bool heeds_retry_after;
	bool is_gone;
	bool disables;
	bool is_ours;
	const char *reason; /* when RETRY_GIVE_UP */
};

static const struct {
	const char *name;
	struct class class;
} failures[] = {
	[HTTP_NO_FAILURE] = {"NO_FAILURE", {.verdict = RETRY_AGAIN}},
	[HTTP_BAD_URL] = {"BAD_URL",
		{RETRY_GIVE_UP, .counts_against_health = true,
			.reason = "the destination is not a usable URL"}},
	[HTTP_NOT_ALLOWED] = {"NOT_ALLOWED",
		{RETRY_GIVE_UP, .counts_against_health = true,
			.reason = "the destination is not allowed here"}},
	[HTTP_NAME_UNKNOWN] = {"NAME_UNKNOWN",
		{RETRY_AGAIN, .counts_against_health = true}},
	[HTTP_DNS_DOWN] = {"DNS_DOWN", {RETRY_AGAIN, .is_ours = true}},
	[HTTP_CANNOT_CONNECT] = {"CANNOT_CONNECT",
		{RETRY_AGAIN, .counts_against_health = true}},
	[HTTP_TLS_FAILED] = {"TLS_FAILED",
		{RETRY_AGAIN, .counts_against_health = true}},
	[HTTP_TIMED_OUT] = {"TIMED_OUT",
		{RETRY_AGAIN, .counts_against_health = true}},
	[HTTP_BROKEN] = {"BROKEN",
		{RETRY_AGAIN, .counts_against_health = true}},
	[HTTP_TOO_LARGE] = {"TOO_LARGE",
		{RETRY_AGAIN, .counts_against_health = true}},
	[HTTP_PROXY_DOWN] = {"PROXY_DOWN", {RETRY_AGAIN, .is_ours = true}},
	[HTTP_OUR_FAULT] = {"OUR_FAULT", {RETRY_AGAIN, .is_ours = true}},
	[HTTP_NO_TOKEN] = {"NO_TOKEN", {.verdict = RETRY_AGAIN}},
	[HTTP_ABORTED] = {"ABORTED", {RETRY_AGAIN, .is_due_at_once = true}},
};

struct status_row {
	int from, to;
	struct class class;
};

/* Of each table the first row whose range holds the status is taken. */
static const struct status_row standard[] = {
	{200, 299, {.verdict = RETRY_DELIVERED}},
	{410, 410,
		{RETRY_GIVE_UP, .counts_against_health = true, .is_gone = true,
			.reason = "the endpoint says it is gone (410)"}},
	{429, 429,
		{RETRY_AGAIN, .counts_against_health = true,
			.heeds_retry_after = true}},
	{503, 503,
		{RETRY_AGAIN, .counts_against_health = true,
			.heeds_retry_after = true}},
	/* Redirects (3xx) too: they are never followed. */
	{INT32_MIN, INT32_MAX, {RETRY_AGAIN, .counts_against_health = true}},
};

#define AGAIN \
	{ \
		RETRY_AGAIN, .counts_against_health = true \
	}
#define AGAIN_LATER \
	{ \
		RETRY_AGAIN, .counts_against_health = true, \
			     .heeds_retry_after = true \
	}

static const struct status_row greenlake[] = {
	{200, 299, {.verdict = RETRY_DELIVERED}},
	{404, 404, AGAIN},
	{410, 410,
		{RETRY_GIVE_UP, .counts_against_health = true,
			.reason = "the endpoint says it is gone (410)"}},
	{413, 413, AGAIN},
	{415, 415, AGAIN},
	{425, 425, AGAIN},
	{429, 429, AGAIN_LATER},
	{502, 502, AGAIN},
	{503, 503, AGAIN_LATER},
	{504, 504, AGAIN},
	{INT32_MIN, INT32_MAX,
		{RETRY_GIVE_UP, .counts_against_health = true, .disables = true,
			.reason = "the endpoint's answer allows no retry"}},
};

static const struct status_row *const statuses[] = {
	[FAILURES_STANDARD] = standard,
	[FAILURES_GREENLAKE] = greenlake,
};

const char *
http_failure_name(enum http_failure failure)
{
	return failures[failure].name;
}

bool
http_failure_is_ours(enum http_failure failure)
{
	return failures[failure].class.is_ours;
}

static const struct class *
class_of(const struct retry_outcome *outcome)
{
	const struct status_row *row = statuses[outcome->rules];

	if (outcome->failure != HTTP_NO_FAILURE)
		return &failures[outcome->failure].class;
	while (outcome->status < row->from || outcome->status > row->to)
		row++;
	return &row->class;
}

static int64_t
with_jitter(int64_t delay)
{
	return (int64_t)random_below((uint64_t)delay + 1);
}

static struct retry_decision
give_up(struct retry_decision decision, const char *reason)
{
	decision.verdict = RETRY_GIVE_UP;
	decision.reason = reason;
	decision.is_used_up = true;
	return decision;
}

struct retry_decision
retry_decide(const struct retry_policy *policy,
	const struct retry_outcome *outcome, unsigned attempts_made,
	int64_t elapsed)
{
	const struct class *class = class_of(outcome);
	struct retry_decision decision = {
		.verdict = class->verdict,
		.reason = class->reason,
		.counts_against_health = class->counts_against_health,
		.is_gone = class->is_gone,
		.disables = class->disables,
	};
	int64_t asked = outcome->retry_after;

	if (class->verdict != RETRY_AGAIN || class->is_due_at_once)
		return decision;
	if (policy->count == 0)
		return give_up(decision, "retries are switched off");
	if (attempts_made > policy->count)
		return give_up(decision, "all retries were used up");
	decision.delay = with_jitter(
		policy->delays[attempts_made ? attempts_made - 1 : 0]);
	if (asked > retry_after_max)
		asked = retry_after_max;
	if (class->heeds_retry_after && decision.delay < asked)
		decision.delay = asked;
	if (elapsed > policy->window - decision.delay) {
		decision.delay = 0;
		return give_up(decision, "the time for retries is over");
	}
	return decision;
}

/** "30s" as microseconds; 0 when it is none or over the window. */
static int64_t
read_delay(struct str part)
{
	int64_t delay;

	return duration_read(part, default_window, &delay) ? 0 : delay;
}

enum err
retry_policy_parse(struct str text, struct retry_policy *ret, struct buf *why)
{
	struct retry_policy policy = {.window = default_window};
	struct str rest = str_trim(text);

	if (str_equal(rest, STR("none"))) {
		*ret = policy;
		return ERR_OK;
	}
	if (rest.ptr == NULL)
		rest.ptr = "";
	while (rest.ptr != NULL) {
		struct str part = str_trim(str_split(&rest, ','));
		int64_t delay = read_delay(part);

		if (policy.count == RETRY_STEPS_MAX) {
			buf_printf(why, "more than %d delays", RETRY_STEPS_MAX);
			return ERR_LIMIT;
		}
		if (delay == 0) {
			buf_printf(why,
				"delay %zu, '%.*s': expected a whole number "
				"with s, m, h or d, from 1s to 36h, or 'none' "
				"alone",
				policy.count + 1, STR_ARG(str_head(part, 40)));
			return ERR_INVALID;
		}
		policy.delays[policy.count++] = delay;
	}
	*ret = policy;
	return ERR_OK;
}

void
retry_policy_append(struct buf *out, const struct retry_policy *policy)
{
	if (policy->count == 0)
		buf_append(out, STR("none"));
	for (size_t i = 0; i < policy->count; i++) {
		if (i > 0)
			buf_append_char(out, ',');
		duration_append(out, policy->delays[i]);
	}
}

static bool
is_all_digits(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
	}
	return text.len > 0;
}

int64_t
retry_after_read(struct str value, int64_t now)
{
	uint64_t seconds;
	int64_t date;

	value = str_trim(value);
	if (is_all_digits(value)) {
		if (str_to_u64(value, &seconds) ||
			seconds > (uint64_t)(INT64_MAX / SECONDS))
			return INT64_MAX;
		return (int64_t)seconds * SECONDS;
	}
	if (timestamp_parse_http(value, &date) || date <= now / SECONDS)
		return 0;
	return date * SECONDS - now;
}
