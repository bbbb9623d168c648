#include "flow/service_errors.h"

#include "base/clock.h"

/* The first row that fits decides. */
static const struct row {
	const char *service; /* type of the connection */
	int status;
	const char *path; /* of a text or number in the answer; NULL: any */
	const char *part; /* of what stands there; NULL: anything */
	enum failure_kind kind;
} rows[] = {
	/* "Transaction could not be completed, … Please try again." */
	{"notion", 409, "code", "conflict_error", FAILURE_CONNECTION},
	/* Quotas come as 403 from older faces of Google's APIs. */
	{"google", 403, "error.errors.1.reason", "imitExceeded",
		FAILURE_RATE_LIMIT},
	{"google", 403, "error.errors.1.reason", "quotaExceeded",
		FAILURE_RATE_LIMIT},
	{"google", 403, "error.details.1.reason", "RATE_LIMIT_EXCEEDED",
		FAILURE_RATE_LIMIT},
	{"servicenow", 403, "error.detail", "Unique Key violation",
		FAILURE_DUPLICATE_DATA},
	{"twilio", 400, "code", "14107", FAILURE_RATE_LIMIT},
	{"twilio", 400, "code", "63018", FAILURE_RATE_LIMIT},
	/* The bot is out of that chat, or was never in it. */
	{"telegram", 403, NULL, NULL, FAILURE_DATA},
	/* It knows a bot by the address alone. */
	{"telegram", 404, NULL, NULL, FAILURE_ACCESS_TOKEN},
	/* Missing permissions and access are the channel's. */
	{"discord", 403, "code", "50001", FAILURE_DATA},
	{"discord", 403, "code", "50013", FAILURE_DATA},
	/* An incoming webhook's channel is archived. */
	{"slack", 410, NULL, NULL, FAILURE_DATA},
};

/* How long to wait, in seconds. */
static const struct wait {
	const char *service;
	const char *path; /* in the answer; NULL: `seconds` */
	int seconds;
} waits[] = {
	/* "You will need to wait 30 seconds": there is no header for it. */
	{"airtable", NULL, 30},
	{"telegram", "parameters.retry_after", 0},
	/* Finer than its header. */
	{"discord", "retry_after", 0},
};

enum { WAIT_MAX_SECONDS = 24 * 3600 };

static bool
is_for(const char *service, const struct connection *connection)
{
	return str_equal(connection->type, str_of(service));
}

static bool
fits(const struct row *row, const struct connection *connection,
	const struct service_answer *answer)
{
	CLEANUP(buf_release) struct buf text = {0};

	if (!is_for(row->service, connection) ||
		row->status != answer->response.status)
		return false;
	if (!row->path)
		return true;
	return value_append_text(&text,
		       value_path(answer->body, str_of(row->path))) == ERR_OK &&
	       str_find(buf_str(&text), str_of(row->part)) != SIZE_MAX;
}

static void
judge_wait(const struct connection *connection,
	const struct service_answer *answer, struct failure *failure)
{
	for (size_t i = 0; i < COUNT_OF(waits); i++) {
		const struct wait *wait = &waits[i];
		double seconds = wait->seconds;

		if (!is_for(wait->service, connection) ||
			(wait->path &&
				!value_to_number(value_path(answer->body,
							 str_of(wait->path)),
					&seconds)) ||
			!(seconds > 0 && seconds <= WAIT_MAX_SECONDS) ||
			(!wait->path && failure->retry_after))
			continue;
		failure->retry_after = (int64_t)(seconds * (double)SECONDS);
	}
}

enum failure_kind
service_errors_judge(const struct connection *connection,
	const struct service_answer *answer, struct failure *failure)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (!fits(&rows[i], connection, answer))
			continue;
		failure->kind = rows[i].kind;
		break;
	}
	if (failure->kind == FAILURE_RATE_LIMIT)
		judge_wait(connection, answer, failure);
	return failure->kind;
}
