/* What passed the door, on its way to the scenario. */
#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include "flow/hook_body.h"
#include "flow/hook_memory.h"
#include "flow/hook_receive_private.h"
#include "flow/hooks_private.h"
#include "flow/udt.h"

/** An accepted request on its way to the disk, and to its answer. */
struct pending {
	struct runner_reply reply;
	struct hook_link link; /* when it waits */
	struct hooks *hooks;
	atomic_uint refs; /* `stored`, and the reply if there is one */
	struct hook_waiter *waiter;
	atomic_bool is_answered;
	const struct hook *hook;
	bool waits; /* for the scenario */
	bool is_claimed;
	uint8_t id[HOOK_SEEN_LEN];
	struct hook_memory memory;
	struct hook_note note;
};

/* ---- seen before ---- */

static void
hash_id(struct hook_reception *reception, struct str scope, struct str id)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	uint8_t digest[DIGEST_SHA256_LEN];

	buf_printf(&text, "%zu:", scope.len);
	buf_append(&text, scope);
	buf_append(&text, id);
	digest_sha256(buf_str(&text), digest);
	memcpy(reception->id, digest, sizeof(reception->id));
	reception->is_claimed = true;
}

static void
hash_webhook_id(struct hook_reception *reception)
{
	struct str id =
		inbound_header(&reception->arrival->request, STR("webhook-id"));

	if (id.len > 0)
		hash_id(reception, STR(""), id);
}

/** Of binary mode, else of the body; the query cannot change it. */
static void
hash_cloudevent(struct hook_reception *reception)
{
	const struct inbound_request *request = &reception->arrival->request;
	struct str id = inbound_header(request, STR("ce-id"));
	struct str source = inbound_header(request, STR("ce-source"));
	struct json_doc doc;
	struct json event;

	if (id.len == 0 && json_read(request->body, reception->arena, &doc,
				   NULL) == ERR_OK) {
		event = json_root(&doc);
		id = json_string(
			json_member(event, STR("id")), reception->arena);
		source = json_string(
			json_member(event, STR("source")), reception->arena);
	}
	if (id.len > 0)
		hash_id(reception, source, id);
}

static void
hash_body(struct hook_reception *reception)
{
	hash_id(reception, reception->arrival->query,
		reception->arrival->request.body);
}

static void (*const hashes[])(struct hook_reception *reception) = {
	[HOOK_DEDUPE_NONE] = NULL,
	[HOOK_DEDUPE_WEBHOOK_ID] = hash_webhook_id,
	[HOOK_DEDUPE_CLOUDEVENT] = hash_cloudevent,
	[HOOK_DEDUPE_BODY] = hash_body,
};

/** True: it was answered. What has no id is always new. */
static bool
answer_duplicate(struct hook_reception *reception)
{
	const struct hook_options *options = &reception->hook->options;
	struct hook_life *life = reception->hook->life;
	struct hook_answer what = hook_usual_answer(reception->hook);
	enum hook_claim claim = HOOK_CLAIM_NEW;
	struct hook_note note;

	if (hashes[options->dedupe])
		hashes[options->dedupe](reception);
	if (reception->is_claimed)
		claim = hook_life_claim(life, reception->id,
			options->dedupe_window, clock_monotonic());
	if (claim == HOOK_CLAIM_NEW)
		return false;
	reception->is_claimed = false;
	if (claim == HOOK_CLAIM_TAKEN) {
		hook_refuse(reception, HOOK_REFUSED_IN_FLIGHT,
			STR("the same one was not on disk yet"));
		return true;
	}
	note = hook_make_note(
		reception, HOOK_DUPLICATE, what.status, STR("seen before"));
	hook_memory_note(reception->hooks, reception->hook, &note);
	hook_answer_now(reception, &what);
	return true;
}

/* ---- accepted ---- */

static void
pending_free(struct pending *pending)
{
	hook_unref(pending->hook);
	mem_free(pending);
}

static void
pending_release(struct hook_link *link)
{
	pending_free(CONTAINER_OF(link, struct pending, link));
}

static void
pending_unref(struct pending *pending)
{
	if (atomic_fetch_sub(&pending->refs, 1) > 1)
		return;
	if (pending->waits)
		hooks_unlink(pending->hooks, &pending->link);
	pending_free(pending);
}

static void
pending_answer(struct pending *pending, const struct hook_answer *what)
{
	if (!atomic_exchange(&pending->is_answered, true))
		pending->waiter->answer(pending->waiter, what);
}

/** Headers that would take the answer apart are the server's own. */
static bool
is_ours(struct str name)
{
	static const struct str names[] = {STR_INIT("Content-Length"),
		STR_INIT("Transfer-Encoding"), STR_INIT("Connection"),
		STR_INIT("Keep-Alive"), STR_INIT("Upgrade"),
		STR_INIT("Trailer"), STR_INIT("Date")};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (str_equal_nocase(name, names[i]))
			return true;
	}
	return false;
}

/** Any thread: the scenario's own answer, or what stands for it. */
static void
replied(struct runner_reply *reply, const struct run_response *response)
{
	struct pending *pending = CONTAINER_OF(reply, struct pending, reply);
	struct hook_answer what = {.status = response->status,
		.content_type = STR("text/plain; charset=utf-8"),
		.body = response->body};

	if (what.status < 200 || what.status > 999)
		what.status = 200;
	for (size_t i = 0; i < response->header_count; i++) {
		const struct http_header *header = &response->headers[i];

		if (!http_header_is_sendable(header->name, header->value) ||
			is_ours(header->name))
			continue;
		if (str_equal_nocase(header->name, STR("Content-Type")))
			what.content_type = header->value;
		else if (what.field_count < HOOK_ANSWER_FIELDS_MAX)
			what.fields[what.field_count++] =
				(struct inbound_field){
					header->name, header->value};
	}
	pending_answer(pending, &what);
	pending_unref(pending);
}

