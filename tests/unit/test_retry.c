#include "rule/retry.h"

#include "base/clock.h"
#include "base/random.h"
#include "check.h"

static struct retry_decision
decide_status(int status, unsigned attempts_made)
{
	struct retry_outcome outcome = {.status = status};

	return retry_decide(&retry_default_policy, &outcome, attempts_made, 0);
}

static struct retry_decision
decide_failure(enum http_failure failure, unsigned attempts_made)
{
	struct retry_outcome outcome = {.failure = failure};

	return retry_decide(&retry_default_policy, &outcome, attempts_made, 0);
}

TEST(retry, every_status_has_its_answer)
{
	for (int status = 0; status < 1000; status++) {
		struct retry_decision d = decide_status(status, 1);
		bool is_good = status >= 200 && status <= 299;

		CHECK_INT(d.verdict, is_good	     ? RETRY_DELIVERED
				     : status == 410 ? RETRY_GIVE_UP
						     : RETRY_AGAIN);
		CHECK_INT(d.counts_against_health, !is_good);
	}
	CHECK_TEXT(decide_status(410, 1).reason,
		"the endpoint says it is gone (410)");
}

TEST(retry, every_failure_has_its_answer)
{
	static const struct {
		enum http_failure failure;
		const char *name;
		enum retry_verdict verdict;
		bool counts;
	} rows[] = {
		{HTTP_BAD_URL, "BAD_URL", RETRY_GIVE_UP, true},
		{HTTP_NOT_ALLOWED, "NOT_ALLOWED", RETRY_GIVE_UP, true},
		{HTTP_NAME_UNKNOWN, "NAME_UNKNOWN", RETRY_AGAIN, true},
		{HTTP_DNS_DOWN, "DNS_DOWN", RETRY_AGAIN, false},
		{HTTP_CANNOT_CONNECT, "CANNOT_CONNECT", RETRY_AGAIN, true},
		{HTTP_TLS_FAILED, "TLS_FAILED", RETRY_AGAIN, true},
		{HTTP_TIMED_OUT, "TIMED_OUT", RETRY_AGAIN, true},
		{HTTP_BROKEN, "BROKEN", RETRY_AGAIN, true},
		{HTTP_TOO_LARGE, "TOO_LARGE", RETRY_AGAIN, true},
		{HTTP_PROXY_DOWN, "PROXY_DOWN", RETRY_AGAIN, false},
		{HTTP_OUR_FAULT, "OUR_FAULT", RETRY_AGAIN, false},
		{HTTP_NO_TOKEN, "NO_TOKEN", RETRY_AGAIN, false},
		{HTTP_ABORTED, "ABORTED", RETRY_AGAIN, false},
	};

	CHECK(http_failure_is_ours(HTTP_DNS_DOWN));
	CHECK(http_failure_is_ours(HTTP_PROXY_DOWN));
	CHECK(http_failure_is_ours(HTTP_OUR_FAULT));
	CHECK(!http_failure_is_ours(HTTP_NO_FAILURE));
	CHECK_INT(COUNT_OF(rows), HTTP_ABORTED);
	CHECK_TEXT(http_failure_name(HTTP_NO_FAILURE), "NO_FAILURE");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct retry_decision d = decide_failure(rows[i].failure, 1);

		CHECK_TEXT(http_failure_name(rows[i].failure), rows[i].name);
		CHECK_INT(d.verdict, rows[i].verdict);
		CHECK_INT(d.counts_against_health, rows[i].counts);
		CHECK_INT(d.reason != NULL, d.verdict == RETRY_GIVE_UP);
		/* What is ours never counts, and is tried again. */
		if (http_failure_is_ours(rows[i].failure))
			CHECK(d.verdict == RETRY_AGAIN &&
				!d.counts_against_health);
	}
}

