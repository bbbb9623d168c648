#include "base/certificate.h"

#include <openssl/pem.h>

#include "base/clock.h"
#include "check.h"
#include "tls_identity.h"

static struct tls_identity authority, client;

static void
begin(void)
{
	authority = tls_identity_new("an authority", NULL, NULL, 7200);
	client = tls_identity_new("a client", NULL, &authority, 7200);
}

static void
end(void)
{
	tls_identity_release(&authority);
	tls_identity_release(&client);
}

TEST(certificate, a_chain_is_read_in_its_order)
{
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(buf_release) struct buf why = {0};
	CLEANUP(buf_release) struct buf subject = {0};
	struct certificates *chain;
	int64_t left;

	begin();
	buf_printf(&text, "what stands between\n%sis passed over\n%s",
		client.pem, authority.pem);
	CHECK_OK(certificates_read(buf_str(&text), &chain, &why));
	CHECK_INT(certificates_count(chain), 2);
	certificates_subject(chain, 0, &subject);
	buf_append(&subject, STR("; "));
	certificates_subject(chain, 1, &subject);
	CHECK_STR(buf_str(&subject), STR("CN=a client; CN=an authority"));
	left = certificates_expire(chain, 0) - clock_now();
	CHECK(left > 59 * MINUTES && left <= 60 * MINUTES);
	certificates_free(chain);
	end();
}

TEST(certificate, what_is_none_is_refused_with_a_reason)
{
	static const char broken[] = "-----BEGIN CERTIFICATE-----\nAAAA\n"
				     "-----END CERTIFICATE-----\n";
	static const struct {
		const char *text;
		const char *why;
	} rows[] = {
		{"", "not PEM: expected -----BEGIN CERTIFICATE-----"},
		{"nonsense", "not PEM: expected -----BEGIN CERTIFICATE-----"},
		{broken, "certificate 1 cannot be read"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_release) struct buf why = {0};
		struct certificates *chain;

		CHECK_INT(certificates_read(str_of(rows[i].text), &chain, &why),
			ERR_INVALID);
		CHECK_TEXT(buf_text(&why), rows[i].why);
	}
}

TEST(certificate, a_chain_that_is_too_long_is_refused)
{
	static char text[CERTIFICATES_TEXT_MAX + 1];
	CLEANUP(buf_release) struct buf why = {0};
	struct certificates *chain;

	CHECK_INT(certificates_read(str_make(text, sizeof(text)), &chain, &why),
		ERR_LIMIT);
}

TEST(certificate, a_key_fits_its_own_certificate_only)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct certificates *chain, *other;
	struct private_key *key;

	begin();
	CHECK_OK(certificates_read(str_of(client.pem), &chain, &why));
	CHECK_OK(certificates_read(str_of(authority.pem), &other, &why));
	CHECK_OK(private_key_read(str_of(client.key_pem), &key, &why));
	CHECK(private_key_fits(key, chain));
	CHECK(!private_key_fits(key, other));
	private_key_free(key);
	certificates_free(chain);
	certificates_free(other);
	end();
}

TEST(certificate, a_key_with_a_passphrase_is_refused)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct private_key *key;
	char text[4096];
	BIO *bio = BIO_new(BIO_s_mem());
	int count;

	begin();
	CHECK(PEM_write_bio_PKCS8PrivateKey(bio, client.key, EVP_aes_128_cbc(),
		      "secret", 6, NULL, NULL) == 1);
	count = BIO_read(bio, text, sizeof(text));
	CHECK(count > 0);
	CHECK_INT(private_key_read(str_make(text, (size_t)count), &key, &why),
		ERR_INVALID);
	CHECK_TEXT(buf_text(&why),
		"it is encrypted: give it without a passphrase");
	buf_clear(&why);
	CHECK_INT(
		private_key_read(str_of(client.pem), &key, &why), ERR_INVALID);
	CHECK(strstr(buf_text(&why), "not PEM"));
	BIO_free(bio);
	end();
}
