#include <assert.h>

#include "base/clock.h"
#include "fuzz.h"
#include "rule/inbound.h"

enum { FIELDS = 8 };

static const char *const names[] = {"webhook-id", "webhook-timestamp",
	"webhook-signature", "Stripe-Signature", "X-Slack-Request-Timestamp",
	"X-Slack-Signature", "HPE-Webhook-Signature", "X-Hub-Signature-256",
	"x-compute-ops-mgmt-verification-challenge", "WebHook-Request-Origin",
	"WebHook-Request-Rate", "HPE-Webhook-Signature2"};

/**
 * Lines of "<letter><value>", the letter names a header; then the body. Nobody
 * has the secret, so nothing is ever right.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const methods[] = {"GET", "POST", "OPTIONS"};
	CLEANUP(arena_release) struct arena arena = {0};
	struct str rest = str_make((const char *)data, size);
	struct str secret = STR("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX");
	struct inbound_field fields[FIELDS];
	struct inbound_request request = {
		.headers = fields, .now = 1700000000 * SECONDS};
	struct inbound_challenges challenges = {.kinds = ~0U,
		.secrets = &secret,
		.secret_count = 1,
		.method = STR("PUT")};
	struct inbound_answer answer;

	while (rest.len > 0 && request.header_count < FIELDS &&
		rest.ptr[0] != '\n') {
		struct str line = str_split(&rest, '\n');
		struct inbound_field *field = &fields[request.header_count++];

		field->name = str_of(
			names[(unsigned char)line.ptr[0] % COUNT_OF(names)]);
		field->value = str_skip(line, 1);
	}
	request.body = str_skip(rest, 1);
	for (size_t i = 0; inbound_scheme_at(i); i++) {
		CLEANUP(buf_release) struct buf why = buf_make(0);
		struct inbound_signature signature = {
			.scheme = inbound_scheme_at(i),
			.secrets = &secret,
			.secret_count = 1,
			.header = STR("X-Hub-Signature-256"),
			.hash = HASH_SHA1,
			.encoding = INBOUND_BASE64};

		assert(inbound_verify(&signature, &request, &why) ==
			ERR_DENIED);
		assert(why.len > 0);
	}
	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		request.method = str_of(methods[i]);
		if (inbound_challenge_answer(&challenges, &request,
			    INBOUND_SIGNED, &arena, &answer))
			assert(answer.status == 200);
	}
	return 0;
}
