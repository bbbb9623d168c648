#include "base/digest.h"

#include "base/encode.h"
#include "check.h"

static void
check_hex(const uint8_t digest[DIGEST_SHA256_LEN], const char *expected)
{
	CLEANUP(buf_release) struct buf hex = buf_make(0);

	encode_hex(&hex, str_make((const char *)digest, DIGEST_SHA256_LEN));
	CHECK_TEXT(buf_text(&hex), expected);
}

TEST(digest, sha256_meets_known_vectors)
{
	CLEANUP(buf_release) struct buf million = buf_make(0);
	uint8_t digest[DIGEST_SHA256_LEN];

	digest_sha256(str_make(NULL, 0), digest);
	check_hex(digest,
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca4959"
		"91b7852b855");
	digest_sha256(STR("abc"), digest);
	check_hex(digest,
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410f"
		"f61f20015ad");
	for (int i = 0; i < 1000000; i++)
		buf_append_char(&million, 'a');
	digest_sha256(buf_str(&million), digest);
	check_hex(digest,
		"cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d3"
		"9ccc7112cd0");
}

/** A text of `count` bytes `c`. */
static struct str
fill(char *at, size_t count, int c)
{
	memset(at, c, count);
	return str_make(at, count);
}

TEST(digest, hmac_meets_rfc_4231)
{
	char key[200], data[200];
	char counted[25];
	uint8_t digest[DIGEST_SHA256_LEN];
	struct str text;

	text = STR("Hi There");
	digest_hmac_sha256(fill(key, 20, 0x0B), &text, 1, digest);
	check_hex(digest,
		"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e93"
		"76c2e32cff7");
	text = STR("what do ya want for nothing?");
	digest_hmac_sha256(STR("Jefe"), &text, 1, digest);
	check_hex(digest,
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec5"
		"8b964ec3843");
	text = fill(data, 50, 0xDD);
	digest_hmac_sha256(fill(key, 20, 0xAA), &text, 1, digest);
	check_hex(digest,
		"773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635"
		"514ced565fe");
	for (int i = 0; i < 25; i++)
		counted[i] = (char)(i + 1);
	text = fill(data, 50, 0xCD);
	digest_hmac_sha256(str_make(counted, 25), &text, 1, digest);
	check_hex(digest,
		"82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3"
		"ff46729665b");
	text = STR("Test Using Larger Than Block-Size Key - Hash Key First");
	digest_hmac_sha256(fill(key, 131, 0xAA), &text, 1, digest);
	check_hex(digest, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546"
			  "040f0ee37f54");
	text = STR("This is a test using a larger than block-size key and a "
		   "larger than block-size data. The key needs to be hashed "
		   "before being used by the HMAC algorithm.");
	digest_hmac_sha256(fill(key, 131, 0xAA), &text, 1, digest);
	check_hex(digest, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f"
			  "51535c3a35e2");
}

TEST(digest, hmac_over_pieces_is_hmac_over_the_whole)
{
	static const struct str pieces[] = {STR_INIT("what do "), {NULL, 0},
		STR_INIT("ya want for"), STR_INIT(" nothing?")};
	uint8_t digest[DIGEST_SHA256_LEN];
	uint8_t empty[DIGEST_SHA256_LEN];

	digest_hmac_sha256(STR("Jefe"), pieces, COUNT_OF(pieces), digest);
	check_hex(digest,
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec5"
		"8b964ec3843");
	digest_hmac_sha256(str_make(NULL, 0), NULL, 0, empty);
	check_hex(empty,
		"b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712"
		"144292c5ad");
}

TEST(digest, equality_looks_at_every_byte)
{
	char a[32] = {0}, b[32] = {0};

	CHECK(digest_equal(str_make(a, 32), str_make(b, 32)));
	CHECK(digest_equal(str_make(NULL, 0), STR("")));
	CHECK(!digest_equal(str_make(a, 32), str_make(b, 31)));
	for (size_t i = 0; i < 32; i++) {
		b[i] = 1;
		CHECK(!digest_equal(str_make(a, 32), str_make(b, 32)));
		b[i] = 0;
	}
}

TEST(digest, scrypt_depends_on_secret_and_salt_and_nothing_else)
{
	static const struct {
		const char *secret, *salt;
	} rows[] = {{"", ""}, {"a", ""}, {"", "a"}, {"a", "b"}, {"b", "a"}};
	uint8_t digests[COUNT_OF(rows)][DIGEST_SHA256_LEN];
	uint8_t again[DIGEST_SHA256_LEN];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		digest_scrypt(str_of(rows[i].secret), str_of(rows[i].salt),
			digests[i]);
		for (size_t k = 0; k < i; k++)
			CHECK(memcmp(digests[i], digests[k], sizeof(again)));
	}
	digest_scrypt(STR("a"), STR("b"), again);
	CHECK(!memcmp(again, digests[3], sizeof(again)));
}

TEST(digest, a_key_made_ready_gives_the_same_for_each_text)
{
	static const struct str pieces[] = {STR_INIT("what do "), {NULL, 0},
		STR_INIT("ya want for"), STR_INIT(" nothing?")};
	char key[131];
	struct digest_hmac *jefe = digest_hmac_new(STR("Jefe"));
	struct digest_hmac *longer = digest_hmac_new(fill(key, 131, 0xAA));
	struct str text =
		STR("Test Using Larger Than Block-Size Key - Hash Key First");
	uint8_t digest[DIGEST_SHA256_LEN];

	for (int i = 0; i < 2; i++) {
		digest_hmac_of(jefe, pieces, COUNT_OF(pieces), digest);
		check_hex(digest,
			"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec5"
			"8b964ec3843");
		digest_hmac_of(longer, &text, 1, digest);
		check_hex(digest,
			"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546"
			"040f0ee37f54");
	}
	digest_hmac_free(jefe);
	digest_hmac_free(longer);
	digest_hmac_free(NULL);
}
