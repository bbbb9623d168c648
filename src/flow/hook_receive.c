#include "base/clock.h"
#include "base/encode.h"
#include "base/inflate.h"
#include "flow/hook_memory.h"
#include "flow/hook_receive_private.h"

/* ---- answers ---- */

static const struct hook_refusal_row refusals[] = {
	[HOOK_REFUSED_NO_HOOK] = {410, STR_INIT("Webhook not found"), 0},
	[HOOK_REFUSED_NO_LISTENER] = {410,
		STR_INIT("There is no scenario listening for this webhook."),
		0},
	[HOOK_REFUSED_RATE] = {429, STR_INIT("Too many requests"),
		10 * SECONDS},
	[HOOK_REFUSED_ADDRESS] = {403, STR_INIT("Forbidden"), 0},
	[HOOK_REFUSED_SIZE] = {413, STR_INIT("Request entity too large"), 0},
	[HOOK_REFUSED_CREDENTIALS] = {401, STR_INIT("Unauthorized"), 0},
	[HOOK_REFUSED_SIGNATURE] = {401, STR_INIT("Unauthorized"), 0},
	[HOOK_REFUSED_BODY] = {400, STR_INIT(""), 0},
	[HOOK_REFUSED_STRUCTURE] = {400, STR_INIT(""), 0},
	[HOOK_REFUSED_IN_FLIGHT] = {503,
		STR_INIT("The same webhook is being stored."), 1 * SECONDS},
	[HOOK_REFUSED_QUEUE] = {400, STR_INIT("Queue is full."), 0},
	[HOOK_REFUSED_BUSY] = {429, STR_INIT("Too many requests"), 1 * SECONDS},
	[HOOK_REFUSED_DISK] = {503,
		STR_INIT("The webhook could not be stored."), 5 * SECONDS},
};

/** Bytes of `from` that fit, with a NUL; never half a character at its end. */
static void
copy_text(char *to, size_t size, struct str from)
{
	size_t len = from.len < size - 1 ? from.len : size - 1;

	while (len > 0 && len < from.len &&
		((unsigned char)from.ptr[len] & 0xC0) == 0x80)
		len--;
	if (len > 0)
		memcpy(to, from.ptr, len);
	to[len] = '\0';
}

struct hook_note
hook_make_note(const struct hook_reception *reception, enum hook_event event,
	int status, struct str reason)
{
	struct hook_note note = {
		.event = event, .at = clock_now(), .status = status};

	copy_text(note.method, sizeof(note.method),
		reception->arrival->request.method);
	copy_text(note.peer, sizeof(note.peer), reception->client);
	copy_text(note.reason, sizeof(note.reason), reason);
	return note;
}

const struct hook_refusal_row *
hook_refusal_row(enum hook_refusal refusal)
{
	return &refusals[refusal];
}

void
hook_answer_now(
	const struct hook_reception *reception, const struct hook_answer *what)
{
	reception->arrival->waiter->answer(reception->arrival->waiter, what);
}

void
hook_refuse(const struct hook_reception *reception, enum hook_refusal refusal,
	struct str reason)
{
	const struct hook_refusal_row *row = &refusals[refusal];
	struct hook_answer what = {.status = row->status,
		.content_type = STR("text/plain; charset=utf-8"),
		.body = row->body.len ? row->body : reason,
		.retry_after = row->retry_after};
	struct hook_note note =
		hook_make_note(reception, HOOK_REFUSED, row->status, reason);

	note.refusal = refusal;
	if (!reception->hook)
		hooks_count(reception->hooks, &note);
	if (reception->hook) {
		hook_memory_note(reception->hooks, reception->hook, &note);
		if (refusal == HOOK_REFUSED_CREDENTIALS &&
			reception->hook->options.username.len > 0)
			what.fields
				[what.field_count++] = (struct inbound_field){
				STR("WWW-Authenticate"),
				STR("Basic realm=\"hook\", charset=\"UTF-8\"")};
	}
	hook_answer_now(reception, &what);
}

struct hook_answer
hook_usual_answer(const struct hook *hook)
{
	return (struct hook_answer){.status = hook->options.status,
		.content_type = hook->options.content_type,
		.body = hook->options.body};
}

/* ---- who calls ---- */

static bool
holds(const struct hook_network_list *list, struct str address)
{
	for (size_t i = 0; i < list->count; i++) {
		if (address_network_holds(&list->networks[i], address))
			return true;
	}
	return false;
}

