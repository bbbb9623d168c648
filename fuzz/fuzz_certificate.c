#include "base/certificate.h"
#include "fuzz.h"

/** Certificates and keys in PEM form, as users give them. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_release) struct buf text = buf_make(1 << 20);
	struct str pem = str_make((const char *)data, size);
	struct certificates *certificates = NULL;
	struct private_key *key = NULL;

	if (certificates_read(pem, &certificates, &text) == ERR_OK) {
		for (size_t i = 0; i < certificates_count(certificates); i++) {
			certificates_subject(certificates, i, &text);
			(void)certificates_expire(certificates, i);
		}
	}
	if (private_key_read(pem, &key, &text) == ERR_OK && certificates)
		(void)private_key_fits(key, certificates);
	private_key_free(key);
	certificates_free(certificates);
	return 0;
}
