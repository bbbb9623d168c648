#include "rule/inbound.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/encode.h"

#define TOLERANCE (5 * MINUTES)

static const struct inbound_scheme schemes[] = {
	{
		/* Standard Webhooks 1.0.0 */
		.name = "standard",
		.headers = {"webhook-signature"},
		.separator = ' ',
		.prefix = "v1,",
		.time_header = "webhook-timestamp",
		.id_header = "webhook-id",
		.content = "%i.%t.%b",
		.hash = HASH_SHA256,
		.encoding = INBOUND_BASE64,
		.is_secret_base64 = true,
		.secret_prefix = "whsec_",
	},
	{
		.name = "greenlake",
		.headers = {"HPE-Webhook-Signature", "HPE-Webhook-Signature2"},
		.prefix = "sha256=",
		.content = "%b",
		.hash = HASH_SHA256,
	},
	{
		.name = "github",
		.headers = {"X-Hub-Signature-256"},
		.prefix = "sha256=",
		.content = "%b",
		.hash = HASH_SHA256,
	},
	{
		.name = "stripe",
		.headers = {"Stripe-Signature"},
		.separator = ',',
		.prefix = "v1=",
		.time_prefix = "t=",
		.content = "%t.%b",
		.hash = HASH_SHA256,
	},
	{
		.name = "slack",
		.headers = {"X-Slack-Signature"},
		.prefix = "v0=",
		.time_header = "X-Slack-Request-Timestamp",
		.content = "v0:%t:%b",
		.hash = HASH_SHA256,
	},
	{
		.name = "hmac",
		.content = "%b",
		.is_generic = true,
	},
};

const struct inbound_scheme *
inbound_scheme_at(size_t number)
{
	return number < COUNT_OF(schemes) ? &schemes[number] : NULL;
}

const struct inbound_scheme *
inbound_scheme_find(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(schemes); i++) {
		if (str_equal(str_of(schemes[i].name), name))
			return &schemes[i];
	}
	return NULL;
}

struct str
inbound_header(const struct inbound_request *request, struct str name)
{
	for (size_t i = 0; i < request->header_count; i++) {
		if (str_equal_nocase(request->headers[i].name, name))
			return request->headers[i].value;
	}
	return (struct str){0};
}

/* ---- secrets ---- */

static enum err
read_key(
	const struct inbound_scheme *scheme, struct str secret, struct buf *key)
{
	struct str prefix = str_of(scheme->secret_prefix);

	if (!scheme->is_secret_base64)
		return buf_append(key, secret);
	if (str_starts_with(secret, prefix))
		secret = str_skip(secret, prefix.len);
	return encode_base64_read(secret, key);
}

enum err
inbound_secret_check(
	const struct inbound_scheme *scheme, struct str secret, struct buf *why)
{
	CLEANUP(buf_release) struct buf key = buf_make(0);

	if (secret.len == 0 || secret.len > INBOUND_SECRET_MAX) {
		buf_printf(why, "expected 1 to %d bytes", INBOUND_SECRET_MAX);
		return ERR_INVALID;
	}
	if (read_key(scheme, secret, &key) || key.len == 0) {
		buf_append(why, STR("expected Base64, as in whsec_MfKQ…"));
		return ERR_INVALID;
	}
	return ERR_OK;
}

bool
inbound_secret_equal(struct str given, struct str secret)
{
	uint8_t left[DIGEST_SHA256_LEN], right[DIGEST_SHA256_LEN];

	/* Of digests, so that not even the lengths show. */
	digest_sha256(given, left);
	digest_sha256(secret, right);
	return digest_equal(str_make((const char *)left, sizeof(left)),
		str_make((const char *)right, sizeof(right)));
}

/* ---- verifying ---- */

/* What a request shows, taken apart. */
struct shown {
	struct str id;
	struct str time;
	struct str items[INBOUND_ITEMS_MAX]; /* without their prefixes */
	size_t count;
	bool has_header;
};

static void
take_item(const struct inbound_scheme *scheme, struct str prefix,
	struct str item, struct shown *shown)
{
	struct str time_prefix = str_of(scheme->time_prefix);

	item = str_trim(item);
	if (time_prefix.len && str_starts_with(item, time_prefix) &&
		shown->time.len == 0)
		shown->time = str_skip(item, time_prefix.len);
	else if (str_starts_with(item, prefix) &&
		 shown->count < INBOUND_ITEMS_MAX)
		shown->items[shown->count++] = str_skip(item, prefix.len);
}

static void
take_header(const struct inbound_scheme *scheme, struct str prefix,
	struct str value, struct shown *shown)
{
	if (value.len == 0)
		return;
	shown->has_header = true;
	if (!scheme->separator) {
		take_item(scheme, prefix, value, shown);
		return;
	}
	while (value.ptr != NULL)
		take_item(scheme, prefix, str_split(&value, scheme->separator),
			shown);
}

static enum err
deny(struct buf *why, const char *sentence)
{
	buf_append(why, str_of(sentence));
	return ERR_DENIED;
}

