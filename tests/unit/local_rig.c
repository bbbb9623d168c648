#include "local_rig.h"

#include "base/clock.h"
#include "check.h"

struct local_rig local_rig;

void
local_rig_open(void)
{
	struct http_client_options options = {.policy = &local_rig.policy};

	local_rig.local = options.local = http_local_new();
	local_rig.client = http_client_new(&options);
}

void
local_rig_close(void)
{
	http_client_free(local_rig.client);
	http_local_free(local_rig.local);
	local_rig = (struct local_rig){0};
}

static void
on_done(void *context, const struct http_result *result)
{
	struct local_got *got = context;

	got->count++;
	got->failure = result->failure;
	got->status = result->status;
	got->timings = result->timings;
	got->body_was_cut = result->body_was_cut;
	snprintf(got->head, sizeof(got->head), "%.*s", STR_ARG(result->head));
	snprintf(got->body, sizeof(got->body), "%.*s", STR_ARG(result->body));
	snprintf(
		got->error, sizeof(got->error), "%.*s", STR_ARG(result->error));
}

struct http_request
local_rig_request(const char *url, const char *body, struct local_got *got)
{
	return (struct http_request){.method = "POST",
		.url = str_of(url),
		.body = str_of(body),
		.has_body = true,
		.workspace = 1,
		.timeout = LOCAL_DEADLINE * SECONDS,
		.response_max = 512,
		.context = got,
		.done = on_done};
}

void
local_rig_await(const struct local_got *got, size_t count)
{
	int64_t deadline = clock_monotonic() + LOCAL_DEADLINE * SECONDS;

	while (got->count < count) {
		CHECK(clock_monotonic() < deadline);
		http_client_wait(local_rig.client, -1, SECONDS);
	}
	CHECK_INT(got->count, count);
}
