#include "cli/receive_answer.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/json_out.h"
#include "base/timestamp.h"
#include "cli/output.h"
#include "rule/signature.h"

enum {
	BODY_SHOWN_MAX = 4000,	/* bytes of a body under its line */
	TOKEN_MAX = 1024,	/* of a challenge that is echoed */
	SIGNATURE_AGE_MAX = 300 /* seconds, Standard Webhooks' tolerance */
};

#define COM_CHALLENGE "x-compute-ops-mgmt-verification-challenge"
#define GREENLAKE_CHALLENGE ".webhooks.verification"

struct receiving {
	const struct receive_options *options;
	const struct receive_request *request;
	struct arena *arena;
	struct receive_answer *answer;
	struct buf *lines;
	struct json_doc doc;
	struct json json; /* of the body; missing when it is none */
};

static struct str
header(const struct receiving *receiving, const char *name)
{
	return receiving->request->header(receiving->request->context, name);
}

/* ---- the signature ---- */

enum proof { PROOF_NONE, PROOF_GOOD, PROOF_BAD, PROOF_OLD, PROOF_ABSENT };

static const char *const proof_words[] = {
	[PROOF_NONE] = "",
	[PROOF_GOOD] = "signature good",
	[PROOF_BAD] = "SIGNATURE WRONG",
	[PROOF_OLD] = "SIGNATURE TOO OLD",
	[PROOF_ABSENT] = "NOT SIGNED",
};

static enum proof
check_signature(const struct receiving *receiving)
{
	CLEANUP(buf_release) struct buf expected = buf_make(0);
	struct str id = header(receiving, "webhook-id");
	struct str time = header(receiving, "webhook-timestamp");
	struct str rest = header(receiving, "webhook-signature");
	int64_t now = clock_now() / SECONDS;
	int64_t sent;
	bool is_good = false;

	if (receiving->options->key == NULL)
		return PROOF_NONE;
	if (id.len == 0 || rest.len == 0 || str_to_i64(time, &sent) != ERR_OK)
		return PROOF_ABSENT;
	signature_sign(receiving->options->key, id, sent,
		receiving->request->body, &expected);
	while (rest.ptr != NULL) {
		struct str one = str_split(&rest, ' ');

		if (digest_equal(one, buf_str(&expected)))
			is_good = true;
	}
	if (!is_good)
		return PROOF_BAD;
	return sent < now - SIGNATURE_AGE_MAX || sent > now + SIGNATURE_AGE_MAX
		       ? PROOF_OLD
		       : PROOF_GOOD;
}

/* ---- the lines ---- */

static struct str
member(const struct receiving *receiving, const char *name)
{
	struct json value = json_member(receiving->json, str_of(name));

	return json_string(value, receiving->arena);
}

static void
append_colour(struct receiving *receiving, const char *sequence)
{
	if (receiving->options->is_coloured)
		buf_append(receiving->lines, str_of(sequence));
}

static void
append_field(struct receiving *receiving, const char *name, struct str value)
{
	if (value.len == 0)
		return;
	buf_printf(receiving->lines, " %s=", name);
	output_append_safe(receiving->lines, value, 120);
}

/** `12:04:05.123 POST /hook 201`, the start of every line. */
static void
append_start(struct receiving *receiving)
{
	char time[TIMESTAMP_TEXT_SIZE];
	struct buf *lines = receiving->lines;

	timestamp_format(clock_now(), time);
	append_colour(receiving, "\033[2m");
	buf_printf(lines, "%.12s", time + 11);
	append_colour(receiving, "\033[0m");
	buf_append_char(lines, ' ');
	output_append_safe(lines, receiving->request->method, 20);
	buf_append_char(lines, ' ');
	output_append_safe(lines, receiving->request->path, 120);
	buf_printf(lines, " -> %d", receiving->answer->status);
}

