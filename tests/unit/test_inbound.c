#include "rule/inbound.h"

#include "base/clock.h"
#include "base/json.h"
#include "check.h"

/* Vectors were made with Python's hmac. */

#define BODY "{\"power\":\"OFF\",\"n\":1}"
#define PLAIN "a plain secret"
#define STANDARD "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
#define STANDARD_RIGHT "v1,Q7qG7NUCi1PpxKw3NMVbE1s7qJWdjepNYO5upFfJL0Q="
#define PLAIN_RIGHT \
	"d5805d714523f9fa79c04e3e8b401138c861632c3ca664579c5caab6f623a350"
#define STRIPE_RIGHT \
	"0465d8a5d6173e63f6fbff5b3317239d887457a32b8c06e859d6e74b8d96fdbb"
#define SLACK_RIGHT \
	"77fb759c26d91bc1f5f53a961334c44d88d96d918e2a1ccd5fd8a770a4a234c2"
#define SHA1_RIGHT "1d513b9872e348c99fb5b742f0cc8b06d500d1b7"
#define SHA512_RIGHT \
	"ET3IBLCKsgYEv2by5JM3da3IHCmJDPpucRWL+Fg8FhJFy3kwSNZCvbWIEA7tuohjtQcvFj" \
	"8r2gz5y3WiQ/MCcw=="
#define WRONG "0000000000000000000000000000000000000000000000000000000000000000"
#define TIME "1700000000"
#define NOW 1700000000

static struct arena arena;

/** "Name: value\n" lines. */
static struct inbound_request
request_of(const char *method, const char *headers, const char *body)
{
	struct inbound_request request = {
		.method = str_of(method), .body = str_of(body)};
	struct inbound_field *fields =
		arena_alloc_array(&arena, 32, sizeof(*fields));
	struct str rest = str_of(headers);

	while (rest.len > 0) {
		struct str line = str_split(&rest, '\n');

		fields[request.header_count].name = str_split(&line, ':');
		fields[request.header_count++].value = str_trim(line);
	}
	request.headers = fields;
	request.now = NOW * SECONDS;
	return request;
}

