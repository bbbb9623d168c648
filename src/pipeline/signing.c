#include "pipeline/signing.h"

#include "base/clock.h"

/* Two signatures in one header, with a blank between. */
enum { TEXT_MAX = SIGNATURE_TEXT_MAX * 2 + 1 };

void
signing_init(struct signing *signing, const struct webhook *webhook)
{
	*signing = (struct signing){.webhook = webhook};
}

void
signing_release(struct signing *signing)
{
	signature_signer_free(signing->first);
	signature_signer_free(signing->second);
	*signing = (struct signing){0};
}

/** Where the second signature goes; empty: beside the first one. */
static struct str
second_header(const struct webhook *webhook)
{
	enum signature_scheme first = webhook->key.scheme;
	enum signature_scheme second = webhook->old_key->scheme;

	if (first == second)
		return signature_second_header(first);
	return str_equal(signature_header(first), signature_header(second))
		       ? STR("")
		       : signature_header(second);
}

static void
sign(struct signature_signer **signer, const struct signature_key *key,
	const struct signing_message *message, struct buf *out)
{
	if (*signer == NULL)
		*signer = signature_signer_new(key);
	signature_signer_sign(*signer, message->id, message->time / SECONDS,
		message->body, out);
}

size_t
signing_headers(struct signing *signing, const struct signing_message *message,
	struct arena *arena, struct http_header ret[SIGNING_HEADERS_MAX])
{
	const struct webhook *webhook = signing->webhook;
	bool has_second = webhook_has_second_secret(webhook, message->time);
	struct str second = has_second ? second_header(webhook) : STR("");
	struct buf text = arena_buf(arena, TEXT_MAX);
	size_t count = 1;

	sign(&signing->first, &webhook->key, message, &text);
	if (has_second && str_is_empty(second)) {
		buf_append_char(&text, ' ');
		sign(&signing->second, webhook->old_key, message, &text);
	}
	ret[0] = (struct http_header){
		signature_header(webhook->key.scheme), buf_str(&text)};
	if (!str_is_empty(second)) {
		text = arena_buf(arena, TEXT_MAX);
		sign(&signing->second, webhook->old_key, message, &text);
		ret[count++] = (struct http_header){second, buf_str(&text)};
	}
	return count;
}