TEST(retry, the_default_is_ten_pauses_within_a_day_and_a_half)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	const struct retry_policy *policy = &retry_default_policy;
	int64_t total = 0;

	retry_policy_append(&text, policy);
	CHECK_TEXT(buf_text(&text), "5s,30s,2m,10m,30m,1h,2h,4h,8h,12h");
	CHECK_INT(policy->window, 36 * HOURS);
	for (size_t i = 0; i < policy->count; i++)
		total += policy->delays[i];
	/* All of them fit, even without jitter. */
	CHECK_INT(total, 99755 * SECONDS);
	CHECK(total < policy->window);
}

TEST(retry, the_window_ends_to_the_microsecond)
{
	struct retry_outcome outcome = {
		.status = 503, .retry_after = 24 * HOURS};
	int64_t last = 12 * HOURS;

	/* Asked for more than the jitter may give: no chance in it. */
	CHECK_INT(retry_decide(&retry_default_policy, &outcome, 1, last).delay,
		24 * HOURS);
	CHECK_INT(retry_decide(&retry_default_policy, &outcome, 1, last + 1)
			  .verdict,
		RETRY_GIVE_UP);
}

TEST(retry, delays_follow_the_schedule_within_their_jitter)
{
	random_test_seed(1);
	for (unsigned made = 1; made <= retry_default_policy.count; made++) {
		int64_t full = retry_default_policy.delays[made - 1];
		int64_t least = INT64_MAX, most = 0;

		for (int i = 0; i < 2000; i++) {
			struct retry_decision d = decide_status(500, made);

			CHECK_INT(d.verdict, RETRY_AGAIN);
			CHECK(d.delay >= 0 && d.delay <= full);
			least = d.delay < least ? d.delay : least;
			most = d.delay > most ? d.delay : most;
		}
		CHECK(least < full / 20);
		CHECK(most > full - full / 20);
	}
}

/*
 * Full jitter is uniform: of many draws each tenth of the delay gets a tenth,
 * and the mean is half. 20,000 draws leave a standard deviation of 42 a tenth;
 * five of them are allowed.
 */
TEST(retry, jitter_spreads_evenly_over_the_whole_delay)
{
	enum { DRAWS = 20000, PARTS = 10, SLACK = 212 };
	int64_t full = retry_default_policy.delays[5];
	int parts[PARTS] = {0};
	int64_t sum = 0;

	random_test_seed(7);
	for (int i = 0; i < DRAWS; i++) {
		int64_t delay = decide_status(500, 6).delay;
		int64_t part = delay * PARTS / (full + 1);

		parts[part]++;
		sum += delay / DRAWS;
	}
	for (int i = 0; i < PARTS; i++)
		CHECK(parts[i] > DRAWS / PARTS - SLACK &&
			parts[i] < DRAWS / PARTS + SLACK);
	CHECK(sum > full / 2 - full / 100 && sum < full / 2 + full / 100);
}

TEST(retry, only_410_says_that_the_endpoint_is_gone)
{
	for (int status = 100; status < 600; status++)
		CHECK_INT(decide_status(status, 1).is_gone, status == 410);
}

TEST(retry, count_and_window_come_to_an_end_with_a_reason)
{
	struct retry_outcome outcome = {.status = 500};
	struct retry_policy never = {.window = 36 * HOURS};
	struct retry_decision d;

	d = decide_status(500, 11);
	CHECK_INT(d.verdict, RETRY_GIVE_UP);
	CHECK_TEXT(d.reason, "all retries were used up");
	CHECK(d.counts_against_health);
	d = retry_decide(&retry_default_policy, &outcome, 10, 37 * HOURS);
	CHECK_INT(d.verdict, RETRY_GIVE_UP);
	CHECK_TEXT(d.reason, "the time for retries is over");
	d = retry_decide(&retry_default_policy, &outcome, 10, 24 * HOURS);
	CHECK_INT(d.verdict, RETRY_AGAIN);
	d = retry_decide(&retry_default_policy, &outcome, 1, INT64_MAX);
	CHECK_INT(d.verdict, RETRY_GIVE_UP);
	d = retry_decide(&never, &outcome, 1, 0);
	CHECK_INT(d.verdict, RETRY_GIVE_UP);
	CHECK_TEXT(d.reason, "retries are switched off");
}

