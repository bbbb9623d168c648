#include "pipeline/webhook_news.h"

#include "base/json_out.h"
#include "base/log.h"
#include "pipeline/webhooks_private.h"
#include "store/replay.h"

static const char *const cause_names[] = {
	[WEBHOOK_BY_KEY] = "key",
	[WEBHOOK_BY_HANDSHAKE] = "handshake",
	[WEBHOOK_BY_HEALTH] = "health",
	[WEBHOOK_BY_PROBE] = "probe",
};

/* What there is to tell. */
struct news {
	const char *type;
	bool is_for_owner; /* the webhook that `notify` names gets it */
};

static const struct news created = {"grapnel.webhook.created", false};
static const struct news updated = {"grapnel.webhook.updated", false};
static const struct news deleted = {"grapnel.webhook.deleted", false};
static const struct news gap = {"grapnel.webhook.gap", true};
static const struct news dead = {"grapnel.webhook.delivery.dead", true};

/* Where a change led to, by whom; the first row that fits. Changes by a key
   that lead nowhere else are `updated`. */
static const struct {
	enum webhook_cause_kind by;
	enum webhook_state state;
	enum webhook_status status;
	struct news news;
} moves[] = {
	{WEBHOOK_BY_KEY, WEBHOOK_DISABLED, WEBHOOK_OFF,
		{"grapnel.webhook.disabled", true}},
	{WEBHOOK_BY_KEY, WEBHOOK_ENABLED, WEBHOOK_PENDING,
		{"grapnel.webhook.enabled", false}},
	{WEBHOOK_BY_KEY, WEBHOOK_ENABLED, WEBHOOK_ACTIVE,
		{"grapnel.webhook.enabled", false}},
	{WEBHOOK_BY_HANDSHAKE, WEBHOOK_ENABLED, WEBHOOK_ACTIVE,
		{"grapnel.webhook.handshake.succeeded", false}},
	{WEBHOOK_BY_HANDSHAKE, WEBHOOK_DISABLED, WEBHOOK_WARNING,
		{"grapnel.webhook.handshake.failed", true}},
	{WEBHOOK_BY_HANDSHAKE, WEBHOOK_DISABLED, WEBHOOK_ERROR,
		{"grapnel.webhook.handshake.failed", true}},
	{WEBHOOK_BY_HEALTH, WEBHOOK_ENABLED, WEBHOOK_WARNING,
		{"grapnel.webhook.warning", true}},
	{WEBHOOK_BY_HEALTH, WEBHOOK_ENABLED, WEBHOOK_ACTIVE,
		{"grapnel.webhook.recovered", true}},
	{WEBHOOK_BY_HEALTH, WEBHOOK_DISABLED, WEBHOOK_ERROR,
		{"grapnel.webhook.disabled", true}},
	{WEBHOOK_BY_PROBE, WEBHOOK_DISABLED, WEBHOOK_PENDING,
		{"grapnel.webhook.probe.started", false}},
	{WEBHOOK_BY_PROBE, WEBHOOK_DISABLED, WEBHOOK_ERROR,
		{"grapnel.webhook.probe.failed", false}},
	{WEBHOOK_BY_PROBE, WEBHOOK_ENABLED, WEBHOOK_ACTIVE,
		{"grapnel.webhook.enabled", true}},
};

/** A user's change of what is enabled, and stays so, is an update. */
static bool
has_moved(const struct webhook *former, const struct webhook *next,
	const struct webhook_cause *cause)
{
	bool stays_enabled = former->health.state == WEBHOOK_ENABLED &&
			     next->health.state == WEBHOOK_ENABLED;

	if (cause->kind == WEBHOOK_BY_KEY && stays_enabled)
		return false;
	return former->health.state != next->health.state ||
	       former->health.status != next->health.status;
}

static const struct news *
find_news(const struct webhook *former, const struct webhook *next,
	const struct webhook_cause *cause)
{
	if (former == NULL)
		return &created;
	if (next == NULL)
		return &deleted;
	for (size_t i = 0;
		has_moved(former, next, cause) && i < COUNT_OF(moves); i++) {
		if (moves[i].by == cause->kind &&
			moves[i].state == next->health.state &&
			moves[i].status == next->health.status)
			return &moves[i].news;
	}
	return cause->kind == WEBHOOK_BY_KEY ? &updated : NULL;
}

