#include "pipeline/callback.h"

#include "base/digest.h"
#include "base/encode.h"

void
callback_append(const struct seal_key *key, const struct callback *callback,
	struct buf *out)
{
	size_t start = out->len;
	uint8_t digest[DIGEST_SHA256_LEN];
	struct str name;

	buf_printf(out, "%llu-%llu", (unsigned long long)callback->webhook,
		(unsigned long long)callback->handshake);
	name = str_skip(buf_str(out), start);
	digest_hmac_sha256(
		str_make((const char *)key->bytes, sizeof(key->bytes)), &name,
		1, digest);
	buf_append_char(out, '-');
	encode_hex(out, str_make((const char *)digest, sizeof(digest)));
}

enum err
callback_read(const struct seal_key *key, struct str text, struct callback *ret)
{
	CLEANUP(buf_release) struct buf expected = buf_make(256);
	struct str rest = text;
	struct callback callback;

	if (str_to_u64(str_split(&rest, '-'), &callback.webhook) ||
		str_to_u64(str_split(&rest, '-'), &callback.handshake))
		return ERR_INVALID;
	callback_append(key, &callback, &expected);
	if (!digest_equal(text, buf_str(&expected)))
		return ERR_INVALID;
	*ret = callback;
	return ERR_OK;
}