TEST(retry, our_own_stop_is_made_good_at_once_whatever_the_count)
{
	struct retry_policy never = {0};
	struct retry_outcome outcome = {.failure = HTTP_ABORTED};
	struct retry_decision d =
		retry_decide(&never, &outcome, 99, 100 * HOURS);

	CHECK_INT(d.verdict, RETRY_AGAIN);
	CHECK_INT(d.delay, 0);
	CHECK(!d.counts_against_health);
}

TEST(retry, retry_after_is_a_lower_bound_of_at_most_a_day)
{
	struct retry_outcome outcome = {.status = 429};
	struct retry_decision d;

	outcome.retry_after = 3 * HOURS;
	d = retry_decide(&retry_default_policy, &outcome, 1, 0);
	CHECK_INT(d.delay, 3 * HOURS);
	outcome.status = 503;
	outcome.retry_after = INT64_MAX;
	d = retry_decide(&retry_default_policy, &outcome, 1, 0);
	CHECK_INT(d.delay, 24 * HOURS);
	outcome.retry_after = 1;
	d = retry_decide(&retry_default_policy, &outcome, 1, 0);
	CHECK(d.delay >= 1 && d.delay <= 5 * SECONDS);
	outcome.retry_after = 3 * HOURS;
	outcome.status = 500;
	d = retry_decide(&retry_default_policy, &outcome, 1, 0);
	CHECK(d.delay <= 5 * SECONDS);
	outcome.status = 429;
	outcome.retry_after = 20 * HOURS;
	d = retry_decide(&retry_default_policy, &outcome, 2, 17 * HOURS);
	CHECK_INT(d.verdict, RETRY_GIVE_UP);
}

TEST(retry, retry_after_is_read_as_seconds_or_a_date)
{
	/* Sun, 06 Nov 1994 08:49:37 GMT */
	int64_t now = 784111777 * SECONDS;

	CHECK_INT(retry_after_read(STR("120"), now), 120 * SECONDS);
	CHECK_INT(retry_after_read(STR(" 7\t"), now), 7 * SECONDS);
	CHECK_INT(retry_after_read(STR("0"), now), 0);
	CHECK_INT(retry_after_read(STR("-5"), now), 0);
	CHECK_INT(retry_after_read(STR("1.5"), now), 0);
	CHECK_INT(retry_after_read(STR("soon"), now), 0);
	CHECK_INT(retry_after_read(STR(""), now), 0);
	CHECK_INT(retry_after_read(STR("9223372036854775807"), now), INT64_MAX);
	CHECK_INT(retry_after_read(STR("99999999999999999999999"), now),
		INT64_MAX);
	CHECK_INT(retry_after_read(STR("Sun, 06 Nov 1994 08:50:37 GMT"), now),
		60 * SECONDS);
	CHECK_INT(
		retry_after_read(STR("Sun, 06 Nov 1994 08:49:38 GMT"), now + 1),
		SECONDS - 1);
	CHECK_INT(retry_after_read(STR("Sunday, 06-Nov-94 08:50:37 GMT"), now),
		60 * SECONDS);
	CHECK_INT(retry_after_read(STR("Sun Nov  6 08:50:37 1994"), now),
		60 * SECONDS);
	CHECK_INT(
		retry_after_read(STR("Sun, 06 Nov 1994 08:49:00 GMT"), now), 0);
}

TEST(retry, policies_are_read_from_text)
{
	CLEANUP(buf_release) struct buf why = buf_make(0);
	struct retry_policy policy;

	CHECK_OK(retry_policy_parse(
		STR("5s, 30s ,2m,10m,1h,1d"), &policy, &why));
	CHECK_INT(policy.count, 6);
	CHECK_INT(policy.delays[0], 5 * SECONDS);
	CHECK_INT(policy.delays[2], 2 * MINUTES);
	CHECK_INT(policy.delays[5], 24 * HOURS);
	CHECK_INT(policy.window, 36 * HOURS);
	CHECK_OK(retry_policy_parse(STR("none"), &policy, &why));
	CHECK_INT(policy.count, 0);
	CHECK_INT(policy.window, 36 * HOURS);
	CHECK_INT(why.len, 0);
}

