#include "rule/signature.h"

#include <stdio.h>

#include "base/digest.h"
#include "base/encode.h"
#include "base/random.h"

enum { SECRET_LEN = 32, KEY_LEN_MIN = 16, KEY_LEN_MAX = 64 };

static const struct str secret_prefix = STR_INIT("whsec_");

void
signature_make_secret(struct buf *out)
{
	char key[SECRET_LEN];

	random_bytes(key, sizeof(key));
	buf_append(out, secret_prefix);
	encode_base64(out, str_make(key, sizeof(key)));
}

enum err
signature_read_secret(struct str text, struct buf *ret_key)
{
	size_t start = ret_key->len;
	enum err err;

	if (str_starts_with(text, secret_prefix))
		text = str_skip(text, secret_prefix.len);
	err = encode_base64_read(text, ret_key);
	if (!err && (ret_key->len - start < KEY_LEN_MIN ||
			    ret_key->len - start > KEY_LEN_MAX))
		err = ERR_INVALID;
	if (err)
		buf_truncate(ret_key, start);
	return err;
}

void
signature_sign_v1(struct str key, struct str id, int64_t timestamp,
	struct str body, struct buf *out)
{
	uint8_t digest[DIGEST_SHA256_LEN];
	char middle[32];
	int len = snprintf(
		middle, sizeof(middle), ".%lld.", (long long)timestamp);
	const struct str pieces[] = {id, str_make(middle, (size_t)len), body};

	digest_hmac_sha256(key, pieces, COUNT_OF(pieces), digest);
	buf_append(out, STR("v1,"));
	encode_base64(out, str_make((const char *)digest, sizeof(digest)));
}
