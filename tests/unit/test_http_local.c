#include "net/http_local.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/desk.h"
#include "base/mem.h"
#include "check.h"
#include "local_rig.h"

/* Requests that stay in the process, through the client. */

/* What the receiver saw last. */
static struct {
	size_t count;
	uint32_t workspace;
	struct uuid hook;
	char method[16];
	char headers[1024];
	char body[256];
	struct http_local_call *calls[1000]; /* that it has yet to answer */
	int64_t delay;			     /* it takes nothing */
	size_t put_off;
} seen;

static int64_t
receive(void *context, const struct http_local_arrival *arrival)
{
	size_t len = 0;

	(void)context;
	if (seen.delay)
		seen.put_off++;
	if (seen.delay)
		return seen.delay;
	seen.workspace = arrival->workspace;
	seen.hook = arrival->hook;
	snprintf(seen.method, sizeof(seen.method), "%s", arrival->method);
	snprintf(seen.body, sizeof(seen.body), "%.*s", STR_ARG(arrival->body));
	for (size_t i = 0; i < arrival->header_count; i++)
		len += (size_t)snprintf(seen.headers + len,
			sizeof(seen.headers) - len, "%.*s: %.*s\n",
			STR_ARG(arrival->headers[i].name),
			STR_ARG(arrival->headers[i].value));
	seen.calls[seen.count++] = arrival->call;
	return 0;
}

static bool
knows(void *context, uint32_t workspace, struct uuid hook)
{
	struct uuid known;

	(void)context;
	CHECK_OK(uuid_parse(str_skip(STR(LOCAL_HOOK), 5), &known));
	return workspace == 1 && uuid_equal(hook, known);
}

static const struct http_local_receiver receiver = {
	.knows = knows, .receive = receive};

static void
answer(size_t which, int status, struct str body)
{
	const struct http_header header = {STR("Retry-After"), STR("7")};

	http_local_answer(
		seen.calls[which], &(struct http_local_answer){.status = status,
					   .content_type = STR("text/plain"),
					   .headers = &header,
					   .header_count = 1,
					   .body = body});
}

TEST(http_local, a_request_arrives_as_it_would_over_the_network)
{
	const struct http_header headers[] = {{STR("webhook-id"), STR("msg_1")},
		{STR("User-Agent"), STR(" mine ")}};
	struct local_got got = {0};
	struct http_request request =
		local_rig_request(LOCAL_HOOK, "{\"a\":1}", &got);

	local_rig_open();
	http_local_open(local_rig.local, &receiver);
	request.headers = headers;
	request.header_count = COUNT_OF(headers);
	http_client_send(local_rig.client, &request);
	CHECK_INT(seen.count, 1);
	CHECK_INT(seen.workspace, 1);
	CHECK(knows(NULL, 1, seen.hook));
	CHECK_TEXT(seen.method, "POST");
	CHECK_TEXT(seen.body, "{\"a\":1}");
	CHECK_TEXT(seen.headers,
		"Host: localhost\nAccept: */*\nwebhook-id: msg_1\n"
		"User-Agent: mine\nContent-Length: 7\n");
	CHECK_INT(http_client_running(local_rig.client), 1);
	answer(0, 429, STR("not now"));
	CHECK_INT(got.count, 0);
	local_rig_await(&got, 1);
	CHECK_INT(got.failure, HTTP_NO_FAILURE);
	CHECK_INT(got.status, 429);
	CHECK_TEXT(got.head,
		"HTTP/1.1 429 \r\nRetry-After: 7\r\nContent-Type: text/plain"
		"\r\nContent-Length: 7\r\n\r\n");
	CHECK_TEXT(got.body, "not now");
	CHECK_INT(got.timings.connected, 0);
	CHECK(got.timings.first_byte > 0);
	CHECK_INT(http_client_running(local_rig.client), 0);
	local_rig_close();
}

TEST(http_local, requests_wait_until_the_hooks_are_open)
{
	struct local_got got = {0};
	struct http_request request = local_rig_request(LOCAL_HOOK, "", &got);

	local_rig_open();
	http_client_send(local_rig.client, &request);
	http_client_send(local_rig.client, &request);
	http_client_wait(local_rig.client, -1, 0);
	CHECK_INT(seen.count, 0);
	http_local_open(local_rig.local, &receiver);
	while (seen.count < 2)
		http_client_wait(
			local_rig.client, -1, LOCAL_DEADLINE * SECONDS);
	answer(0, 200, STR(""));
	answer(1, 200, STR(""));
	local_rig_await(&got, 2);
	local_rig_close();
}

TEST(http_local, while_it_is_shut_what_arrived_is_answered_and_others_wait)
{
	struct local_got got = {0};
	struct http_request request = local_rig_request(LOCAL_HOOK, "", &got);

	local_rig_open();
	http_local_open(local_rig.local, &receiver);
	http_client_send(local_rig.client, &request);
	http_local_shut(local_rig.local);
	http_client_send(local_rig.client, &request);
	answer(0, 200, STR(""));
	local_rig_await(&got, 1);
	CHECK_INT(got.status, 200);
	CHECK_INT(seen.count, 1);
	CHECK_INT(http_client_running(local_rig.client), 1);
	http_local_close(local_rig.local);
	local_rig_await(&got, 2);
	CHECK_INT(got.failure, HTTP_ABORTED);
	CHECK_INT(seen.count, 1);
	local_rig_close();
}

