#include "base/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

struct certificates {
	X509 **list;
	size_t count;
};

struct private_key {
	EVP_PKEY *key;
};

static BIO *
open_text(struct str text)
{
	BIO *bio = BIO_new_mem_buf(text.len ? text.ptr : "", (int)text.len);

	if (bio == NULL)
		abort();
	return bio;
}

static void
add(struct certificates *certificates, X509 *certificate)
{
	certificates->list = mem_resize(certificates->list,
		(certificates->count + 1) * sizeof(*certificates->list));
	certificates->list[certificates->count++] = certificate;
}

/** Up to the end of the text; false when one cannot be read. */
static bool
read_all(BIO *bio, struct certificates *certificates)
{
	X509 *certificate;
	unsigned long error;

	ERR_clear_error();
	while (certificates->count < CERTIFICATES_MAX &&
		(certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
		add(certificates, certificate);
	error = ERR_peek_last_error();
	ERR_clear_error();
	/* That is how the end is said. */
	return error == 0 ||
	       (ERR_GET_LIB(error) == ERR_LIB_PEM &&
		       ERR_GET_REASON(error) == PEM_R_NO_START_LINE);
}

enum err
certificates_read(struct str pem, struct certificates **ret, struct buf *why)
{
	struct certificates *certificates;
	bool is_read;
	BIO *bio;

	if (pem.len > CERTIFICATES_TEXT_MAX) {
		buf_printf(why, "longer than %d bytes", CERTIFICATES_TEXT_MAX);
		return ERR_LIMIT;
	}
	certificates = MEM_NEW(struct certificates);
	bio = open_text(pem);
	is_read = read_all(bio, certificates);
	BIO_free(bio);
	if (is_read && certificates->count > 0) {
		*ret = certificates;
		return ERR_OK;
	}
	if (is_read)
		buf_append(why,
			STR("not PEM: expected -----BEGIN CERTIFICATE-----"));
	else
		buf_printf(why, "certificate %zu cannot be read",
			certificates->count + 1);
	certificates_free(certificates);
	return ERR_INVALID;
}

void
certificates_free(struct certificates *certificates)
{
	if (certificates == NULL)
		return;
	for (size_t i = 0; i < certificates->count; i++)
		X509_free(certificates->list[i]);
	mem_free(certificates->list);
	mem_free(certificates);
}

size_t
certificates_count(const struct certificates *certificates)
{
	return certificates->count;
}

X509 *
certificates_get(const struct certificates *certificates, size_t index)
{
	return certificates->list[index];
}

void
certificates_subject(
	const struct certificates *certificates, size_t index, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len;

	if (bio == NULL)
		abort();
	X509_NAME_print_ex(bio,
		X509_get_subject_name(certificates->list[index]), 0,
		XN_FLAG_RFC2253);
	len = BIO_get_mem_data(bio, &text);
	if (len > 0)
		buf_append(out, str_make(text, (size_t)len));
	BIO_free(bio);
}

int64_t
certificates_expire(const struct certificates *certificates, size_t index)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0, seconds = 0;

	ASN1_TIME_diff(&days, &seconds, epoch,
		X509_get0_notAfter(certificates->list[index]));
	ASN1_TIME_free(epoch);
	return days * 24 * HOURS + seconds * SECONDS;
}

/** Nobody is asked for a passphrase; `context` notes that one is needed. */
static int
on_passphrase(char *buf, int size, int is_writing, void *context)
{
	bool *is_needed = context;

	(void)buf;
	(void)size;
	(void)is_writing;
	*is_needed = true;
	return -1;
}

enum err
private_key_read(struct str pem, struct private_key **ret, struct buf *why)
{
	bool is_encrypted = false;
	EVP_PKEY *key;
	BIO *bio;

	if (pem.len > PRIVATE_KEY_TEXT_MAX) {
		buf_printf(why, "longer than %d bytes", PRIVATE_KEY_TEXT_MAX);
		return ERR_LIMIT;
	}
	bio = open_text(pem);
	key = PEM_read_bio_PrivateKey(bio, NULL, on_passphrase, &is_encrypted);
	BIO_free(bio);
	ERR_clear_error();
	if (key) {
		*ret = MEM_NEW(struct private_key);
		(*ret)->key = key;
		return ERR_OK;
	}
	buf_append(why, is_encrypted
				? STR("it is encrypted: give it without a "
				      "passphrase")
				: STR("not PEM: expected -----BEGIN PRIVATE "
				      "KEY-----"));
	return ERR_INVALID;
}

void
private_key_free(struct private_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->key);
	mem_free(key);
}

EVP_PKEY *
private_key_get(const struct private_key *key)
{
	return key->key;
}

bool
private_key_fits(
	const struct private_key *key, const struct certificates *certificates)
{
	int is_fitting =
		X509_check_private_key(certificates->list[0], key->key);

	ERR_clear_error();
	return is_fitting == 1;
}
