#include "pipeline/signing.h"

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
sign(const struct signature_key *key, const struct signing_message *message,
	struct buf *out)
{
	signature_sign(
		key, message->id, message->time / SECONDS, message->body, out);
}

size_t
signing_headers(const struct webhook *webhook,
	const struct signing_message *message, struct arena *arena,
	struct http_header ret[SIGNING_HEADERS_MAX])
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	bool has_second = webhook_has_second_secret(webhook, message->time);
	struct str second = has_second ? second_header(webhook) : STR("");
	size_t count = 1;

	sign(&webhook->key, message, &text);
	if (has_second && str_is_empty(second)) {
		buf_append_char(&text, ' ');
		sign(webhook->old_key, message, &text);
	}
	ret[0] = (struct http_header){signature_header(webhook->key.scheme),
		arena_copy(arena, buf_str(&text))};
	if (!str_is_empty(second)) {
		buf_clear(&text);
		sign(webhook->old_key, message, &text);
		ret[count++] = (struct http_header){
			second, arena_copy(arena, buf_str(&text))};
	}
	return count;
}