static enum err
take_headers(const struct inbound_signature *signature,
	const struct inbound_request *request, struct shown *shown,
	struct buf *why)
{
	const struct inbound_scheme *scheme = signature->scheme;
	struct str first = str_of(scheme->headers[0]);
	struct str prefix = str_of(scheme->prefix);

	if (scheme->is_generic) {
		first = signature->header;
		prefix = signature->prefix;
	}
	take_header(scheme, prefix, inbound_header(request, first), shown);
	if (scheme->headers[1])
		take_header(scheme, prefix,
			inbound_header(request, str_of(scheme->headers[1])),
			shown);
	if (!shown->has_header) {
		buf_printf(why, "the header %.*s is missing", STR_ARG(first));
		return ERR_DENIED;
	}
	if (shown->count == 0) {
		buf_printf(why, "the header %.*s has no signature %.*s…",
			STR_ARG(first), STR_ARG(prefix));
		return ERR_DENIED;
	}
	return ERR_OK;
}

static enum err
check_time(const struct inbound_signature *signature, struct str text,
	int64_t now, struct buf *why)
{
	int64_t tolerance =
		signature->tolerance ? signature->tolerance : TOLERANCE;
	uint64_t seconds;
	int64_t age;

	if (text.len == 0)
		return deny(why, "the signature's time is missing");
	/* No time in the year 33658 or later, so nothing can overflow. */
	if (str_to_u64(text, &seconds) || seconds > UINT64_C(1000000000000))
		return deny(why, "the signature's time is no Unix time");
	age = now - (int64_t)seconds * SECONDS;
	if (age > tolerance)
		return deny(why, "the signature is too old");
	if (age < -tolerance)
		return deny(why, "the signature's time is in the future");
	return ERR_OK;
}

static enum err
check_parts(const struct inbound_signature *signature,
	const struct inbound_request *request, struct shown *shown,
	struct buf *why)
{
	const struct inbound_scheme *scheme = signature->scheme;

	if (scheme->id_header)
		shown->id = inbound_header(request, str_of(scheme->id_header));
	if (scheme->id_header && shown->id.len == 0) {
		buf_printf(why, "the header %s is missing", scheme->id_header);
		return ERR_DENIED;
	}
	if (scheme->time_header)
		shown->time =
			inbound_header(request, str_of(scheme->time_header));
	if (!scheme->time_header && !scheme->time_prefix)
		return ERR_OK;
	return check_time(signature, shown->time, request->now, why);
}

static void
write_content(const char *pattern, const struct shown *shown, struct str body,
	struct buf *out)
{
	for (const char *at = pattern; *at; at++) {
		if (*at != '%') {
			buf_append_char(out, *at);
			continue;
		}
		at++;
		buf_append(out, *at == 'i'   ? shown->id
				: *at == 't' ? shown->time
					     : body);
	}
}

static bool
is_right(struct str item, enum inbound_encoding encoding, struct str expected)
{
	CLEANUP(buf_release) struct buf bytes = buf_make(HASH_MAX);
	uint8_t hex[HASH_MAX];

	if (encoding == INBOUND_HEX)
		return encode_hex_read(item, hex, expected.len) == ERR_OK &&
		       digest_equal(str_make((const char *)hex, expected.len),
			       expected);
	return encode_base64_read(item, &bytes) == ERR_OK &&
	       digest_equal(buf_str(&bytes), expected);
}

static bool
has_right(const struct inbound_signature *signature, const struct shown *shown,
	struct str content, struct str secret)
{
	const struct inbound_scheme *scheme = signature->scheme;
	enum hash_kind hash =
		scheme->is_generic ? signature->hash : scheme->hash;
	enum inbound_encoding encoding =
		scheme->is_generic ? signature->encoding : scheme->encoding;
	CLEANUP(buf_release) struct buf key = buf_make(0);
	uint8_t digest[HASH_MAX];
	bool is_found = false;

	if (read_key(scheme, secret, &key) || key.len == 0)
		return false;
	hash_hmac(hash, buf_str(&key), content, digest);
	for (size_t i = 0; i < shown->count; i++)
		is_found |= is_right(shown->items[i], encoding,
			str_make((const char *)digest, hash_len(hash)));
	return is_found;
}

enum err
inbound_verify(const struct inbound_signature *signature,
	const struct inbound_request *request, struct buf *why)
{
	CLEANUP(buf_release) struct buf copy = buf_make(0);
	const char *pattern = signature->scheme->content;
	struct shown shown = {0};
	struct str content = request->body;
	bool is_found = false;
	enum err err = take_headers(signature, request, &shown, why);

	if (!err)
		err = check_parts(signature, request, &shown, why);
	if (err)
		return err;
	if (!str_equal(str_of(pattern), STR("%b"))) {
		write_content(pattern, &shown, request->body, &copy);
		content = buf_str(&copy);
	}
	for (size_t i = 0; i < signature->secret_count; i++)
		is_found |= has_right(
			signature, &shown, content, signature->secrets[i]);
	return is_found ? ERR_OK : deny(why, "the signature is not right");
}
