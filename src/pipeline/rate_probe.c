#include "pipeline/rate_probe.h"

#include "pipeline/allow_lists.h"
#include "rule/rate.h"

enum { FIXED_HEADERS = 3, RESPONSE_MAX = 1024 };

/* Whatever waits for the answer waits no longer than so. */
#define PROBE_TIMEOUT (3 * SECONDS)

struct rate_answer
rate_probe_read(struct str head)
{
	struct rate_answer answer = {0};
	struct str text;

	if (!http_head_find(head, STR("WebHook-Allowed-Rate"), &text) ||
		rate_read(text, WEBHOOK_RATE_MAX, &answer.rate))
		return answer;
	answer.is_told = true;
	answer.is_unlimited = answer.rate == 0;
	return answer;
}

static void
end(struct rate_probe *probe, const struct rate_answer *answer)
{
	arena_release(&probe->arena);
	probe->done(probe, answer);
}

static void
answered(void *context, const struct http_result *result)
{
	struct rate_answer answer = {0};

	if (result->failure == HTTP_NO_FAILURE && result->status >= 200 &&
		result->status <= 299)
		answer = rate_probe_read(result->head);
	answer.failure = result->failure;
	end(context, &answer);
}

static void
add_header(struct rate_probe *probe, struct str name, struct str value)
{
	for (size_t i = 0; i < probe->header_count; i++) {
		if (str_equal_nocase(probe->headers[i].name, name))
			return;
	}
	probe->headers[probe->header_count++] =
		(struct http_header){name, value};
}

static void
send_request(struct rate_probe *probe, const struct credential *credential)
{
	const struct webhook *webhook = probe->webhook;
	int64_t timeout = probe->worker->options->handshake_timeout;
	struct http_request request;

	probe->header_count = 0;
	probe->headers = arena_alloc_array(&probe->arena,
		webhook->header_count + FIXED_HEADERS, sizeof(*probe->headers));
	add_header(probe, STR("Content-Type"), STR("application/json"));
	add_header(probe, STR("WebHook-Request-Origin"),
		probe->worker->options->origin);
	if (credential->has_header)
		add_header(probe, credential->header.name,
			arena_copy(&probe->arena, credential->header.value));
	for (size_t i = 0; i < webhook->header_count; i++)
		add_header(probe, webhook->headers[i].name,
			webhook->headers[i].value);
	request = (struct http_request){
		.method = "OPTIONS",
		.url = webhook->destination,
		.workspace = webhook->workspace,
		.headers = probe->headers,
		.header_count = probe->header_count,
		.way = webhook->way,
		.list = allow_lists_for(probe->worker->options->allow_lists,
			webhook->workspace, &webhook->options, &probe->arena),
		.timeout = timeout < PROBE_TIMEOUT ? timeout : PROBE_TIMEOUT,
		.response_max = RESPONSE_MAX,
		.context = probe,
		.done = answered,
	};
	http_client_send(probe->worker->client, &request);
}

static void
credential_came(
	struct credential_wait *wait, const struct credential *credential)
{
	struct rate_probe *probe =
		CONTAINER_OF(wait, struct rate_probe, credential);
	struct rate_answer answer = {.failure = credential->failure};

	if (credential->failure != HTTP_NO_FAILURE)
		end(probe, &answer);
	else
		send_request(probe, credential);
}

void
rate_probe_start(struct rate_probe *probe)
{
	probe->credential.done = credential_came;
	credentials_ask(
		probe->worker->credentials, probe->webhook, &probe->credential);
}