struct str
hook_client_address(const struct hook_network_list *proxies, struct str peer,
	const struct inbound_request *request)
{
	struct str client = peer;

	if (!holds(proxies, peer))
		return peer;
	/* Headers in order are one list; its end was written by who is
	   nearest. */
	for (size_t i = request->header_count; i > 0; i--) {
		const struct inbound_field *field = &request->headers[i - 1];
		struct str rest = field->value;

		if (!str_equal_nocase(field->name, STR("X-Forwarded-For")))
			continue;
		while (rest.len > 0) {
			size_t at = rest.len;

			while (at > 0 && rest.ptr[at - 1] != ',')
				at--;
			client = str_trim(str_skip(rest, at));
			if (!holds(proxies, client))
				return client;
			rest = str_head(rest, at > 0 ? at - 1 : 0);
		}
	}
	return client;
}

static bool
is_key_right(const struct hook_options *options, struct str given)
{
	bool is_right = options->api_key_count == 0;

	for (size_t i = 0; i < options->api_key_count; i++)
		is_right |= inbound_secret_equal(given, options->api_keys[i]);
	return is_right;
}

static bool
is_password_right(const struct hook_options *options, struct str authorization)
{
	CLEANUP(buf_release) struct buf given = buf_make(2048);
	CLEANUP(buf_release) struct buf expected = buf_make(0);
	struct str scheme = str_split(&authorization, ' ');

	if (options->username.len == 0)
		return true;
	if (!str_equal_nocase(scheme, STR("Basic")) ||
		encode_base64_read(str_trim(authorization), &given))
		return false;
	buf_append(&expected, options->username);
	buf_append_char(&expected, ':');
	buf_append(&expected, options->password);
	return inbound_secret_equal(buf_str(&given), buf_str(&expected));
}

/** True: it was answered. */
static bool
refuse_credentials(const struct hook_reception *reception)
{
	const struct hook_options *options = &reception->hook->options;
	const struct inbound_request *request = &reception->arrival->request;

	if (!is_key_right(
		    options, inbound_header(request, STR("x-make-apikey")))) {
		hook_refuse(reception, HOOK_REFUSED_CREDENTIALS,
			STR("the API key (x-make-apikey) is missing or wrong"));
		return true;
	}
	if (!is_password_right(
		    options, inbound_header(request, STR("Authorization")))) {
		hook_refuse(reception, HOOK_REFUSED_CREDENTIALS,
			STR("the user name or password is missing or wrong"));
		return true;
	}
	return false;
}

/** True: it was answered. */
static bool
refuse_at_the_door(const struct hook_reception *reception)
{
	const struct hook *hook = reception->hook;
	const struct hook_options *options = &hook->options;
	enum hook_refusal refusal;
	const char *reason;

	if (!options->is_enabled) {
		refusal = HOOK_REFUSED_NO_LISTENER;
		reason = "the hook is disabled";
	} else if (!reception->arrival->is_local &&
		   !hook_life_admit(hook->life, options->rate,
			   options->rate_window, clock_monotonic())) {
		refusal = HOOK_REFUSED_RATE;
		reason = "more requests than its rate allows";
	} else if (options->allowed.count > 0 &&
		   !reception->arrival->is_local &&
		   !holds(&options->allowed, reception->client)) {
		refusal = HOOK_REFUSED_ADDRESS;
		reason = "the address is not among allowedNetworks";
	} else if (reception->arrival->is_too_large ||
		   reception->arrival->request.body.len > options->bytes_max) {
		refusal = HOOK_REFUSED_SIZE;
		reason = "the body is larger than maxBytes";
	} else {
		return false;
	}
	hook_refuse(reception, refusal, str_of(reason));
	return true;
}

/**
 * True: it cannot be had without its compression, and that was answered. Of
 * what can, `decoded` is the arrival from here on.
 */
