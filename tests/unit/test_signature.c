#include "rule/signature.h"

#include "base/encode.h"
#include "base/random.h"
#include "check.h"

static struct signature_key
read_key(const char *text)
{
	struct signature_key key;

	CHECK_OK(signature_read_secret(str_of(text), &key));
	return key;
}

static void
expect_signature(const char *secret, const char *expected)
{
	CLEANUP(buf_release) struct buf out = buf_make(0);
	struct signature_key key = read_key(secret);

	signature_sign(&key, STR("msg_p5jXN8AQM9LWM0D4loKWxJek"), 1614265330,
		STR("{\"test\": 2432232314}"), &out);
	CHECK_TEXT(buf_text(&out), expected);
}

TEST(signature, official_vector_of_standard_webhooks_is_met)
{
	expect_signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

/* The key pair is test 1 of RFC 8032 §7.1. */
TEST(signature, ed25519_is_that_of_rfc_8032)
{
	CLEANUP(buf_release) struct buf public = buf_make(0);
	static const char secret[] =
		"whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
	struct signature_key key = read_key(secret);

	signature_public_key(&key, &public);
	CHECK_TEXT(buf_text(&public),
		"whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
	expect_signature(secret,
		"v1a,fldxM4gAKugP6nnt1hdz3sgGfZ6d99nzrMFnZOELIxbzEHoVmAb2ADpk"
		"JK7zgPePmPsle0zV9jSeGlHFG2NVAw==");
}

TEST(signature, v1a_secret_with_its_public_key_signs_the_same)
{
	/* Seed and public key of the same pair in one. */
	expect_signature(
		"whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2DXWpgBgrEKt9VL"
		"/tPJZAc6DuFy89qmIyWvAhpo9wdRGg==",
		"v1a,fldxM4gAKugP6nnt1hdz3sgGfZ6d99nzrMFnZOELIxbzEHoVmAb2ADpk"
		"JK7zgPePmPsle0zV9jSeGlHFG2NVAw==");
}

TEST(signature, v1a_secret_with_another_public_key_is_refused)
{
	struct signature_key key;

	CHECK_INT(signature_read_secret(
			  STR("whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2"
			      "DXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGQ=="),
			  &key),
		ERR_INVALID);
}

TEST(signature, every_part_is_signed)
{
	static const struct {
		const char *key, *id, *body;
		int64_t timestamp;
	} rows[] = {
		{"whsec_MDEyMzQ1Njc4OWFiY2RlZg==", "id", "body", 1},
		{"whsec_MDEyMzQ1Njc4OWFiY2RlRg==", "id", "body", 1},
		{"whsec_MDEyMzQ1Njc4OWFiY2RlZg==", "iD", "body", 1},
		{"whsec_MDEyMzQ1Njc4OWFiY2RlZg==", "id", "bodY", 1},
		{"whsec_MDEyMzQ1Njc4OWFiY2RlZg==", "id", "", 1},
		{"whsec_MDEyMzQ1Njc4OWFiY2RlZg==", "id", "body", 2},
		{"whsec_MDEyMzQ1Njc4OWFiY2RlZg==", "id", "body", -1},
	};
	struct buf outs[COUNT_OF(rows)] = {{0}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct signature_key key = read_key(rows[i].key);

		signature_sign(&key, str_of(rows[i].id), rows[i].timestamp,
			str_of(rows[i].body), &outs[i]);
		for (size_t k = 0; k < i; k++)
			CHECK(!str_equal(buf_str(&outs[i]), buf_str(&outs[k])));
	}
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		buf_release(&outs[i]);
}

static void
expect_made(enum signature_scheme scheme, const char *prefix)
{
	CLEANUP(buf_release) struct buf one = buf_make(0);
	CLEANUP(buf_release) struct buf other = buf_make(0);
	struct signature_key key;

	signature_make_secret(scheme, &one);
	signature_make_secret(scheme, &other);
	CHECK(!str_equal(buf_str(&one), buf_str(&other)));
	CHECK(str_starts_with(buf_str(&one), str_of(prefix)));
	key = read_key(buf_text(&one));
	CHECK_INT(key.scheme, scheme);
	CHECK_INT(key.len, 32);
}

TEST(signature, made_secrets_are_read_back_and_differ)
{
	expect_made(SIGNATURE_V1, "whsec_");
	expect_made(SIGNATURE_V1A, "whsk_");
}

TEST(signature, secrets_may_come_without_prefix_and_padding)
{
	static const char *const texts[] = {
		"whsec_AAECAwQFBgcICQoLDA0ODw==",
		"whsec_AAECAwQFBgcICQoLDA0ODw",
		"AAECAwQFBgcICQoLDA0ODw==",
		"AAECAwQFBgcICQoLDA0ODw",
	};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct signature_key key = read_key(texts[i]);

		CHECK_INT(key.scheme, SIGNATURE_V1);
		CHECK_STR(str_make((const char *)key.bytes, key.len),
			str_make("\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17",
				16));
	}
}

static void
expect_lengths(const char *prefix, bool (*is_good)(size_t len))
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	char bytes[80] = {0};
	struct signature_key key;

	for (size_t len = 0; len <= sizeof(bytes); len++) {
		buf_clear(&text);
		buf_append(&text, str_of(prefix));
		encode_base64(&text, str_make(bytes, len));
		CHECK_INT(signature_read_secret(buf_str(&text), &key),
			is_good(len) ? ERR_OK : ERR_INVALID);
	}
}

