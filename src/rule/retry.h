#pragma once
#include "base/buf.h"
#include "rule/failure_rules.h"

/*
 * Whether and when an attempt that was not acknowledged is made again. Pure:
 * one table of answers by class of outcome for each set of rules, one schedule
 * of delays.
 */

/** Why an attempt brought no HTTP status; names are told to people. */
enum http_failure {
	HTTP_NO_FAILURE,     /* a response came */
	HTTP_BAD_URL,	     /* not an URL that may be used */
	HTTP_NOT_ALLOWED,    /* scheme or address is not on the allow-list */
	HTTP_NAME_UNKNOWN,   /* DNS says there is no such host */
	HTTP_DNS_DOWN,	     /* DNS did not answer: our side */
	HTTP_CANNOT_CONNECT, /* refused, unreachable */
	HTTP_TLS_FAILED,     /* handshake or certificate */
	HTTP_TIMED_OUT,	     /* connect or total time */
	HTTP_BROKEN,	     /* closed or nonsense before the response's end */
	HTTP_TOO_LARGE,	     /* response head over its limit */
	HTTP_PROXY_DOWN,     /* the proxy gave no way through: our side */
	HTTP_OUR_FAULT,	     /* no memory, no descriptors, no route, … */
	HTTP_NO_TOKEN,	     /* the endpoint's OAuth2 server gave none */
	HTTP_ABORTED,	     /* we are stopping */
};
const char *http_failure_name(enum http_failure failure); /* "TIMED_OUT" */

/** Whether it is this machine's, its name server's or its proxy's doing. */
bool http_failure_is_ours(enum http_failure failure);

enum { RETRY_STEPS_MAX = 24 };

struct retry_policy {
	int64_t delays[RETRY_STEPS_MAX]; /* microseconds, before jitter */
	size_t count;			 /* 0: never retry */
	int64_t window; /* from the first attempt; later retries are not made */
};

/** 5 s, 30 s, 2 min, 10 min, 30 min, 1 h, 2 h, 4 h, 8 h, 12 h within 36 h. */
extern const struct retry_policy retry_default_policy;

/** 20 retries, from 5 s to 94 min after each other, within 12 h. */
extern const struct retry_policy retry_greenlake_policy;

/**
 * Reads "5s,30s,2m,10m,1h" (each a whole number with s, m, h or d, from 1 s to
 * 36 h; blanks around it do not matter) into the delays; "none" is no retry.
 * Window stays 36 h. ERR_INVALID, or ERR_LIMIT over RETRY_STEPS_MAX delays;
 * `why` says which part.
 */
enum err retry_policy_parse(
	struct str text, struct retry_policy *ret, struct buf *why) MUST_USE;

/** Appends the schedule as retry_policy_parse reads it. */
void retry_policy_append(struct buf *out, const struct retry_policy *policy);

enum retry_verdict { RETRY_DELIVERED, RETRY_AGAIN, RETRY_GIVE_UP };

struct retry_outcome {
	enum http_failure failure;
	int status;	     /* HTTP status, 0 when failure is set */
	int64_t retry_after; /* microseconds from now the peer asked for, or 0
			      */
	enum failure_rules rules; /* by which it is judged */
};

struct retry_decision {
	enum retry_verdict verdict;
	int64_t delay;		    /* microseconds, when RETRY_AGAIN */
	const char *reason;	    /* static text when RETRY_GIVE_UP */
	bool counts_against_health; /* false for faults of our own side */
	bool is_gone;	 /* the endpoint wants nothing more, ever (410) */
	bool disables;	 /* the webhook, at once (HEALTH_DELIVERY_REFUSED) */
	bool is_used_up; /* given up after its last retry
			    (HEALTH_DELIVERY_LOST) */
};

/**
 * `attempts_made` includes the one just ended; `elapsed` is the time since
 * the first attempt. Jitter is full and drawn from random_below: the delay is
 * uniform in [0, delay], so that what failed together does not come back
 * together. Retry-After (429, 503) is a lower bound, clamped to one day.
 * Attempts stopped by our own shutdown are due again at once, whatever the
 * policy says.
 *
 * Any 2xx is delivered. An URL that cannot be used and a destination that is
 * not allowed are given up at once. By the standard rules so is 410;
 * everything else, redirects included, is tried again until the delays or the
 * window are used up. By GreenLake's 404, 413, 415, 425, 429, 502, 503, 504
 * and what brought no status are tried again, 410 is given up, and every other
 * status disables the webhook.
 */
struct retry_decision retry_decide(const struct retry_policy *policy,
	const struct retry_outcome *outcome, unsigned attempts_made,
	int64_t elapsed);

/**
 * The value of a Retry-After header (seconds, or an HTTP-date held against
 * `now`) in microseconds; 0 when it makes no sense or lies in the past.
 */
int64_t retry_after_read(struct str value, int64_t now);