static const struct {
	const char *scheme;
	const char *headers;
	int64_t late;	    /* seconds */
	const char *reason; /* NULL: it is right */
} cases[] = {
	{"standard",
		"webhook-id: msg_1\nwebhook-timestamp: " TIME
		"\nwebhook-signature: " STANDARD_RIGHT,
		0, NULL},
	{"standard",
		"WEBHOOK-ID: msg_1\nWebhook-Timestamp: " TIME
		"\nWebhook-Signature: v1a,AAAA v1,zzzz " STANDARD_RIGHT,
		299, NULL},
	{"standard",
		"webhook-id: msg_1\nwebhook-timestamp: " TIME
		"\nwebhook-signature: " STANDARD_RIGHT,
		301, "too old"},
	{"standard",
		"webhook-id: msg_1\nwebhook-timestamp: " TIME
		"\nwebhook-signature: " STANDARD_RIGHT,
		-301, "in the future"},
	{"standard",
		"webhook-id: msg_2\nwebhook-timestamp: " TIME
		"\nwebhook-signature: " STANDARD_RIGHT,
		0, "not right"},
	{"standard",
		"webhook-id: msg_1\nwebhook-timestamp: 1700000001"
		"\nwebhook-signature: " STANDARD_RIGHT,
		0, "not right"},
	{"standard",
		"webhook-timestamp: " TIME
		"\nwebhook-signature: " STANDARD_RIGHT,
		0, "webhook-id is missing"},
	{"standard", "webhook-id: msg_1\nwebhook-signature: " STANDARD_RIGHT, 0,
		"time is missing"},
	{"standard",
		"webhook-id: msg_1\nwebhook-timestamp: -1"
		"\nwebhook-signature: " STANDARD_RIGHT,
		0, "no Unix time"},
	{"standard",
		"webhook-id: msg_1\nwebhook-timestamp: 99999999999999999999"
		"\nwebhook-signature: " STANDARD_RIGHT,
		0, "no Unix time"},
	{"standard", "webhook-id: msg_1\nwebhook-timestamp: " TIME, 0,
		"webhook-signature is missing"},
	{"standard",
		"webhook-id: msg_1\nwebhook-timestamp: " TIME
		"\nwebhook-signature: v1a,AAAA",
		0, "has no signature v1,"},
	{"greenlake", "HPE-Webhook-Signature: sha256=" PLAIN_RIGHT, 0, NULL},
	{"greenlake",
		"HPE-Webhook-Signature: sha256=" WRONG
		"\nHPE-Webhook-Signature2: sha256=" PLAIN_RIGHT,
		0, NULL},
	{"greenlake", "HPE-Webhook-Signature2: sha256=" PLAIN_RIGHT, 0, NULL},
	{"greenlake", "HPE-Webhook-Signature: sha256=" WRONG, 0, "not right"},
	{"greenlake", "", 0, "HPE-Webhook-Signature is missing"},
	{"github", "X-Hub-Signature-256: sha256=" PLAIN_RIGHT, 99999, NULL},
	{"github", "X-Hub-Signature-256: " PLAIN_RIGHT, 0, "has no signature"},
	{"github", "X-Hub-Signature-256: sha256=d580", 0, "not right"},
	{"github", "X-Hub-Signature-256: sha256=", 0, "not right"},
	{"github", "X-Hub-Signature: sha1=" SHA1_RIGHT, 0, "is missing"},
	{"stripe",
		"Stripe-Signature: t=" TIME ",v1=" WRONG ",v1=" STRIPE_RIGHT
		",v0=" WRONG,
		0, NULL},
	{"stripe", "Stripe-Signature: t=" TIME ",v1=" STRIPE_RIGHT, 301,
		"too old"},
	{"stripe", "Stripe-Signature: v1=" STRIPE_RIGHT, 0, "time is missing"},
	{"stripe", "Stripe-Signature: t=" TIME ",v0=" STRIPE_RIGHT, 0,
		"has no signature"},
	{"stripe", "Stripe-Signature: t=" TIME, 0, "has no signature"},
	{"slack",
		"X-Slack-Request-Timestamp: " TIME
		"\nX-Slack-Signature: v0=" SLACK_RIGHT,
		0, NULL},
	{"slack",
		"X-Slack-Request-Timestamp: " TIME
		"\nX-Slack-Signature: v0=" PLAIN_RIGHT,
		0, "not right"},
	{"slack", "X-Slack-Signature: v0=" SLACK_RIGHT, 0, "time is missing"},
};

static enum err
verify(const struct inbound_signature *signature, const char *headers,
	int64_t late, struct buf *why)
{
	struct inbound_request request = request_of("POST", headers, BODY);

	request.now += late * SECONDS;
	return inbound_verify(signature, &request, why);
}

TEST(inbound, each_scheme_takes_what_is_right_and_says_what_is_not)
{
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		bool is_standard = !strcmp(cases[i].scheme, "standard");
		/* The former secret still counts. */
		struct str secrets[] = {STR("another"),
			is_standard ? STR(STANDARD) : STR(PLAIN)};
		struct inbound_signature signature = {
			.scheme = inbound_scheme_find(str_of(cases[i].scheme)),
			.secrets = secrets,
			.secret_count = COUNT_OF(secrets)};
		CLEANUP(buf_release) struct buf why = {0};
		enum err err = verify(
			&signature, cases[i].headers, cases[i].late, &why);
		bool is_right = cases[i].reason == NULL;

		if (is_right != (err == ERR_OK) ||
			(!is_right &&
				str_find(buf_str(&why),
					str_of(cases[i].reason)) == SIZE_MAX))
			check_failed(__FILE__, __LINE__, "case %zu, %s: %s %s",
				i, cases[i].scheme, err_name(err),
				buf_text(&why));
	}
	arena_release(&arena);
}

