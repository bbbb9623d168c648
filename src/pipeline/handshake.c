#include "pipeline/handshake.h"

#include "base/encode.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"

enum { RESPONSE_MAX = 16384, TOKEN_BYTES = 32 };

struct handshake {
	struct worker *worker;
	const struct webhook *webhook;
	struct buf token;
	struct http_header *headers;
	struct arena arena;
};

static void
handshake_free(struct handshake *handshake)
{
	webhook_unref(handshake->webhook);
	buf_release(&handshake->token);
	arena_release(&handshake->arena);
	mem_free(handshake);
}

/** Whether the answer proves it; otherwise `why` says what came back. */
static bool
is_proof(const struct handshake *handshake, const struct http_result *result,
	struct buf *why)
{
	struct arena arena = {0};
	struct json_doc doc;
	struct json value;
	bool is_proven = false;

	if (result->failure != HTTP_NO_FAILURE) {
		buf_printf(why, "no answer: %.*s", STR_ARG(result->error));
		return false;
	}
	if (result->status != 200) {
		buf_printf(why, "status %d, expected 200", result->status);
		return false;
	}
	if (json_read(result->body, &arena, &doc, NULL)) {
		buf_printf(why, "a body that is not JSON: %.*s",
			STR_ARG(str_head(result->body, 100)));
	} else {
		value = json_member(json_root(&doc), STR("verification"));
		is_proven =
			json_string_equal(value, buf_str(&handshake->token));
		if (!is_proven)
			buf_printf(why,
				"\"verification\" is %.*s, expected \"%s\"",
				STR_ARG(json_is_missing(value)
						? STR("missing")
						: str_head(json_raw(value),
							  100)),
				buf_text(&handshake->token));
	}
	arena_release(&arena);
	return is_proven;
}

static void
handshake_done(void *context, const struct http_result *result)
{
	CLEANUP(buf_release) struct buf why = buf_make(512);
	struct handshake *handshake = context;
	const struct deliver_options *options = handshake->worker->options;
	const struct webhook *webhook = handshake->webhook;
	bool is_accepted = is_proof(handshake, result, &why);
	char id[UUID_TEXT_SIZE];

	uuid_format(webhook->id, id);
	if (is_accepted)
		log_info("handshake.accepted",
			"webhook=%s destination=%.*s took=%lldus", id,
			STR_ARG(webhook->destination),
			(long long)result->timings.total);
	else if (result->failure != HTTP_ABORTED)
		log_warning("handshake.failed",
			"webhook=%s destination=%.*s reason=\"%s\"", id,
			STR_ARG(webhook->destination), buf_text(&why));
	/* Stopped by our own shutdown: the next start makes it again. */
	if (result->failure != HTTP_ABORTED)
		options->handshake_ended(options->context, webhook->number,
			webhook->handshake, is_accepted);
	handshake_free(handshake);
}

static void
make_token(struct buf *token)
{
	char bytes[TOKEN_BYTES];

	random_bytes(bytes, sizeof(bytes));
	encode_base64_url(token, str_make(bytes, sizeof(bytes)));
}

void
handshake_start(struct worker *worker, const struct webhook *webhook)
{
	struct handshake *handshake = MEM_NEW(struct handshake);
	size_t count = webhook->header_count + 2;
	struct http_header *headers;
	struct http_request request;

	handshake->worker = worker;
	handshake->webhook = webhook;
	make_token(&handshake->token);
	headers = arena_alloc_array(&handshake->arena, count, sizeof(*headers));
	headers[0].name = STR("x-compute-ops-mgmt-verification-challenge");
	headers[0].value = buf_str(&handshake->token);
	headers[1].name = STR("Accept");
	headers[1].value = STR("application/json");
	for (size_t i = 0; i < webhook->header_count; i++) {
		headers[i + 2].name = webhook->headers[i].name;
		headers[i + 2].value = webhook->headers[i].value;
	}
	request = (struct http_request){
		.method = "GET",
		.url = webhook->destination,
		.headers = headers,
		.header_count = count,
		.timeout = worker->options->handshake_timeout,
		.response_max = RESPONSE_MAX,
		.context = handshake,
		.done = handshake_done,
	};
	http_client_send(worker->client, &request);
}
