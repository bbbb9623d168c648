#include "net/wire_authorities.h"

#include <openssl/ssl.h>
#include <stdio.h>

#include "check.h"
#include "tls_identity.h"

/* Who shares certificates of authorities, and for how long. */

static char path[256];

static const char *
write_file(const char *name, const char *text)
{
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", check_temp_dir(), name);
	file = fopen(path, "we");
	CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0);
	return path;
}

TEST(wire_authorities, who_trusts_the_same_file_shares_it)
{
	struct tls_identity identity =
		tls_identity_new("authority", NULL, NULL, 3600);
	const char *file = write_file("ca.pem", identity.pem);
	SSL_CTX *one = SSL_CTX_new(TLS_client_method());
	SSL_CTX *two = SSL_CTX_new(TLS_client_method());
	struct buf why = {0};
	struct wire_authorities *first = wire_authorities_use(file, one, &why);
	struct wire_authorities *second = wire_authorities_use(file, two, &why);

	CHECK(first && first == second);
	CHECK(SSL_CTX_get_cert_store(one) == SSL_CTX_get_cert_store(two));
	wire_authorities_leave(first);
	/* The second still has it, even though the file is gone. */
	CHECK(remove(file) == 0);
	first = wire_authorities_use(file, one, &why);
	CHECK(first && first == second);
	wire_authorities_leave(first);
	wire_authorities_leave(second);
	CHECK(wire_authorities_use(file, one, &why) == NULL);
	CHECK(why.len > 0);
	SSL_CTX_free(one);
	SSL_CTX_free(two);
	buf_release(&why);
	tls_identity_release(&identity);
}

TEST(wire_authorities, file_without_a_certificate_is_refused_with_a_reason)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	struct buf why = {0};

	CHECK(wire_authorities_use(write_file("no.pem", "nothing\n"), context,
		      &why) == NULL);
	CHECK(why.len > 0);
	SSL_CTX_free(context);
	buf_release(&why);
}