/** The writer's thread. */
static void
stored(void *context, enum err err, uint64_t execution)
{
	struct pending *pending = context;
	const struct hook_refusal_row *row =
		hook_refusal_row(HOOK_REFUSED_DISK);
	struct hook_answer what = hook_usual_answer(pending->hook);

	if (pending->is_claimed)
		hook_life_settle(
			pending->hook->life, pending->id, err == ERR_OK);
	pending->note.execution = execution;
	if (err) {
		pending->note.event = HOOK_REFUSED;
		pending->note.refusal = HOOK_REFUSED_DISK;
		pending->note.status = row->status;
		snprintf(pending->note.reason, sizeof(pending->note.reason),
			"it could not be stored: %s", err_name(err));
		what = (struct hook_answer){.status = row->status,
			.content_type = STR("text/plain; charset=utf-8"),
			.body = row->body,
			.retry_after = row->retry_after};
	}
	hook_memory_note(pending->hooks, pending->hook, &pending->note);
	if (err || !pending->waits)
		pending_answer(pending, &what);
	pending_unref(pending);
}

static struct pending *
pending_new(const struct hook_reception *reception)
{
	struct pending *pending = MEM_NEW(struct pending);
	const struct hook *hook = reception->hook;

	pending->reply.respond = replied;
	pending->waits = reception->scenario->blueprint->has_response;
	atomic_init(&pending->refs, pending->waits ? 2 : 1);
	atomic_init(&pending->is_answered, false);
	pending->waiter = reception->arrival->waiter;
	pending->hooks = reception->hooks;
	pending->link.release = pending_release;
	if (pending->waits)
		hooks_link(pending->hooks, &pending->link);
	pending->hook = hook_ref(hook);
	pending->is_claimed = reception->is_claimed;
	memcpy(pending->id, reception->id, sizeof(pending->id));
	hook_memory_accept(&pending->memory, hook,
		pending->is_claimed ? pending->id : NULL);
	pending->note = hook_make_note(
		reception, HOOK_ACCEPTED, hook->options.status, STR(""));
	return pending;
}

static void
begin(const struct hook_reception *reception, struct value bundle)
{
	const struct hooks_options *settings = hooks_settings(reception->hooks);
	CLEANUP(buf_release) struct buf trigger = buf_make(0);
	struct pending *pending = pending_new(reception);
	struct runner_order order = {.scenario = reception->scenario,
		.cause = "hook",
		.reply = pending->waits ? &pending->reply : NULL,
		.is_expected = reception->is_expected,
		.also = pending->memory.list,
		.also_count = pending->memory.count,
		.context = pending,
		.stored = stored};
	enum err err;

	value_append_json(&trigger, bundle, VALUE_JSON_TYPED);
	order.trigger = buf_str(&trigger);
	err = settings->begin(settings->runner, &order);
	if (err == ERR_OK)
		return;
	if (reception->is_claimed)
		hook_life_settle(reception->hook->life, reception->id, false);
	if (pending->waits)
		hooks_unlink(pending->hooks, &pending->link);
	pending_free(pending);
	if (err == ERR_LIMIT)
		hook_refuse(reception, HOOK_REFUSED_QUEUE,
			STR("the scenario's queue is full"));
	else
		hook_refuse(reception, HOOK_REFUSED_BUSY,
			STR("more than the disk takes at the moment"));
}

/** True: nobody listens, and that was answered. */
static bool
refuse_unheard(struct hook_reception *reception)
{
	const struct hooks_options *settings = hooks_settings(reception->hooks);
	const struct scenario *scenario = reception->scenario;

	if (scenario->is_enabled)
		return false;
	reception->is_expected =
		scenario->blueprint && scenario->blueprint->is_runnable &&
		settings->take_expected(settings->runner, scenario->id);
	if (reception->is_expected)
		return false;
	if (reception->is_claimed)
		hook_life_settle(reception->hook->life, reception->id, false);
	hook_refuse(reception, HOOK_REFUSED_NO_LISTENER,
		STR("the scenario is switched off"));
	return true;
}

/** True: it is not as the hook's data structure says; that was answered. */
static bool
refuse_structure(const struct hook_reception *reception, struct value bundle)
{
	const struct hook_options *options = &reception->hook->options;
	CLEANUP(buf_release) struct buf why = buf_make(1024);
	struct json_doc doc;

	if (options->structure.len == 0 ||
		json_read(options->structure, reception->arena, &doc, NULL) ||
		udt_match(json_root(&doc), options->is_strict, bundle,
			reception->arena, &why) == ERR_OK)
		return false;
	hook_refuse(reception, HOOK_REFUSED_STRUCTURE, buf_str(&why));
	return true;
}

void
hook_accept(struct hook_reception *reception)
{
	const struct hook_options *options = &reception->hook->options;
	const struct blueprint *blueprint = reception->scenario->blueprint;
	CLEANUP(buf_release) struct buf why = buf_make(1024);
	struct hook_body_request body = {
		.request = &reception->arrival->request,
		.query = reception->arrival->query,
		.wants_headers =
			options->wants_headers || blueprint->wants_headers,
		.wants_method =
			options->wants_method || blueprint->wants_method,
		.passes_json = options->passes_json};
	struct value bundle;

	if (hook_body_read(&body, reception->arena, &bundle, &why)) {
		hook_refuse(reception, HOOK_REFUSED_BODY, buf_str(&why));
		return;
	}
	if (refuse_structure(reception, bundle) ||
		answer_duplicate(reception) || refuse_unheard(reception))
		return;
	begin(reception, bundle);
}