TEST(inbound, a_generic_header_has_its_own_prefix_hash_and_encoding)
{
	static const struct {
		const char *prefix, *header;
		enum hash_kind hash;
		enum inbound_encoding encoding;
	} rows[] = {
		{"", "X-Sign: " PLAIN_RIGHT, HASH_SHA256, INBOUND_HEX},
		{"sha1=", "X-Sign: sha1=" SHA1_RIGHT, HASH_SHA1, INBOUND_HEX},
		{"", "X-Sign: " SHA512_RIGHT, HASH_SHA512, INBOUND_BASE64},
	};
	struct str secret = STR(PLAIN);

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct inbound_signature signature = {
			.scheme = inbound_scheme_find(STR("hmac")),
			.secrets = &secret,
			.secret_count = 1,
			.header = STR("x-sign"),
			.prefix = str_of(rows[i].prefix),
			.hash = rows[i].hash,
			.encoding = rows[i].encoding};
		CLEANUP(buf_release) struct buf why = {0};

		CHECK_OK(verify(&signature, rows[i].header, 0, &why));
		signature.hash = HASH_MD5;
		CHECK_INT(verify(&signature, rows[i].header, 0, &why),
			ERR_DENIED);
	}
	arena_release(&arena);
}

TEST(inbound, no_secret_lets_nothing_through)
{
	struct inbound_signature signature = {
		.scheme = inbound_scheme_find(STR("github"))};
	struct buf why = {0};

	CHECK_INT(verify(&signature, "X-Hub-Signature-256: sha256=" PLAIN_RIGHT,
			  0, &why),
		ERR_DENIED);
	buf_release(&why);
	arena_release(&arena);
}

TEST(inbound, secrets_are_checked_by_scheme)
{
	const struct inbound_scheme *standard =
		inbound_scheme_find(STR("standard"));
	struct buf why = {0};

	CHECK_OK(inbound_secret_check(standard, STR(STANDARD), &why));
	CHECK_INT(inbound_secret_check(standard, STR("whsec_"), &why),
		ERR_INVALID);
	CHECK_INT(inbound_secret_check(standard, STR("not base64!"), &why),
		ERR_INVALID);
	CHECK_INT(inbound_secret_check(
			  inbound_scheme_find(STR("github")), STR(""), &why),
		ERR_INVALID);
	CHECK(inbound_scheme_find(STR("none")) == NULL);
	buf_release(&why);
}

/* ---- challenges ---- */

#define GREENLAKE_TOKEN "5b1e9c4e-0000-4000-8000-000000000001"