/* ---- the data ---- */

static void
write_situation(
	struct json_out *out, const char *key, const struct webhook *webhook)
{
	if (webhook == NULL) {
		json_out_null(out, key);
		return;
	}
	json_out_object(out, key);
	json_out_text(out, "state", webhook_state_name(webhook->health.state));
	json_out_text(
		out, "status", webhook_status_name(webhook->health.status));
	json_out_end(out);
}

static void
write_name_of_change(struct json_out *out, const char *name, bool has_changed)
{
	if (has_changed)
		json_out_text(out, NULL, name);
}

static bool
has_other_headers(const struct webhook *former, const struct webhook *next)
{
	if (former->header_count != next->header_count)
		return true;
	for (size_t i = 0; i < next->header_count; i++) {
		const struct webhook_header *a = &former->headers[i];
		const struct webhook_header *b = &next->headers[i];

		if (!str_equal(a->name, b->name) ||
			!str_equal(a->value, b->value))
			return true;
	}
	return false;
}

static struct json
read_options(const struct webhook *webhook, struct arena *arena)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct json_out out = json_out_make(&text);
	struct json_doc *doc = ARENA_NEW(arena, struct json_doc);

	json_out_object(&out, NULL);
	webhook_options_write(&webhook->options, &out);
	json_out_end(&out);
	if (json_read(arena_copy(arena, buf_str(&text)), arena, doc, NULL))
		return (struct json){NULL, 0};
	return json_root(doc);
}

static void
write_changed_options(struct json_out *out, const struct webhook *former,
	const struct webhook *next)
{
	struct arena arena = {0};
	struct json before = read_options(former, &arena);
	struct json_walk walk = json_walk(read_options(next, &arena));
	bool is_secret_changed = !str_equal(
		former->options.auth.secret, next->options.auth.secret);

	while (json_walk_next(&walk)) {
		struct str name = json_raw_string(walk.key);
		bool is_auth = str_equal(name, STR("auth"));

		if (!json_equal(json_member(before, name), walk.value) ||
			(is_auth && is_secret_changed))
			json_out_string(out, NULL, name);
	}
	arena_release(&arena);
}

static void
write_changes(struct json_out *out, const struct webhook *former,
	const struct webhook *next)
{
	json_out_array(out, "changed");
	write_name_of_change(out, "name", !str_equal(former->name, next->name));
	write_name_of_change(out, "destination",
		!str_equal(former->destination, next->destination));
	write_name_of_change(out, "filter",
		!str_equal(former->filter_text, next->filter_text));
	write_name_of_change(out, "headers", has_other_headers(former, next));
	write_name_of_change(
		out, "secret", !str_equal(former->secret, next->secret));
	write_changed_options(out, former, next);
	json_out_end(out);
}

static void
write_cause(struct json_out *out, const struct webhook_cause *cause)
{
	json_out_object(out, "by");
	json_out_text(out, "kind", cause_names[cause->kind]);
	if (cause->key_id.len > 0)
		json_out_string(out, "id", cause->key_id);
	json_out_end(out);
}

static void
write_subject(struct json_out *out, const struct webhook *webhook)
{
	json_out_uuid(out, "webhookId", webhook->id);
	json_out_string(out, "webhookName", webhook->name);
}

/* ---- telling ---- */

/** The webhook that is to be told in any case, as a reference, or NULL. */
static const struct webhook *
find_owner(struct webhooks *webhooks, const struct webhook *webhook)
{
	struct uuid id;

	if (str_is_empty(webhook->options.notify) ||
		uuid_parse(webhook->options.notify, &id))
		return NULL;
	return webhooks_find(webhooks, webhook->workspace, id);
}

static struct announced *
tell(struct webhooks *webhooks, const struct webhook *webhook,
	const struct news *news, const struct buf *data, struct str key_id)
{
	char id[UUID_TEXT_SIZE];
	const struct webhook *owner =
		news->is_for_owner ? find_owner(webhooks, webhook) : NULL;
	const struct announcement announcement = {
		.workspace = webhook->workspace,
		.type = news->type,
		.source = WEBHOOK_NEWS_SOURCE,
		.subject = str_of(uuid_format(webhook->id, id)),
		.data = buf_str(data),
		.publisher = key_id,
		.not_to = webhook->number,
		.also_to = owner,
	};
	struct announced *announced =
		announce_new(webhooks->options.ingest, &announcement);

	webhook_unref(owner);
	return announced;
}

