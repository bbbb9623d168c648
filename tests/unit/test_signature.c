#include "rule/signature.h"

#include "base/encode.h"
#include "base/random.h"
#include "check.h"

TEST(signature, official_vector_of_standard_webhooks_is_met)
{
	CLEANUP(buf_release) struct buf key = buf_make(0);
	CLEANUP(buf_release) struct buf out = buf_make(0);

	CHECK_OK(signature_read_secret(
		STR("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), &key));
	signature_sign_v1(buf_str(&key), STR("msg_p5jXN8AQM9LWM0D4loKWxJek"),
		1614265330, STR("{\"test\": 2432232314}"), &out);
	CHECK_TEXT(buf_text(&out),
		"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(signature, every_part_is_signed)
{
	static const struct {
		const char *key, *id, *body;
		int64_t timestamp;
	} rows[] = {
		{"0123456789abcdef", "id", "body", 1},
		{"0123456789abcdeF", "id", "body", 1},
		{"0123456789abcdef", "iD", "body", 1},
		{"0123456789abcdef", "id", "bodY", 1},
		{"0123456789abcdef", "id", "", 1},
		{"0123456789abcdef", "id", "body", 2},
		{"0123456789abcdef", "id", "body", -1},
	};
	struct buf outs[COUNT_OF(rows)] = {{0}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		signature_sign_v1(str_of(rows[i].key), str_of(rows[i].id),
			rows[i].timestamp, str_of(rows[i].body), &outs[i]);
		for (size_t k = 0; k < i; k++)
			CHECK(!str_equal(buf_str(&outs[i]), buf_str(&outs[k])));
	}
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		buf_release(&outs[i]);
}

TEST(signature, made_secrets_are_read_back_and_differ)
{
	CLEANUP(buf_release) struct buf one = buf_make(0);
	CLEANUP(buf_release) struct buf other = buf_make(0);
	CLEANUP(buf_release) struct buf key = buf_make(0);

	signature_make_secret(&one);
	signature_make_secret(&other);
	CHECK(!str_equal(buf_str(&one), buf_str(&other)));
	CHECK(str_starts_with(buf_str(&one), STR("whsec_")));
	CHECK_INT(one.len, 6 + 44);
	CHECK_OK(signature_read_secret(buf_str(&one), &key));
	CHECK_INT(key.len, 32);
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
		CLEANUP(buf_release) struct buf key = buf_make(0);

		CHECK_OK(signature_read_secret(str_of(texts[i]), &key));
		CHECK_STR(buf_str(&key),
			str_make("\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17",
				16));
	}
}

TEST(signature, secrets_outside_16_to_64_bytes_or_no_base64_are_refused)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	CLEANUP(buf_release) struct buf key = buf_make(0);
	char bytes[80] = {0};

	buf_append(&key, STR("kept"));
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		bool is_good = len >= 16 && len <= 64;

		buf_clear(&text);
		buf_append(&text, STR("whsec_"));
		encode_base64(&text, str_make(bytes, len));
		CHECK_INT(signature_read_secret(buf_str(&text), &key),
			is_good ? ERR_OK : ERR_INVALID);
		CHECK_INT(key.len, is_good ? 4 + len : 4);
		buf_truncate(&key, 4);
	}
	CHECK(signature_read_secret(
		STR("whsec_AAECAwQFBgcI\nQoLDA0ODw"), &key));
	CHECK(signature_read_secret(
		STR("whsec_whsec_AAECAwQFBgcICQoLDA0ODw==!"), &key));
	CHECK(signature_read_secret(STR("whsec_"), &key));
	CHECK_TEXT(buf_text(&key), "kept");
}
