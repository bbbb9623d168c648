#include "pipeline/webhook_audit.h"

#include "base/json_out.h"
#include "pipeline/webhooks.h"

static void
write_secret(struct json_out *out, const char *key, struct str secret)
{
	if (str_is_empty(secret))
		json_out_null(out, key);
	else
		json_out_text(out, key, AUDIT_MASK);
}

static struct str
write_webhook(const struct webhook *webhook, struct buf *text)
{
	struct json_out out = json_out_make(text);

	if (webhook == NULL)
		return STR("");
	json_out_object(&out, NULL);
	json_out_string(&out, "name", webhook->name);
	json_out_string(&out, "destination", webhook->destination);
	json_out_text(&out, "state", webhook_state_name(webhook->health.state));
	json_out_text(
		&out, "status", webhook_status_name(webhook->health.status));
	json_out_string(&out, "filter", webhook->filter_text);
	json_out_object(&out, "headers");
	for (size_t i = 0; i < webhook->header_count; i++) {
		json_out_key(&out, webhook->headers[i].name);
		json_out_text(&out, NULL, AUDIT_MASK);
	}
	json_out_end(&out);
	write_secret(&out, "secret", webhook->secret);
	webhook_options_write(&webhook->options, &out);
	json_out_end(&out);
	return buf_str(text);
}

static bool
has_other_headers(const struct webhook *former, const struct webhook *next)
{
	if (former->header_count != next->header_count)
		return false; /* the names show it */
	for (size_t i = 0; i < next->header_count; i++) {
		if (!str_equal(
			    former->headers[i].value, next->headers[i].value))
			return true;
	}
	return false;
}

static void
note_secrets(struct audit_entry *entry, const struct webhook *former,
	const struct webhook *next)
{
	if (!str_equal(former->secret, next->secret) ||
		!str_equal(
			former->options.auth.secret, next->options.auth.secret))
		entry->secrets[0] = "secrets";
	if (has_other_headers(former, next))
		entry->secrets[1] = "headers' values";
}

static const char *
action_of(const struct webhook *former, const struct webhook *next)
{
	if (former == NULL)
		return "created";
	if (next == NULL)
		return "deleted";
	if (former->health.state == next->health.state)
		return "updated";
	return next->health.state == WEBHOOK_ENABLED ? "enabled" : "disabled";
}

struct announced *
webhook_audit_new(const struct webhook *former, const struct webhook *next)
{
	CLEANUP(buf_release) struct buf before = buf_make(0);
	CLEANUP(buf_release) struct buf after = buf_make(0);
	const struct webhook *about = next ? next : former;
	char id[UUID_TEXT_SIZE];
	struct audit_entry entry = {
		.category = "webhooks",
		.action = action_of(former, next),
		.type = "webhook",
		.id = str_of(uuid_format(about->id, id)),
		.name = about->name,
		.before = write_webhook(former, &before),
		.after = write_webhook(next, &after),
	};

	if (former && next)
		note_secrets(&entry, former, next);
	return audit_new(&entry);
}