TEST(http_local, what_is_not_taken_comes_again)
{
	struct local_got got = {0}, late = {0};
	struct http_request request = local_rig_request(LOCAL_HOOK, "", &got);

	local_rig_open();
	http_local_open(local_rig.local, &receiver);
	seen.delay = 1;
	http_client_send(local_rig.client, &request);
	while (seen.put_off < 3)
		http_client_wait(local_rig.client, -1, MILLISECONDS);
	CHECK_INT(seen.count, 0);
	seen.delay = 0;
	while (seen.count == 0)
		http_client_wait(local_rig.client, -1, MILLISECONDS);
	answer(0, 200, STR(""));
	local_rig_await(&got, 1);
	CHECK_INT(got.status, 200);
	/* In vain, which is not the hook's fault. */
	seen.delay = LOCAL_DEADLINE * SECONDS;
	request.context = &late;
	request.timeout = 1;
	http_client_send(local_rig.client, &request);
	local_rig_await(&late, 1);
	CHECK_INT(late.failure, HTTP_OUR_FAULT);
	/* Nor until it is taken, when all ends. */
	request.timeout = LOCAL_DEADLINE * SECONDS;
	http_client_send(local_rig.client, &request);
	http_local_close(local_rig.local);
	local_rig_await(&late, 2);
	CHECK_INT(late.failure, HTTP_ABORTED);
	local_rig_close();
}

TEST(http_local, a_client_that_ends_aborts_what_comes_again)
{
	struct local_got got = {0};
	struct http_request request = local_rig_request(LOCAL_HOOK, "", &got);

	local_rig_open();
	http_local_open(local_rig.local, &receiver);
	seen.delay = LOCAL_DEADLINE * SECONDS;
	http_client_send(local_rig.client, &request);
	local_rig_close();
	CHECK_INT(got.count, 1);
	CHECK_INT(got.failure, HTTP_ABORTED);
}

TEST(http_local, once_the_hooks_are_closed_requests_are_aborted)
{
	struct local_got got = {0}, late = {0};
	struct http_request request = local_rig_request(LOCAL_HOOK, "", &got);

	local_rig_open();
	http_client_send(local_rig.client, &request);
	http_local_close(local_rig.local);
	local_rig_await(&got, 1);
	CHECK_INT(got.failure, HTTP_ABORTED);
	request.context = &late;
	http_client_send(local_rig.client, &request);
	CHECK_INT(late.count, 0);
	local_rig_await(&late, 1);
	CHECK_INT(late.failure, HTTP_ABORTED);
	local_rig_close();
}

TEST(http_local, what_is_not_answered_in_its_time_is_timed_out)
{
	struct local_got got = {0}, first_byte = {0}, unopened = {0};
	struct http_request request =
		local_rig_request(LOCAL_HOOK, "", &unopened);

	local_rig_open();
	request.timeout = 1;
	http_client_send(local_rig.client, &request);
	local_rig_await(&unopened, 1);
	CHECK_INT(unopened.failure, HTTP_OUR_FAULT);
	http_local_open(local_rig.local, &receiver);
	request.context = &got;
	http_client_send(local_rig.client, &request);
	local_rig_await(&got, 1);
	CHECK_INT(got.failure, HTTP_TIMED_OUT);
	request.context = &first_byte;
	request.timeout = LOCAL_DEADLINE * SECONDS;
	request.first_byte_timeout = 1;
	http_client_send(local_rig.client, &request);
	local_rig_await(&first_byte, 1);
	CHECK_INT(first_byte.failure, HTTP_TIMED_OUT);
	CHECK_INT(seen.count, 2);
	/* Nobody hears of these any more. */
	answer(0, 200, STR("late"));
	http_client_wait(local_rig.client, -1, 0);
	CHECK_INT(got.count, 1);
	local_rig_close();
	answer(1, 200, STR("later"));
}

TEST(http_local, a_client_that_ends_aborts_what_runs)
{
	struct local_got got = {0};
	struct http_request request = local_rig_request(LOCAL_HOOK, "", &got);
	struct http_local_call *call;

	local_rig_open();
	http_client_send(local_rig.client, &request); /* before it opens */
	http_local_open(local_rig.local, &receiver);
	http_client_send(local_rig.client, &request);
	call = seen.calls[0];
	local_rig_close();
	CHECK_INT(got.count, 2);
	CHECK_INT(got.failure, HTTP_ABORTED);
	http_local_answer(call, &(struct http_local_answer){.status = 200});
	CHECK_INT(got.count, 2);
}

static void
is_refused(const char *url, uint32_t workspace, const char *method,
	enum http_failure failure)
{
	struct local_got got = {0};
	struct http_request request = local_rig_request(url, "", &got);