static bool
refuse_encoding(struct hook_reception *reception, struct hook_arrival *decoded)
{
	const struct hook_arrival *arrival = reception->arrival;
	CLEANUP(buf_release)
	struct buf body = buf_make(reception->hook->options.bytes_max);
	CLEANUP(buf_release) struct buf why = buf_make(1024);
	struct str encoding =
		inbound_header(&arrival->request, STR("Content-Encoding"));
	enum err err = ERR_INVALID;

	reception->body_as_sent = arrival->request.body;
	if (encoding.len == 0 || arrival->request.body.len == 0 ||
		str_equal_nocase(encoding, STR("identity")))
		return false;
	if (inflate_knows(encoding))
		err = inflate_append(&body, arrival->request.body);
	else
		buf_append(&why, STR("Content-Encoding: expected gzip or "
				     "deflate"));
	if (err == ERR_OK) {
		*decoded = *arrival;
		decoded->request.body =
			arena_copy(reception->arena, buf_str(&body));
		reception->arrival = decoded;
	} else if (err == ERR_LIMIT) {
		hook_refuse(reception, HOOK_REFUSED_SIZE,
			STR("the body is larger than maxBytes when it is "
			    "decompressed"));
	} else {
		if (why.len == 0)
			buf_printf(&why,
				"the body is not the %.*s that it says it is, "
				"or not whole",
				STR_ARG(encoding));
		hook_refuse(reception, HOOK_REFUSED_BODY, buf_str(&why));
	}
	return err != ERR_OK;
}

/* ---- without the scenario ---- */

/** True: it was one, and was answered. */
static bool
answer_challenge(
	const struct hook_reception *reception, enum inbound_trust trust)
{
	const struct hook *hook = reception->hook;
	struct inbound_challenges challenges = hook->options.challenges;
	struct inbound_answer found;
	struct hook_answer what;
	struct hook_note note;

	challenges.rate = (uint64_t)hook->options.rate * (uint64_t)MINUTES /
			  (uint64_t)hook->options.rate_window;
	if (!inbound_challenge_answer(&challenges, &reception->arrival->request,
		    trust, reception->arena, &found))
		return false;
	what = (struct hook_answer){.status = found.status,
		.content_type = found.content_type,
		.body = found.body,
		.field_count = found.field_count};
	for (size_t i = 0; i < found.field_count; i++)
		what.fields[i] = found.fields[i];
	note = hook_make_note(reception, HOOK_CHALLENGE, found.status,
		str_of(found.challenge));
	hook_memory_note(reception->hooks, hook, &note);
	hook_answer_now(reception, &what);
	return true;
}

/**
 * True: it was answered. Some sign what they send, others what they compress
 * for the way: both say who it is from.
 */
static bool
refuse_signature(const struct hook_reception *reception)
{
	const struct inbound_signature *signature =
		&reception->hook->options.signature;
	struct inbound_request request = reception->arrival->request;
	CLEANUP(buf_release) struct buf why = buf_make(1024);

	if (!signature->scheme ||
		inbound_verify(signature, &request, &why) == ERR_OK)
		return false;
	if (request.body.ptr != reception->body_as_sent.ptr) {
		request.body = reception->body_as_sent;
		buf_clear(&why);
		if (inbound_verify(signature, &request, &why) == ERR_OK)
			return false;
	}
	hook_refuse(reception, HOOK_REFUSED_SIGNATURE, buf_str(&why));
	return true;
}

void
hook_receive(struct hooks *hooks, const struct hook_arrival *arrival,
	struct arena *arena)
{
	struct hook_reception reception = {
		.hooks = hooks, .arrival = arrival, .arena = arena};
	struct hook_arrival decoded;
	const struct hook *hook;

	hook = reception.hook = hooks_find(hooks, arrival->token);
	if (!hook) {
		hook_refuse(&reception, HOOK_REFUSED_NO_HOOK, STR(""));
		return;
	}
	reception.client = hook_client_address(
		&hook->options.proxies, arrival->peer, &arrival->request);
	if (refuse_at_the_door(&reception) ||
		answer_challenge(&reception, INBOUND_ANYBODY) ||
		refuse_credentials(&reception) ||
		refuse_encoding(&reception, &decoded) ||
		answer_challenge(&reception, INBOUND_CREDENTIALS) ||
		refuse_signature(&reception) ||
		answer_challenge(&reception, INBOUND_SIGNED))
		goto out;
	reception.scenario = scenarios_get(hooks_settings(hooks)->scenarios,
		hook->workspace, hook->options.scenario);
	if (reception.scenario)
		hook_accept(&reception);
	else
		hook_refuse(&reception, HOOK_REFUSED_NO_LISTENER,
			STR("the hook has no scenario"));
out:
	scenario_unref(reception.scenario);
	hook_unref(hook);
}
