#include "http_client_rig.h"

#include "base/clock.h"
#include "check.h"

const struct wire_reply rig_keeping[2] = {{.bytes = RIG_OK}, {.bytes = RIG_OK}};
const struct wire_reply rig_closing[3] = {{.bytes = RIG_OK, .then = WIRE_CLOSE},
	{.bytes = RIG_OK, .then = WIRE_CLOSE},
	{.bytes = RIG_OK, .then = WIRE_CLOSE}};

struct rig rig = {
	.policy.allow_http = true,
	.options.policy = &rig.policy,
};

static void
on_done(void *context, const struct http_result *result)
{
	struct rig_got *got = context;

	got->count++;
	got->failure = result->failure;
	got->status = result->status;
	got->timings = result->timings;
	got->is_reused = result->is_reused_connection;
	snprintf(
		got->error, sizeof(got->error), "%.*s", STR_ARG(result->error));
}

void
rig_allow(const char *network)
{
	struct buf why = {0};

	CHECK_OK(address_network_parse(str_of(network),
		&rig.policy.allowed[rig.policy.allowed_count++], &why));
}

const char *
rig_url(const char *scheme, const char *host)
{
	static char url[128];

	snprintf(
		url, sizeof(url), "%s://%s:%u/", scheme, host, rig.server.port);
	return url;
}

struct rig_got
rig_run(struct http_request request)
{
	int64_t deadline = clock_monotonic() + RIG_DEADLINE * SECONDS;
	struct rig_got got = {0};

	request.method = "GET";
	request.response_max = 64;
	request.context = &got;
	request.done = on_done;
	if (request.timeout == 0)
		request.timeout = RIG_DEADLINE * SECONDS;
	http_client_send(rig.client, &request);
	while (got.count == 0) {
		CHECK(clock_monotonic() < deadline);
		http_client_wait(rig.client, -1, SECONDS);
	}
	CHECK_INT(got.count, 1);
	CHECK_INT(http_client_running(rig.client), 0);
	return got;
}

struct rig_got
rig_get(const char *scheme, const char *host, const struct http_way *way)
{
	return rig_run((struct http_request){
		.url = str_of(rig_url(scheme, host)), .way = way});
}

void
rig_serve_again(const struct wire_reply *replies, size_t count, SSL_CTX *tls)
{
	wire_server_stop(&rig.server);
	buf_release(&rig.server.requests);
	wire_server_start(&rig.server, replies, count, tls);
}

void
rig_end(void)
{
	http_client_free(rig.client);
	wire_server_stop(&rig.server);
}
