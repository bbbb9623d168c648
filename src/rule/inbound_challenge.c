/* The challenges of rule/inbound.h. */
#include "base/ascii.h"
#include "base/digest.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/json_out.h"
#include "rule/inbound.h"

enum {
	CHALLENGE_BODY_MAX = 16 * 1024,
	TOKEN_MAX = 1024,
	GREENLAKE_TOKEN_MAX = 256,
	ORIGIN_MAX = 512,
};

static void
add_field(struct inbound_answer *answer, const char *name, struct str value)
{
	answer->fields[answer->field_count++] =
		(struct inbound_field){str_of(name), value};
}

static void
answer_json(struct inbound_answer *answer, const char *member, struct str text,
	struct arena *arena)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct json_out out = json_out_make(&body);

	json_out_object(&out, NULL);
	json_out_string(&out, member, text);
	json_out_end(&out);
	answer->content_type = STR("application/json");
	answer->body = arena_copy(arena, buf_str(&body));
}

static bool
answer_com(const struct inbound_challenges *challenges,
	const struct inbound_request *request, struct arena *arena,
	struct inbound_answer *ret)
{
	struct str token = inbound_header(
		request, STR("x-compute-ops-mgmt-verification-challenge"));

	(void)challenges;
	if (token.len == 0 || token.len > TOKEN_MAX)
		return false;
	answer_json(ret, "verification", token, arena);
	return true;
}

/** The body, when it is small and may be a challenge; else missing. */
static struct json
read_body(const struct inbound_request *request, struct arena *arena)
{
	struct json_doc *doc = ARENA_NEW(arena, struct json_doc);

	if (request->body.len > CHALLENGE_BODY_MAX ||
		str_find(request->body, STR("challenge")) == SIZE_MAX ||
		json_read(request->body, arena, doc, NULL) != ERR_OK)
		return (struct json){0};
	return json_root(doc);
}

/*
 * The answer is an HMAC of what the peer chose, by the key that also signs
 * bodies. A text that could be a body, or the beginning of what another
 * scheme signs, must not be signed for just anybody; these characters make no
 * JSON object.
 */
static bool
is_greenlake_token(struct str token)
{
	if (token.len == 0 || token.len > GREENLAKE_TOKEN_MAX)
		return false;
	for (size_t i = 0; i < token.len; i++) {
		char c = token.ptr[i];

		if (!ascii_is_digit(c) && !ascii_is_letter(c) && c != '-' &&
			c != '_')
			return false;
	}
	return true;
}

static bool
is_greenlake_type(struct json type, struct arena *arena)
{
	return json_is_missing(type) || str_ends_with(json_string(type, arena),
						STR(".webhooks.verification"));
}

static bool
answer_greenlake(const struct inbound_challenges *challenges,
	const struct inbound_request *request, struct arena *arena,
	struct inbound_answer *ret)
{
	CLEANUP(buf_release) struct buf hex = buf_make(0);
	struct json body = read_body(request, arena);
	struct str token = json_string(
		json_path(body, STR("data/challengeRequest")), arena);
	uint8_t digest[DIGEST_SHA256_LEN];

	if (!is_greenlake_token(token) || challenges->secret_count == 0 ||
		!is_greenlake_type(json_member(body, STR("type")), arena))
		return false;
	digest_hmac_sha256(challenges->secrets[0], &token, 1, digest);
	encode_hex(&hex, str_make((const char *)digest, sizeof(digest)));
	answer_json(ret, "verification", buf_str(&hex), arena);
	return true;
}

/** CloudEvents Web Hooks 1.0 §4: consent stands in the headers. */
static bool
answer_cloudevents(const struct inbound_challenges *challenges,
	const struct inbound_request *request, struct arena *arena,
	struct inbound_answer *ret)
{
	struct str origin =
		inbound_header(request, STR("WebHook-Request-Origin"));
	struct str asked = inbound_header(request, STR("WebHook-Request-Rate"));
	uint64_t rate = challenges->rate, wish;

	if (origin.len == 0 || origin.len > ORIGIN_MAX ||
		str_has_control(origin))
		return false;
	if (str_to_u64(asked, &wish) == ERR_OK && wish > 0 &&
		(rate == 0 || wish < rate))
		rate = wish;
	add_field(ret, "WebHook-Allowed-Origin", arena_copy(arena, origin));
	add_field(ret, "WebHook-Allowed-Rate",
		rate ? arena_printf(arena, "%llu", (unsigned long long)rate)
		     : STR("*"));
	add_field(ret, "Allow", STR("POST"));
	return true;
}

static bool
answer_slack(const struct inbound_challenges *challenges,
	const struct inbound_request *request, struct arena *arena,
	struct inbound_answer *ret)
{
	struct json body = read_body(request, arena);
	struct str token =
		json_string(json_member(body, STR("challenge")), arena);

	(void)challenges;
	if (!json_string_equal(
		    json_member(body, STR("type")), STR("url_verification")) ||
		token.len == 0 || token.len > TOKEN_MAX)
		return false;
	ret->content_type = STR("text/plain; charset=utf-8");
	ret->body = arena_copy(arena, token);
	return true;
}

static bool
answer_static(const struct inbound_challenges *challenges,
	const struct inbound_request *request, struct arena *arena,
	struct inbound_answer *ret)
{
	if (!str_equal(request->method, challenges->method))
		return false;
	ret->status = challenges->status;
	ret->content_type = arena_copy(arena, challenges->content_type);
	ret->body = arena_copy(arena, challenges->body);
	return true;
}

static const struct challenge {
	const char *name;
	enum inbound_challenge bit;
	const char *method; /* NULL: any */
	enum inbound_trust needs;
	bool (*answer)(const struct inbound_challenges *challenges,
		const struct inbound_request *request, struct arena *arena,
		struct inbound_answer *ret);
} rows[] = {
	{"com", INBOUND_COM, "GET", INBOUND_CREDENTIALS, answer_com},
	{"greenlake", INBOUND_GREENLAKE, "POST", INBOUND_CREDENTIALS,
		answer_greenlake},
	/* Comes before there is anything to authenticate with. */
	{"cloudevents", INBOUND_CLOUDEVENTS, "OPTIONS", INBOUND_ANYBODY,
		answer_cloudevents},
	{"slack", INBOUND_SLACK, "POST", INBOUND_SIGNED, answer_slack},
	{"static", INBOUND_STATIC, NULL, INBOUND_CREDENTIALS, answer_static},
};

unsigned
inbound_challenge_find(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (str_equal(str_of(rows[i].name), name))
			return rows[i].bit;
	}
	return 0;
}

const char *
inbound_challenge_at(size_t i, unsigned *ret_bit)
{
	if (i >= COUNT_OF(rows))
		return NULL;
	*ret_bit = rows[i].bit;
	return rows[i].name;
}

bool
inbound_challenge_answer(const struct inbound_challenges *challenges,
	const struct inbound_request *request, enum inbound_trust trust,
	struct arena *arena, struct inbound_answer *ret)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct challenge *row = &rows[i];

		*ret = (struct inbound_answer){
			.challenge = row->name, .status = 200};
		if (!(challenges->kinds & (unsigned)row->bit) ||
			row->needs > trust ||
			(row->method && !str_equal(request->method,
						str_of(row->method))))
			continue;
		if (row->answer(challenges, request, arena, ret))
			return true;
	}
	return false;
}
