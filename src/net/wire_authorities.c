#include "net/wire_authorities.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct wire_authorities {
	struct wire_authorities *next;
	X509_STORE *store;
	size_t users;
	char file[]; /* empty: the system's */
};

/* Those that are in use. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct wire_authorities *all;

static void
append_reason(struct buf *why)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	buf_append(why, str_of(reason ? reason : "no reason is known"));
	ERR_clear_error();
}

static struct wire_authorities *
read_file(const char *file, struct buf *why)
{
	X509_STORE *store = X509_STORE_new();
	struct wire_authorities *authorities;

	if (store == NULL)
		abort();
	if ((file[0] ? X509_STORE_load_locations(store, file, NULL)
		     : X509_STORE_set_default_paths(store)) != 1) {
		append_reason(why);
		X509_STORE_free(store);
		return NULL;
	}
	ERR_clear_error();
	authorities = mem_alloc(sizeof(*authorities) + strlen(file) + 1);
	memcpy(authorities->file, file, strlen(file) + 1);
	authorities->store = store;
	authorities->next = all;
	all = authorities;
	return authorities;
}

struct wire_authorities *
wire_authorities_use(const char *file, SSL_CTX *context, struct buf *why)
{
	struct wire_authorities *at;

	file = file ? file : "";
	pthread_mutex_lock(&lock);
	at = all;
	while (at && strcmp(at->file, file) != 0)
		at = at->next;
	if (!at)
		at = read_file(file, why);
	if (at) {
		at->users++;
		SSL_CTX_set1_cert_store(context, at->store);
	}
	pthread_mutex_unlock(&lock);
	return at;
}

void
wire_authorities_leave(struct wire_authorities *authorities)
{
	struct wire_authorities **at = &all;

	if (!authorities)
		return;
	pthread_mutex_lock(&lock);
	if (--authorities->users == 0) {
		while (*at != authorities)
			at = &(*at)->next;
		*at = authorities->next;
		X509_STORE_free(authorities->store);
		mem_free(authorities);
	}
	pthread_mutex_unlock(&lock);
}