static bool
is_v1_len(size_t len)
{
	return len >= 16 && len <= 64;
}

static bool
is_seed_len(size_t len)
{
	return len == 32;
}

TEST(signature, secrets_of_a_wrong_length_are_refused)
{
	expect_lengths("whsec_", is_v1_len);
	expect_lengths("whsk_", is_seed_len);
}

TEST(signature, secrets_that_are_no_base64_are_refused)
{
	struct signature_key key;

	CHECK(signature_read_secret(
		STR("whsec_AAECAwQFBgcI\nQoLDA0ODw"), &key));
	CHECK(signature_read_secret(
		STR("whsec_whsec_AAECAwQFBgcICQoLDA0ODw==!"), &key));
	CHECK(signature_read_secret(STR("whsec_"), &key));
	CHECK(signature_read_secret(STR(""), &key));
}

/* The body is a published example of one event. */
TEST(signature, greenlakes_is_over_the_body_alone)
{
	static const char body[] =
		"{\"specversion\":\"1.0\",\"type\":\"com.hpe.greenlake."
		"sample-publisher.v1beta1.sample-event4\",\"source\":"
		"\"publisher-test-single-2\",\"id\":\"123e4567-e89b-12d3-"
		"a456-426614174000\",\"time\":\"2009-11-10T23:00:00Z\","
		"\"datacontenttype\":\"application/json\",\"data\":{"
		"\"eventData\":{\"key1\":\"new-data-6\",\"key2\":"
		"\"value-7\"}},\"subject\":"
		"\"485d4628bb5911eeb355f27748645044\"}";
	static const struct {
		const char *secret, *signature;
	} rows[] = {
		{"Sample123", "sha256=5c2286e960c6d7a082f2534f8e63dd360725"
			      "5af5a0f904419c12ec22fd0d0cb2"},
		{"Sample456", "sha256=8ad9501bc65d7d002e0fdfe953c1b2e5ecbb"
			      "a78c683696d562b31cc95bdd58d0"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_release) struct buf out = buf_make(0);
		struct signature_key key;

		CHECK_OK(signature_read_text(
			SIGNATURE_GREENLAKE, str_of(rows[i].secret), &key));
		signature_sign(
			&key, STR("any id"), (int64_t)i, str_of(body), &out);
		CHECK_TEXT(buf_text(&out), rows[i].signature);
	}
}

TEST(signature, a_text_longer_than_a_block_is_a_key_like_any_other)
{
	CLEANUP(buf_release) struct buf out = buf_make(0);
	struct signature_key key;
	struct str secret = STR("0123456789012345678901234567890123456789"
				"012345678901234567890123456789");

	CHECK_OK(signature_read_text(SIGNATURE_GREENLAKE, secret, &key));
	signature_sign(&key, STR(""), 0, STR("body"), &out);
	/* openssl dgst -sha256 -hmac with the 70 digits */
	CHECK_TEXT(buf_text(&out),
		"sha256=938019a350fb84b9ea6fe272714d64cf261b2210"
		"5285c8577b39fd4074ab5ba6");
	CHECK_INT(signature_read_text(SIGNATURE_GREENLAKE, STR(""), &key),
		ERR_INVALID);
}

TEST(signature, every_scheme_has_its_headers)
{
	CHECK_STR(signature_header(SIGNATURE_V1), STR("webhook-signature"));
	CHECK_STR(signature_second_header(SIGNATURE_V1A), STR(""));
	CHECK_STR(signature_header(SIGNATURE_GREENLAKE),
		STR("HPE-Webhook-Signature"));
	CHECK_STR(signature_second_header(SIGNATURE_GREENLAKE),
		STR("HPE-Webhook-Signature2"));
	CHECK(signature_is_text(SIGNATURE_GREENLAKE));
	CHECK(!signature_is_text(SIGNATURE_V1));
}
