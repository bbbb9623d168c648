#include "api/token.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/json_out.h"
#include "base/seal.h"

/* {"alg":"HS256","typ":"JWT"}: the only head we write and so accept. */
static const struct str head = STR_INIT("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9");

static void
sign(const struct seal_key *key, struct str payload,
	uint8_t signature[DIGEST_SHA256_LEN])
{
	struct str pieces[] = {head, STR("."), payload};

	digest_hmac_sha256(
		str_make((const char *)key->bytes, sizeof(key->bytes)), pieces,
		3, signature);
}

struct str
token_make(const struct seal_key *key, struct str key_id, struct str role,
	int64_t now, struct arena *arena)
{
	CLEANUP(buf_release) struct buf claims = buf_make(0);
	CLEANUP(buf_release) struct buf text = buf_make(0);
	struct json_out out = json_out_make(&claims);
	uint8_t signature[DIGEST_SHA256_LEN];
	struct str payload;

	json_out_object(&out, NULL);
	json_out_text(&out, "iss", "grapnel");
	json_out_string(&out, "sub", key_id);
	json_out_string(&out, "role", role);
	json_out_integer(&out, "iat", now / SECONDS);
	json_out_integer(&out, "exp", now / SECONDS + TOKEN_LIFE_SECONDS);
	json_out_end(&out);
	encode_base64_url(&text, buf_str(&claims));
	payload = arena_copy(arena, buf_str(&text));
	sign(key, payload, signature);
	buf_clear(&text);
	buf_printf(&text, "%.*s.%.*s.", STR_ARG(head), STR_ARG(payload));
	encode_base64_url(
		&text, str_make((const char *)signature, sizeof(signature)));
	return arena_copy(arena, buf_str(&text));
}

/** Signed by us: what it says can be trusted, but for the clock. */
static enum err
read_claims(struct str payload, int64_t now, struct arena *arena,
	struct str *ret_key_id)
{
	CLEANUP(buf_release) struct buf text = buf_make(TOKEN_TEXT_MAX);
	CLEANUP(buf_release) struct buf why = buf_make(256);
	struct json_doc doc;
	struct json id;
	int64_t expiry;

	if (encode_base64_read(payload, &text) ||
		json_read(buf_str(&text), arena, &doc, &why))
		return ERR_DENIED;
	id = json_member(json_root(&doc), STR("sub"));
	if (json_kind(id) != JSON_STRING ||
		!json_to_integer(
			json_member(json_root(&doc), STR("exp")), &expiry) ||
		now / SECONDS >= expiry)
		return ERR_DENIED;
	*ret_key_id = arena_copy(arena, json_string(id, arena));
	return ERR_OK;
}

enum err
token_verify(const struct seal_key *key, struct str text, int64_t now,
	struct arena *arena, struct str *ret_key_id)
{
	CLEANUP(buf_release) struct buf expected = buf_make(0);
	uint8_t signature[DIGEST_SHA256_LEN];
	struct str first, payload;

	if (text.len == 0 || text.len > TOKEN_TEXT_MAX)
		return ERR_DENIED;
	first = str_split(&text, '.');
	payload = str_split(&text, '.');
	if (!str_equal(first, head) || payload.len == 0)
		return ERR_DENIED;
	sign(key, payload, signature);
	/* As text: Base64 can spell the same bytes in several ways. */
	encode_base64_url(&expected,
		str_make((const char *)signature, sizeof(signature)));
	if (!digest_equal(text, buf_str(&expected)))
		return ERR_DENIED;
	return read_claims(payload, now, arena, ret_key_id);
}
