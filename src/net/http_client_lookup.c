#include "net/http_client_lookup.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/mailbox.h"
#include "base/mem.h"

struct lookup {
	struct message message;
	struct http_lookups *lookups;
	void *context;
	char *host;
	int code; /* of getaddrinfo() */
};

struct http_lookups {
	struct mailbox *answers;
	struct message *taken; /* out of the mailbox, not yet given */
	size_t running;
	atomic_size_t users; /* the client and each thread */
};

enum http_failure
http_lookup_failure(int code)
{
	static const struct {
		int code;
		enum http_failure failure;
	} rows[] = {
		{0, HTTP_DNS_DOWN}, /* it can be found by now */
		{EAI_NONAME, HTTP_NAME_UNKNOWN},
		{EAI_NODATA, HTTP_NAME_UNKNOWN},
		{EAI_ADDRFAMILY, HTTP_NAME_UNKNOWN},
		{EAI_AGAIN, HTTP_DNS_DOWN},
		{EAI_FAIL, HTTP_DNS_DOWN},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (rows[i].code == code)
			return rows[i].failure;
	}
	return HTTP_OUR_FAULT;
}

static void
lookup_free(struct lookup *lookup)
{
	mem_free(lookup->host);
	mem_free(lookup);
}

static struct lookup *
next_answer(struct http_lookups *lookups)
{
	struct message *message = lookups->taken;

	if (message == NULL)
		message = mailbox_take_all(lookups->answers);
	if (message == NULL)
		return NULL;
	lookups->taken = message->next;
	return CONTAINER_OF(message, struct lookup, message);
}

/** Whoever is the last to leave clears up. */
static void
leave(struct http_lookups *lookups)
{
	struct lookup *lookup;

	if (atomic_fetch_sub(&lookups->users, 1) != 1)
		return;
	while ((lookup = next_answer(lookups)))
		lookup_free(lookup);
	mailbox_free(lookups->answers);
	mem_free(lookups);
}

struct http_lookups *
http_lookups_new(void)
{
	struct http_lookups *lookups = MEM_NEW(struct http_lookups);

	lookups->answers = mailbox_new();
	atomic_init(&lookups->users, 1);
	return lookups;
}

void
http_lookups_free(struct http_lookups *lookups)
{
	if (lookups)
		leave(lookups);
}

int
http_lookups_fd(const struct http_lookups *lookups)
{
	return mailbox_fd(lookups->answers);
}

static void *
look_up(void *context)
{
	struct lookup *lookup = context;
	struct http_lookups *lookups = lookup->lookups;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;

	lookup->code = getaddrinfo(lookup->host, NULL, &hints, &found);
	if (found)
		freeaddrinfo(found);
	mailbox_post(lookups->answers, &lookup->message);
	leave(lookups);
	return NULL;
}

/** Detached, and deaf to signals, which are for the main thread. */
static bool
start_thread(struct lookup *lookup)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	pthread_t thread;
	int error;

	sigfillset(&all);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	error = pthread_create(&thread, &attributes, look_up, lookup);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return error == 0;
}

bool
http_lookups_start(struct http_lookups *lookups, struct str host, void *context)
{
	struct lookup *lookup;

	if (lookups->running == HTTP_LOOKUPS_MAX)
		return false;
	lookup = MEM_NEW(struct lookup);
	lookup->lookups = lookups;
	lookup->context = context;
	lookup->host = mem_alloc(host.len + 1);
	memcpy(lookup->host, host.ptr, host.len);
	atomic_fetch_add(&lookups->users, 1);
	if (!start_thread(lookup)) {
		atomic_fetch_sub(&lookups->users, 1);
		lookup_free(lookup);
		return false;
	}
	lookups->running++;
	return true;
}

bool
http_lookups_take(struct http_lookups *lookups, void **ret_context,
	enum http_failure *ret_failure)
{
	struct lookup *lookup;

	if (lookups->running == 0)
		return false;
	lookup = next_answer(lookups);
	if (lookup == NULL)
		return false;
	lookups->running--;
	*ret_context = lookup->context;
	*ret_failure = http_lookup_failure(lookup->code);
	lookup_free(lookup);
	return true;
}