	request.workspace = workspace;
	request.method = method;
	http_client_send(local_rig.client, &request);
	CHECK_INT(got.count, 0);
	local_rig_await(&got, 1);
	CHECK_INT(got.failure, failure);
	CHECK(got.error[0] != '\0');
	CHECK_INT(seen.count, 0);
}

TEST(http_local, what_no_hook_may_be_asked_ends_in_a_failure)
{
	local_rig_open();
	http_local_open(local_rig.local, &receiver);
	is_refused(LOCAL_HOOK, 0, "POST", HTTP_NOT_ALLOWED);
	is_refused("hook:me", 1, "POST", HTTP_BAD_URL);
	is_refused(LOCAL_HOOK "/x", 1, "POST", HTTP_BAD_URL);
	is_refused(LOCAL_HOOK, 1, "P OST", HTTP_OUR_FAULT);
	is_refused("HOOK:0b1e7f3a-5f6c-4c1d-9a43-0d7f6b1e2c90", 1, "POST",
		HTTP_BAD_URL);
	local_rig_close();
}

TEST(http_local, a_client_without_hooks_takes_it_for_a_wrong_url)
{
	struct http_local *none;

	local_rig_open();
	none = local_rig.local;
	http_client_free(local_rig.client);
	local_rig.client = http_client_new(
		&(struct http_client_options){.policy = &local_rig.policy});
	is_refused(LOCAL_HOOK, 1, "POST", HTTP_BAD_URL);
	local_rig.local = none;
	local_rig_close();
}

TEST(http_local, answers_are_cut_and_their_heads_limited)
{
	CLEANUP(buf_release) struct buf large = buf_make(0);
	struct local_got got = {0};
	struct http_request request = local_rig_request(LOCAL_HOOK, "", &got);

	local_rig_open();
	http_local_open(local_rig.local, &receiver);
	for (int i = 0; i < 70000; i++)
		buf_append_char(&large, 'x');
	request.response_max = 3;
	http_client_send(local_rig.client, &request);
	answer(0, 200, buf_str(&large));
	local_rig_await(&got, 1);
	CHECK_TEXT(got.body, "xxx");
	CHECK(got.body_was_cut);
	http_client_send(local_rig.client, &request);
	http_local_answer(
		seen.calls[1], &(struct http_local_answer){.status = 200,
				       .content_type = buf_str(&large)});
	local_rig_await(&got, 2);
	CHECK_INT(got.failure, HTTP_TOO_LARGE);
	local_rig_close();
}

/* ---- answers on other threads ---- */

struct answering {
	struct desk_job job;
	struct http_local_call *call;
};

static struct desk *desk;

static void
answer_there(struct desk_job *job)
{
	struct answering *answering = CONTAINER_OF(job, struct answering, job);

	http_local_answer(
		answering->call, &(struct http_local_answer){.status = 202,
					 .body = STR("from elsewhere")});
	mem_free(answering);
}

static int64_t
receive_there(void *context, const struct http_local_arrival *arrival)
{
	struct answering *answering = MEM_NEW(struct answering);

	(void)context;
	answering->job.run = answer_there;
	answering->call = arrival->call;
	CHECK_OK(desk_post(desk, &answering->job));
	return 0;
}

TEST(http_local, hundreds_are_answered_on_other_threads)
{
	const struct http_local_receiver elsewhere = {
		.knows = knows, .receive = receive_there};
	struct local_got got = {0};
	struct http_request request = local_rig_request(LOCAL_HOOK, "", &got);

	desk = desk_start(4, 2000);
	local_rig_open();
	http_local_open(local_rig.local, &elsewhere);
	for (int i = 0; i < 1000; i++)
		http_client_send(local_rig.client, &request);
	while (got.count < 1000)
		http_client_wait(
			local_rig.client, -1, LOCAL_DEADLINE * SECONDS);
	CHECK_INT(got.status, 202);
	/* Some of these answers come before the client's end, some after. */
	for (int i = 0; i < 500; i++)
		http_client_send(local_rig.client, &request);
	local_rig_close();
	CHECK_INT(got.count, 1500);
	desk_stop(desk);
}

TEST(http_local, a_destination_is_held_against_the_hooks_there_are)
{
	CLEANUP(buf_release) struct buf why = buf_make(0);
	struct http_local *local;

	local_rig_open();
	local = local_rig.local;
	CHECK_INT(
		http_local_check(local, 1, STR(LOCAL_HOOK), &why), ERR_INVALID);
	http_local_open(local, &receiver);
	CHECK_OK(http_local_check(local, 1, STR(LOCAL_HOOK), &why));
	buf_clear(&why);
	CHECK_INT(
		http_local_check(local, 2, STR(LOCAL_HOOK), &why), ERR_INVALID);
	CHECK_STR(buf_str(&why),
		STR("there is no hook with the id in \"" LOCAL_HOOK "\""));
	buf_clear(&why);
	CHECK_INT(http_local_check(local, 1, STR("hook:x"), &why), ERR_INVALID);
	CHECK(str_starts_with(
		buf_str(&why), STR("a hook of this hub is written hook: ")));
	CHECK_INT(
		http_local_check(NULL, 1, STR(LOCAL_HOOK), &why), ERR_INVALID);
	local_rig_close();
}
