#include "flow/outgoing.h"

#include <assert.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "flow/oauth_tokens.h"
#include "rule/retry.h"

enum {
	TIMEOUT_SECONDS = 40,
	RESPONSE_MAX = 5 << 20,
};

struct outgoing {
	struct http_client *client;
	struct http_client_options options; /* borrows what they borrow */
	struct oauth_tokens *tokens;
	const struct address_list *list; /* of the present run */
	int64_t deadline;		 /* likewise */
	int wake; /* eventfd: readable once it was interrupted */
	atomic_bool is_interrupted;
};

/** A call under way; the answer is copied into the arena. */
struct exchange {
	struct arena *arena;
	struct outgoing_response *response;
	enum http_failure failure;
	struct str error;
	bool was_cut;
	bool is_done;
};

struct outgoing *
outgoing_new(const struct http_client_options *options)
{
	struct outgoing *outgoing = MEM_NEW(struct outgoing);

	outgoing->client = http_client_new(options);
	outgoing->options = *options;
	outgoing->tokens = oauth_tokens_new();
	outgoing->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert(outgoing->wake >= 0);
	return outgoing;
}

void
outgoing_free(struct outgoing *outgoing)
{
	if (!outgoing)
		return;
	http_client_free(outgoing->client);
	oauth_tokens_free(outgoing->tokens);
	close(outgoing->wake);
	mem_free(outgoing);
}

void
outgoing_begin_run(struct outgoing *outgoing, const struct address_list *list,
	int64_t deadline)
{
	outgoing->list = list;
	outgoing->deadline = deadline;
}

/** No longer than the run may take. */
static int64_t
time_for(const struct outgoing *outgoing, int64_t timeout)
{
	int64_t left = outgoing->deadline - clock_monotonic();

	if (timeout == 0)
		timeout = TIMEOUT_SECONDS * SECONDS;
	if (outgoing->deadline == 0 || left >= timeout)
		return timeout;
	return left > 0 ? left : 1;
}

struct oauth_tokens *
outgoing_tokens(struct outgoing *outgoing)
{
	return outgoing->tokens;
}

void
outgoing_interrupt(struct outgoing *outgoing)
{
	uint64_t one = 1;

	atomic_store(&outgoing->is_interrupted, true);
	(void)!write(outgoing->wake, &one, sizeof(one));
}

const struct http_client_options *
outgoing_options(const struct outgoing *outgoing)
{
	return &outgoing->options;
}

bool
outgoing_is_interrupted(const struct outgoing *outgoing)
{
	return atomic_load(&outgoing->is_interrupted);
}

static void
on_done(void *context, const struct http_result *result)
{
	struct exchange *exchange = context;

	exchange->is_done = true;
	exchange->failure = result->failure;
	exchange->was_cut = result->body_was_cut;
	exchange->error = arena_copy(exchange->arena, result->error);
	*exchange->response =
		(struct outgoing_response){.status = result->status,
			.head = arena_copy(exchange->arena, result->head),
			.body = arena_copy(exchange->arena, result->body)};
}

/* What a call without an answer failed of. */
static const struct meaning {
	enum http_failure failure;
	enum failure_kind kind;
} meanings[] = {
	{HTTP_BAD_URL, FAILURE_DATA},
	{HTTP_NOT_ALLOWED, FAILURE_CONFIGURATION},
	{HTTP_TIMED_OUT, FAILURE_MODULE_TIMEOUT},
	{HTTP_TOO_LARGE, FAILURE_MAX_FILE_SIZE},
	{HTTP_ABORTED, FAILURE_INTERRUPTED},
};

static enum failure_kind
kind_of(enum http_failure failure)
{
	for (size_t i = 0; i < COUNT_OF(meanings); i++) {
		if (meanings[i].failure == failure)
			return meanings[i].kind;
	}
	return FAILURE_CONNECTION;
}

/** Until the answer is there; false when it was interrupted before. */
static bool
wait_for(struct outgoing *outgoing, const struct exchange *exchange)
{
	while (!exchange->is_done) {
		if (atomic_load(&outgoing->is_interrupted))
			return false;
		http_client_wait(outgoing->client, outgoing->wake, SECONDS);
	}
	return true;
}

/**
 * The request points to what the caller is about to release: the client must
 * forget it first. Only the stop interrupts, so no later call misses it.
 */
static enum failure_kind
abandon(struct outgoing *outgoing, struct arena *arena, struct failure *failure)
{
	http_client_free(outgoing->client);
	outgoing->client = NULL;
	return failure_set(
		failure, arena, FAILURE_INTERRUPTED, "the process is stopping");
}

enum failure_kind
outgoing_send(struct outgoing *outgoing, const struct outgoing_request *request,
	struct arena *arena, struct outgoing_response *ret,
	struct failure *failure)
{
	size_t max =
		request->response_max ? request->response_max : RESPONSE_MAX;
	struct exchange exchange = {.arena = arena, .response = ret};
	struct http_request sent = {.method = request->method,
		.url = request->url,
		.headers = request->headers,
		.header_count = request->header_count,
		.body = request->body,
		.has_body = request->has_body,
		.way = request->way,
		.list = outgoing->list,
		.timeout = time_for(outgoing, request->timeout),
		.response_max = max,
		.context = &exchange,
		.done = on_done};

	if (atomic_load(&outgoing->is_interrupted))
		return failure_set(failure, arena, FAILURE_INTERRUPTED,
			"the process is stopping");
	http_client_send(outgoing->client, &sent);
	if (!wait_for(outgoing, &exchange))
		return abandon(outgoing, arena, failure);
	if (exchange.failure)
		return failure_set(failure, arena, kind_of(exchange.failure),
			"%s %.*s: %.*s", request->method, STR_ARG(request->url),
			STR_ARG(exchange.error));
	if (exchange.was_cut)
		return failure_set(failure, arena, FAILURE_MAX_FILE_SIZE,
			"%s %.*s: the answer is over %zu bytes",
			request->method, STR_ARG(request->url), max);
	return FAILURE_NONE;
}

/* The first row whose range has the status. */
static const struct range {
	int first, last;
	enum failure_kind kind;
} ranges[] = {
	{0, 399, FAILURE_NONE},
	{400, 400, FAILURE_DATA},
	{401, 401, FAILURE_ACCESS_TOKEN},
	{403, 403, FAILURE_ACCESS_TOKEN},
	{404, 404, FAILURE_DATA},
	{409, 409, FAILURE_DATA},
	{422, 422, FAILURE_DATA},
	{429, 429, FAILURE_RATE_LIMIT},
	{502, 504, FAILURE_CONNECTION},
};

enum failure_kind
outgoing_failure_of(const struct outgoing_response *response)
{
	for (size_t i = 0; i < COUNT_OF(ranges); i++) {
		if (response->status >= ranges[i].first &&
			response->status <= ranges[i].last)
			return ranges[i].kind;
	}
	return FAILURE_RUNTIME;
}

enum { QUOTED_MAX = 300 };

enum failure_kind
outgoing_refusal(const struct outgoing_response *response, struct str said,
	struct arena *arena, struct failure *failure)
{
	enum failure_kind kind = outgoing_failure_of(response);
	struct str after;

	if (kind == FAILURE_NONE)
		kind = FAILURE_RUNTIME;
	failure_set(failure, arena, kind, "[%d] %.*s", response->status,
		STR_ARG(str_head(said, QUOTED_MAX)));
	if (http_head_find(response->head, STR("Retry-After"), &after))
		failure->retry_after = retry_after_read(after, clock_now());
	return kind;
}
