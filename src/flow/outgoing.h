#pragma once
#include "flow/failure.h"
#include "net/http_client.h"

/*
 * The way out for modules: the guarded HTTP client (net/http_client.h), driven
 * on the calling thread until the answer is there. One belongs to each runner;
 * its connections are kept alive between calls.
 */
struct address_list; /* net/address.h */
struct outgoing;
struct oauth_tokens; /* flow/oauth_tokens.h */

struct outgoing *outgoing_new(const struct http_client_options *options);
/** NULL is harmless. */
void outgoing_free(struct outgoing *outgoing);

struct outgoing_request {
	const char *method;
	struct str url;
	const struct http_header *headers;
	size_t header_count;
	struct str body;
	bool has_body;
	const struct http_way *way; /* NULL: none of its own */
	int64_t timeout;	    /* microseconds; 0: 40 s */
	size_t response_max; /* 0: 5 MiB; more is FAILURE_MAX_FILE_SIZE */
};

struct outgoing_response { /* in the arena given */
	int status;
	struct str head;
	struct str body;
};

/**
 * From now on, for one run: what may be reached besides what everybody may
 * (borrowed; NULL: nothing), and when the run has to be over
 * (clock_monotonic(); 0: any time), which no call outlasts.
 */
void outgoing_begin_run(struct outgoing *outgoing,
	const struct address_list *list, int64_t deadline);

/**
 * Sends and waits. Any HTTP status is FAILURE_NONE; without an answer it is
 * FAILURE_CONNECTION, FAILURE_MODULE_TIMEOUT or FAILURE_CONFIGURATION (an
 * address that is not allowed), with a sentence. FAILURE_INTERRUPTED when
 * outgoing_interrupt() was called.
 */
enum failure_kind outgoing_send(struct outgoing *outgoing,
	const struct outgoing_request *request, struct arena *arena,
	struct outgoing_response *ret, struct failure *failure);

/**
 * The failure that a service's status means: 429 FAILURE_RATE_LIMIT, 401 and
 * 403 FAILURE_ACCESS_TOKEN, 400, 404, 409 and 422 FAILURE_DATA, 502 to 504
 * FAILURE_CONNECTION, other 4xx and 5xx FAILURE_RUNTIME; FAILURE_NONE below
 * 400.
 */
enum failure_kind outgoing_failure_of(const struct outgoing_response *response);

/**
 * Fills in the failure for an answer that refuses: "[404] what it said",
 * with what Retry-After asks for. A service that refuses with a status below
 * 400 is FAILURE_RUNTIME. Returns the kind.
 */
enum failure_kind outgoing_refusal(const struct outgoing_response *response,
	struct str said, struct arena *arena, struct failure *failure);

/** What it was made with, for other ways out: policy, certificates. */
const struct http_client_options *outgoing_options(
	const struct outgoing *outgoing);

/** Any thread: whether outgoing_interrupt() was called. */
bool outgoing_is_interrupted(const struct outgoing *outgoing);

/** Tokens kept for the requests that leave here. */
struct oauth_tokens *outgoing_tokens(struct outgoing *outgoing);

/** Any thread: ends what is being waited for, and all later calls. */
void outgoing_interrupt(struct outgoing *outgoing);