static void
append_body(struct receiving *receiving)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	struct str body = receiving->request->body;
	struct str rest;

	if (body.len == 0)
		return;
	if (json_is_missing(receiving->json))
		buf_append(&text, body);
	else
		output_append_json(&text, receiving->json, "");
	rest = str_head(buf_str(&text), BODY_SHOWN_MAX);
	while (rest.ptr != NULL) {
		buf_append(receiving->lines, STR("    "));
		output_append_safe(receiving->lines, str_split(&rest, '\n'), 0);
		buf_append_char(receiving->lines, '\n');
	}
	if (text.len > BODY_SHOWN_MAX)
		buf_printf(receiving->lines, "    … %zu bytes more\n",
			text.len - BODY_SHOWN_MAX);
}

static void
append_delivery(struct receiving *receiving, enum proof proof)
{
	struct buf *lines = receiving->lines;

	append_start(receiving);
	append_field(receiving, "type", member(receiving, "type"));
	append_field(receiving, "id", member(receiving, "id"));
	append_field(receiving, "name", member(receiving, "name"));
	buf_printf(lines, " %zu bytes", receiving->request->body.len);
	append_field(receiving, "webhook-id", header(receiving, "webhook-id"));
	if (proof != PROOF_NONE) {
		append_colour(receiving,
			proof == PROOF_GOOD ? "\033[32m" : "\033[31m");
		buf_printf(lines, " %s", proof_words[proof]);
		append_colour(receiving, "\033[0m");
	}
	buf_append_char(lines, '\n');
	append_body(receiving);
}

/** The body as it came; line ends between its tokens become blanks. */
static void
append_one_line(struct receiving *receiving, struct json_out *out)
{
	struct str raw = json_raw(receiving->json);
	char *text = arena_alloc_raw(receiving->arena, raw.len);

	for (size_t i = 0; i < raw.len; i++) {
		bool is_end = raw.ptr[i] == '\n' || raw.ptr[i] == '\r';

		text[i] = is_end ? ' ' : raw.ptr[i];
	}
	json_out_raw(out, "body", str_make(text, raw.len));
}

static void
append_delivery_json(struct receiving *receiving, enum proof proof)
{
	const struct receive_request *request = receiving->request;
	struct json_out out = json_out_make(receiving->lines);

	json_out_object(&out, NULL);
	json_out_time(&out, "time", clock_now());
	json_out_string(&out, "method", request->method);
	json_out_string(&out, "path", request->path);
	json_out_string(&out, "peer", request->peer);
	json_out_integer(&out, "status", receiving->answer->status);
	json_out_string(&out, "webhookId", header(receiving, "webhook-id"));
	json_out_string(&out, "contentType", header(receiving, "content-type"));
	if (proof != PROOF_NONE)
		json_out_boolean(&out, "verified", proof == PROOF_GOOD);
	json_out_integer(&out, "size", (int64_t)request->body.len);
	if (json_is_missing(receiving->json))
		json_out_string(&out, "text", request->body);
	else
		append_one_line(receiving, &out);
	json_out_end(&out);
	buf_append_char(receiving->lines, '\n');
}

/** A line about a handshake; they are shown even when quiet. */
static void
append_note(struct receiving *receiving, const char *note)
{
	if (receiving->options->is_json)
		return;
	append_start(receiving);
	buf_printf(receiving->lines, " %s\n", note);
}

/* ---- the answers ---- */

static void
answer_json(struct receiving *receiving, int status, const struct buf *body)
{
	receiving->answer->status = status;
	receiving->answer->content_type = "application/json";
	receiving->answer->body = arena_copy(receiving->arena, buf_str(body));
}

static void
answer_verification(struct receiving *receiving, struct str value)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct json_out out = json_out_make(&body);

	json_out_object(&out, NULL);
	json_out_string(&out, "verification", value);
	json_out_end(&out);
	answer_json(receiving, 200, &body);
}