TEST(retry, bad_policies_are_refused_with_the_part_and_change_nothing)
{
	static const char *const texts[] = {"", ",", "5", "s", "5s,", "5s,,5s",
		"0s", "-5s", "5x", "5 s", "1.5h", "37h", "2d", "none,5s",
		"99999999999999999999s", "5S"};
	struct retry_policy policy = {.count = 77};
	CLEANUP(buf_release) struct buf why = buf_make(0);

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		buf_clear(&why);
		CHECK_INT(retry_policy_parse(str_of(texts[i]), &policy, &why),
			ERR_INVALID);
		CHECK(str_find(buf_str(&why), STR("expected")) != SIZE_MAX);
		CHECK_INT(policy.count, 77);
	}
	buf_clear(&why);
	CHECK(retry_policy_parse(STR("5s,30s,x"), &policy, &why));
	CHECK(str_starts_with(buf_str(&why), STR("delay 3, 'x': ")));
	buf_clear(&why);
	CHECK_INT(retry_policy_parse(
			  STR("1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,"
			      "1s,1s,1s,1s,1s,1s,1s,1s,1s,1s"),
			  &policy, &why),
		ERR_LIMIT);
}

/* ---- GreenLake's table ---- */

static struct retry_decision
decide_greenlake(int status, unsigned attempts_made)
{
	struct retry_outcome outcome = {
		.status = status, .rules = FAILURES_GREENLAKE};

	return retry_decide(
		&retry_greenlake_policy, &outcome, attempts_made, 0);
}

TEST(retry, greenlakes_table_has_every_status)
{
	static const int again[] = {404, 413, 415, 425, 429, 502, 503, 504};

	for (int status = 0; status < 1000; status++) {
		struct retry_decision d = decide_greenlake(status, 1);
		bool is_good = status >= 200 && status <= 299;
		bool is_again = false;

		for (size_t i = 0; i < COUNT_OF(again); i++)
			is_again |= status == again[i];
		CHECK_INT(d.verdict, is_good	? RETRY_DELIVERED
				     : is_again ? RETRY_AGAIN
						: RETRY_GIVE_UP);
		CHECK_INT(d.counts_against_health, !is_good);
		CHECK_INT(d.disables, !is_good && !is_again && status != 410);
		CHECK(!d.is_used_up);
	}
}

TEST(retry, greenlake_tries_what_brought_no_status_again)
{
	struct retry_outcome outcome = {
		.failure = HTTP_TLS_FAILED, .rules = FAILURES_GREENLAKE};
	struct retry_decision d =
		retry_decide(&retry_greenlake_policy, &outcome, 1, 0);

	CHECK_INT(d.verdict, RETRY_AGAIN);
	CHECK(d.counts_against_health && !d.disables);
}

TEST(retry, greenlakes_twenty_retries_grow_and_fit_into_twelve_hours)
{
	int64_t total = 0;

	CHECK_INT(retry_greenlake_policy.count, 20);
	for (size_t i = 0; i < 20; i++) {
		int64_t delay = retry_greenlake_policy.delays[i];

		CHECK(i == 0 || delay > retry_greenlake_policy.delays[i - 1]);
		total += delay;
		CHECK_INT(decide_greenlake(503, (unsigned)i + 1).verdict,
			RETRY_AGAIN);
	}
	CHECK(total <= retry_greenlake_policy.window);
	CHECK_INT(retry_greenlake_policy.window, 12 * HOURS);
	CHECK_INT(decide_greenlake(503, 21).verdict, RETRY_GIVE_UP);
	CHECK(decide_greenlake(503, 21).is_used_up);
}