static const struct {
	const char *method, *headers, *body;
	unsigned kinds;
	enum inbound_trust trust;
	const char *answer; /* NULL: it is none */
} challenges[] = {
	{"GET", "X-Compute-Ops-Mgmt-Verification-Challenge: a\"b", "",
		INBOUND_COM, INBOUND_CREDENTIALS,
		"{\"verification\":\"a\\\"b\"}"},
	{"GET", "X-Compute-Ops-Mgmt-Verification-Challenge: ab", "",
		INBOUND_COM, INBOUND_ANYBODY, NULL},
	{"GET", "X-Compute-Ops-Mgmt-Verification-Challenge: ab", "",
		INBOUND_SLACK, INBOUND_SIGNED, NULL},
	{"POST", "X-Compute-Ops-Mgmt-Verification-Challenge: ab", "",
		INBOUND_COM, INBOUND_SIGNED, NULL},
	{"GET", "", "", INBOUND_COM, INBOUND_SIGNED, NULL},
	{"POST", "",
		"{\"data\":{\"challengeRequest\":\"" GREENLAKE_TOKEN "\"}}",
		INBOUND_GREENLAKE, INBOUND_CREDENTIALS,
		"{\"verification\":\"06f895430abf1ab7b476bfeee95480ae9ce0d583c9"
		"685c33a1703a1da5fba346\"}"},
	{"POST", "",
		"{\"type\":\"a.audit.created\",\"data\":{\"challengeRequest\":"
		"\"x\"}}",
		INBOUND_GREENLAKE, INBOUND_SIGNED, NULL},
	/* Nobody gets a body signed. */
	{"POST", "", "{\"data\":{\"challengeRequest\":\"{\\\"power\\\":1}\"}}",
		INBOUND_GREENLAKE, INBOUND_SIGNED, NULL},
	{"POST", "", "{\"data\":{\"challengeRequest\":1}}", INBOUND_GREENLAKE,
		INBOUND_SIGNED, NULL},
	{"POST", "", "{\"data\":{\"challengeRequest\":", INBOUND_GREENLAKE,
		INBOUND_SIGNED, NULL},
	{"POST", "",
		"{\"type\":\"url_verification\",\"token\":\"t\","
		"\"challenge\":\"3eZbrw\"}",
		INBOUND_SLACK, INBOUND_SIGNED, "3eZbrw"},
	{"POST", "", "{\"type\":\"url_verification\",\"challenge\":\"3eZbrw\"}",
		INBOUND_SLACK, INBOUND_CREDENTIALS, NULL},
	{"POST", "", "{\"type\":\"event_callback\",\"challenge\":\"3e\"}",
		INBOUND_SLACK, INBOUND_SIGNED, NULL},
	{"OPTIONS", "WebHook-Request-Origin: hub.example.com", "",
		INBOUND_CLOUDEVENTS, INBOUND_ANYBODY, ""},
	{"OPTIONS", "Origin: hub.example.com", "", INBOUND_CLOUDEVENTS,
		INBOUND_SIGNED, NULL},
	{"GET", "", "", INBOUND_STATIC, INBOUND_CREDENTIALS, "I am here"},
	{"POST", "", "", INBOUND_STATIC, INBOUND_CREDENTIALS, NULL},
};

TEST(inbound, challenges_are_answered_as_their_rows_say)
{
	struct str secret = STR(PLAIN);
	struct inbound_challenges common = {.secrets = &secret,
		.secret_count = 1,
		.method = STR("GET"),
		.status = 200,
		.content_type = STR("text/plain"),
		.body = STR("I am here")};

	for (size_t i = 0; i < COUNT_OF(challenges); i++) {
		struct inbound_request request =
			request_of(challenges[i].method, challenges[i].headers,
				challenges[i].body);
		struct inbound_answer answer;
		bool is_answered;

		common.kinds = challenges[i].kinds;
		is_answered = inbound_challenge_answer(&common, &request,
			challenges[i].trust, &arena, &answer);
		if (is_answered != (challenges[i].answer != NULL) ||
			(is_answered && !str_equal(answer.body,
						str_of(challenges[i].answer))))
			check_failed(__FILE__, __LINE__, "challenge %zu", i);
	}
	arena_release(&arena);
}

TEST(inbound, cloudevents_are_granted_the_lower_rate)
{
	static const struct {
		uint64_t limit;
		const char *asked, *granted;
	} rows[] = {{0, "120", "120"}, {100, "120", "100"}, {100, "5", "5"},
		{100, "x", "100"}, {0, "", "*"}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct inbound_challenges challenge = {
			.kinds = INBOUND_CLOUDEVENTS, .rate = rows[i].limit};
		struct str headers = arena_printf(&arena,
			"WebHook-Request-Origin: a.example\n"
			"WebHook-Request-Rate: %s",
			rows[i].asked);
		struct inbound_request request =
			request_of("OPTIONS", headers.ptr, "");
		struct inbound_answer answer;

		CHECK(inbound_challenge_answer(&challenge, &request,
			INBOUND_ANYBODY, &arena, &answer));
		CHECK_STR(answer.fields[0].value, STR("a.example"));
		CHECK_STR(answer.fields[1].value, str_of(rows[i].granted));
	}
	arena_release(&arena);
}