/** COM's handshake, or a person with a browser. */
static void
answer_get(struct receiving *receiving)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct str challenge = header(receiving, COM_CHALLENGE);

	if (challenge.len > 0 && challenge.len <= TOKEN_MAX) {
		answer_verification(receiving, challenge);
		append_note(receiving, "handshake answered (COM)");
		return;
	}
	buf_append(&body,
		STR("{\"message\":\"grapnel receive: POST events here\"}"));
	answer_json(receiving, 200, &body);
	append_note(receiving,
		"no handshake: the header " COM_CHALLENGE " is absent");
}

static void
answer_options(struct receiving *receiving)
{
	struct str origin = header(receiving, "webhook-request-origin");

	receiving->answer->status = 200;
	if (origin.len == 0 || origin.len > TOKEN_MAX) {
		append_note(receiving,
			"no handshake: WebHook-Request-Origin is absent");
		return;
	}
	receiving->answer->allowed_origin = origin;
	append_note(receiving, "handshake answered (CloudEvents)");
}

/** Whether it is GreenLake's challenge, which is answered here then. */
static bool
answer_greenlake(struct receiving *receiving)
{
	CLEANUP(buf_release) struct buf hex = buf_make(0);
	struct str type = member(receiving, "type");
	struct json data = json_member(receiving->json, STR("data"));
	struct str challenge = json_string(
		json_member(data, STR("challengeRequest")), receiving->arena);
	struct str secret = receiving->options->greenlake_secret;
	uint8_t digest[DIGEST_SHA256_LEN];

	if (challenge.len == 0 ||
		!str_ends_with(type, STR(GREENLAKE_CHALLENGE)))
		return false;
	if (secret.len == 0) {
		append_note(receiving,
			"GreenLake's challenge cannot be answered: start with "
			"--greenlake-secret");
		return true;
	}
	digest_hmac_sha256(secret, &challenge, 1, digest);
	encode_hex(&hex, str_make((const char *)digest, sizeof(digest)));
	answer_verification(receiving, buf_str(&hex));
	append_note(receiving, "handshake answered (GreenLake)");
	return true;
}

static void
answer_delivery(struct receiving *receiving)
{
	const struct receive_options *options = receiving->options;
	CLEANUP(buf_release) struct buf body = buf_make(0);
	CLEANUP(buf_release) struct buf why = buf_make(0);
	enum proof proof;

	if (json_read(receiving->request->body, receiving->arena,
		    &receiving->doc, &why) == ERR_OK)
		receiving->json = json_root(&receiving->doc);
	buf_append(&body, STR("{}"));
	answer_json(receiving, options->status, &body);
	if (answer_greenlake(receiving))
		return;
	receiving->answer->is_delivery = true;
	proof = check_signature(receiving);
	if (options->is_quiet)
		return;
	if (options->is_json)
		append_delivery_json(receiving, proof);
	else
		append_delivery(receiving, proof);
}

static void
answer_other(struct receiving *receiving)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);

	buf_append(&body, STR("{\"message\":\"expected GET, POST, PUT, PATCH "
			      "or OPTIONS\"}"));
	answer_json(receiving, 405, &body);
	append_note(receiving, "refused");
}

static const struct {
	struct str method;
	void (*answer)(struct receiving *receiving);
} methods[] = {
	{STR_INIT("GET"), answer_get},
	{STR_INIT("HEAD"), answer_get},
	{STR_INIT("OPTIONS"), answer_options},
	{STR_INIT("POST"), answer_delivery},
	{STR_INIT("PUT"), answer_delivery},
	{STR_INIT("PATCH"), answer_delivery},
};

void
receive_answer(const struct receive_options *options,
	const struct receive_request *request, struct arena *arena,
	struct receive_answer *ret, struct buf *lines)
{
	struct receiving receiving = {
		.options = options,
		.request = request,
		.arena = arena,
		.answer = ret,
		.lines = lines,
	};

	*ret = (struct receive_answer){.content_type = "application/json"};
	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		if (str_equal(request->method, methods[i].method)) {
			methods[i].answer(&receiving);
			return;
		}
	}
	answer_other(&receiving);
}