/** Whether one more that happened by itself may be told this hour. */
static bool
may_tell(const struct webhook_cause *cause, struct webhook *next)
{
	if (cause->kind == WEBHOOK_BY_KEY || next == NULL)
		return true;
	if (next->updated - next->news_since >= HOURS) {
		next->news_since = next->updated;
		next->news_count = 0;
	}
	if (next->news_count < WEBHOOK_NEWS_MAX) {
		next->news_count++;
		return true;
	}
	next->news_left_off++;
	return false;
}

struct announced *
webhook_news_change(struct webhooks *webhooks, const struct webhook *former,
	struct webhook *next, const struct webhook_cause *cause)
{
	CLEANUP(buf_release) struct buf data = {0};
	struct json_out out = json_out_make(&data);
	const struct webhook *about = next ? next : former;
	const struct news *news = find_news(former, next, cause);

	if (webhooks->options.ingest == NULL || news == NULL ||
		!may_tell(cause, next))
		return NULL;
	json_out_object(&out, NULL);
	write_subject(&out, about);
	write_situation(&out, "from", former);
	write_situation(&out, "to", next);
	json_out_string(&out, "reason",
		next ? about->status_reason : STR("User deleted the webhook."));
	if (cause->detail.len > 0)
		json_out_string(&out, "detail", cause->detail);
	write_cause(&out, cause);
	if (former && next && cause->kind == WEBHOOK_BY_KEY)
		write_changes(&out, former, next);
	if (next && next->news_left_off) {
		json_out_integer(&out, "leftOff", next->news_left_off);
		next->news_left_off = 0;
	}
	json_out_end(&out);
	return tell(webhooks, about, news, &data, cause->key_id);
}

struct announced *
webhook_news_gap(
	struct webhooks *webhooks, const struct webhook *webhook, int64_t since)
{
	CLEANUP(buf_release) struct buf data = {0};
	CLEANUP(buf_release) struct buf uri = {0};
	struct json_out out = json_out_make(&data);
	struct replay_skipped skipped;
	char id[UUID_TEXT_SIZE];

	if (webhooks->options.ingest == NULL ||
		store_replay_skipped(webhooks->options.store, webhook->number,
			since, WEBHOOK_GAP_COUNTED_MAX, &skipped) ||
		skipped.count == 0)
		return NULL;
	json_out_object(&out, NULL);
	write_subject(&out, webhook);
	json_out_time(&out, "from", skipped.first_created);
	json_out_time(&out, "to", webhook->updated);
	json_out_integer(&out, "skipped", (int64_t)skipped.count);
	json_out_boolean(&out, "more", skipped.is_more);
	json_out_string(&out, "reason",
		STR("The webhook was not sending; the deliveries it missed "
		    "can be replayed."));
	buf_printf(
		&uri, "/v1/webhooks/%s/replay", uuid_format(webhook->id, id));
	json_out_string(&out, "replayUri", buf_str(&uri));
	json_out_end(&out);
	return tell(webhooks, webhook, &gap, &data, STR(""));
}

struct announced *
webhook_news_dead(struct webhooks *webhooks, const struct webhook *webhook,
	const struct webhook_dead *facts)
{
	CLEANUP(buf_release) struct buf data = {0};
	struct json_out out = json_out_make(&data);

	if (webhooks->options.ingest == NULL)
		return NULL;
	json_out_object(&out, NULL);
	write_subject(&out, webhook);
	json_out_integer(&out, "count", (int64_t)facts->count);
	json_out_uuid(&out, "deliveryId", facts->delivery);
	json_out_string(&out, "eventId", facts->event_id);
	json_out_string(&out, "eventType", facts->event_type);
	json_out_string(&out, "reason", facts->reason);
	json_out_end(&out);
	return tell(webhooks, webhook, &dead, &data, STR(""));
}
