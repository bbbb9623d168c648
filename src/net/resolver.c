#include "net/resolver.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/mailbox.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/thread.h"

#define DEFAULT_TTL (60 * SECONDS)
#define DEFAULT_NEGATIVE_TTL (5 * SECONDS)

/* What the threads share with the resolver, and may outlive it. */
struct bench {
	struct mailbox *answers;
	atomic_size_t users; /* the resolver and each thread */
	int (*look_up)(void *context, const char *host,
		struct resolver_addresses *ret);
	void *context;
};

struct lookup {
	struct message message;
	struct bench *bench;
	char *host;
	size_t host_len;
	int code; /* of getaddrinfo() */
	struct resolver_addresses found;
};

struct name {
	char *host; /* NUL-terminated */
	size_t host_len;
	struct name *older, *newer; /* by when it was asked for */
	struct name *next_queued;
	struct resolver_wait *waiting;
	bool is_looked_up; /* a thread is at it, or it is queued */
	bool is_known;
	struct resolver_addresses addresses; /* once it is known */
	int64_t found_at;
	enum http_failure failure; /* of the last look-up */
	int64_t failed_until;
};

struct resolver {
	struct bench *bench;
	int64_t ttl;
	int64_t negative_ttl;
	struct map by_host;
	struct name *oldest, *newest;
	struct name *queued, **queued_end; /* for want of threads */
	size_t running;
};

enum http_failure
resolver_failure(int code)
{
	static const struct {
		int code;
		enum http_failure failure;
	} rows[] = {
		{0, HTTP_NO_FAILURE},
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

/* ---- the threads ---- */

static void
lookup_free(struct lookup *lookup)
{
	mem_free(lookup->host);
	mem_free(lookup);
}

/** Whoever is the last to leave clears up. */
static void
leave(struct bench *bench)
{
	struct message *message;

	if (atomic_fetch_sub(&bench->users, 1) != 1)
		return;
	message = mailbox_take_all(bench->answers);
	while (message) {
		struct message *next = message->next;

		lookup_free(CONTAINER_OF(message, struct lookup, message));
		message = next;
	}
	mailbox_free(bench->answers);
	mem_free(bench);
}

static void
keep_address(struct resolver_addresses *addresses, const struct sockaddr *from,
	socklen_t len)
{
	union resolver_address *address;

	if (addresses->count == RESOLVER_ADDRESSES_MAX ||
		len > sizeof(*address) ||
		(from->sa_family != AF_INET && from->sa_family != AF_INET6))
		return;
	address = &addresses->list[addresses->count++];
	memcpy(address, from, len);
}

static int
ask_system(void *context, const char *host, struct resolver_addresses *ret)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	int code = getaddrinfo(host, NULL, &hints, &found);

	(void)context;
	for (struct addrinfo *at = found; at; at = at->ai_next)
		keep_address(ret, at->ai_addr, at->ai_addrlen);
	if (found)
		freeaddrinfo(found);
	return code == 0 && ret->count == 0 ? EAI_NODATA : code;
}

static void *
look_up(void *context)
{
	struct lookup *lookup = context;
	struct bench *bench = lookup->bench;

	thread_name("resolver");
	lookup->code =
		bench->look_up(bench->context, lookup->host, &lookup->found);
	mailbox_post(bench->answers, &lookup->message);
	leave(bench);
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

/* ---- names ---- */

static struct str
key_of(const struct name *name)
{
	return str_make(name->host, name->host_len);
}

static void
unlink_name(struct resolver *resolver, struct name *name)
{
	*(name->older ? &name->older->newer : &resolver->oldest) = name->newer;
	*(name->newer ? &name->newer->older : &resolver->newest) = name->older;
}

static void
link_newest(struct resolver *resolver, struct name *name)
{
	name->older = resolver->newest;
	name->newer = NULL;
	*(resolver->newest ? &resolver->newest->newer : &resolver->oldest) =
		name;
	resolver->newest = name;
}

static void
drop(struct resolver *resolver, struct name *name)
{
	unlink_name(resolver, name);
	map_remove(&resolver->by_host, key_of(name));
	mem_free(name->host);
	mem_free(name);
}

/** Names that are being looked up stay; who asks bounds their number. */
static void
make_room(struct resolver *resolver)
{
	struct name *name = resolver->oldest;

	while (name && resolver->by_host.count >= RESOLVER_NAMES_MAX) {
		struct name *newer = name->newer;

		if (!name->is_looked_up)
			drop(resolver, name);
		name = newer;
	}
}

static struct name *
take_name(struct resolver *resolver, struct str host)
{
	struct name *name = map_get(&resolver->by_host, host);

	if (name) {
		unlink_name(resolver, name);
		link_newest(resolver, name);
		return name;
	}
	make_room(resolver);
	name = MEM_NEW(struct name);
	name->host = mem_alloc(host.len + 1);
	memcpy(name->host, host.ptr, host.len);
	name->host_len = host.len;
	map_put(&resolver->by_host, key_of(name), name);
	link_newest(resolver, name);
	return name;
}

/* ---- looking up ---- */

static void
set_failure(
	struct resolver *resolver, struct name *name, enum http_failure failure)
{
	name->failure = failure;
	name->failed_until = clock_monotonic() + resolver->negative_ttl;
	/* Only a name server that answered can take an address back. */
	if (failure == HTTP_NAME_UNKNOWN)
		name->is_known = false;
}

static void
start_lookup(struct resolver *resolver, struct name *name)
{
	struct lookup *lookup;

	name->is_looked_up = true;
	if (resolver->running == RESOLVER_THREADS_MAX) {
		name->next_queued = NULL;
		*resolver->queued_end = name;
		resolver->queued_end = &name->next_queued;
		return;
	}
	lookup = MEM_NEW(struct lookup);
	lookup->bench = resolver->bench;
	lookup->host = mem_alloc(name->host_len + 1);
	lookup->host_len = name->host_len;
	memcpy(lookup->host, name->host, name->host_len);
	resolver->running++;
	atomic_fetch_add(&resolver->bench->users, 1);
	if (start_thread(lookup))
		return;
	/* Told as any other answer, so that nobody is told too early. */
	lookup->code = EAI_SYSTEM;
	mailbox_post(resolver->bench->answers, &lookup->message);
	atomic_fetch_sub(&resolver->bench->users, 1);
}

static void
start_queued(struct resolver *resolver)
{
	while (resolver->queued && resolver->running < RESOLVER_THREADS_MAX) {
		struct name *name = resolver->queued;

		resolver->queued = name->next_queued;
		if (resolver->queued == NULL)
			resolver->queued_end = &resolver->queued;
		start_lookup(resolver, name);
	}
}

static void
give_addresses(const struct name *name, struct resolver_answer *ret)
{
	*ret = (struct resolver_answer){
		.failure = HTTP_NO_FAILURE, .addresses = &name->addresses};
}

/** What is known may be said, a failure too. False: it has to be asked. */
static bool
answer_kept(const struct resolver *resolver, const struct name *name,
	struct resolver_answer *ret)
{
	int64_t now = clock_monotonic();
	int64_t age = now - name->found_at;

	if (name->is_known && age < resolver->ttl) {
		give_addresses(name, ret);
		return true;
	}
	if (name->failure == HTTP_NO_FAILURE || now >= name->failed_until)
		return false;
	if (name->is_known && age < RESOLVER_STALE_MAX)
		give_addresses(name, ret);
	else
		*ret = (struct resolver_answer){.failure = name->failure};
	return true;
}

bool
resolver_ask(struct resolver *resolver, struct str host,
	struct resolver_wait *wait, struct resolver_answer *ret)
{
	struct name *name = take_name(resolver, host);

	if (answer_kept(resolver, name, ret))
		return true;
	if (!name->is_looked_up)
		start_lookup(resolver, name);
	if (name->is_known &&
		clock_monotonic() - name->found_at < 2 * resolver->ttl) {
		give_addresses(name, ret);
		return true;
	}
	wait->next = name->waiting;
	wait->at = &name->waiting;
	if (wait->next)
		wait->next->at = &wait->next;
	name->waiting = wait;
	return false;
}

void
resolver_cancel(struct resolver_wait *wait)
{
	if (wait->at == NULL)
		return;
	*wait->at = wait->next;
	if (wait->next)
		wait->next->at = wait->at;
	wait->at = NULL;
	wait->next = NULL;
}

static void
tell_all(struct resolver *resolver, struct name *name)
{
	while (name->waiting) {
		struct resolver_wait *wait = name->waiting;
		struct resolver_answer answer;

		resolver_cancel(wait);
		/* However short the times are, it is true for this moment. */
		if (!answer_kept(resolver, name, &answer)) {
			answer = (struct resolver_answer){
				.failure = name->failure};
			if (name->is_known)
				give_addresses(name, &answer);
		}
		wait->done(wait, &answer);
	}
}

static void
take_in(struct resolver *resolver, struct lookup *lookup)
{
	struct name *name = map_get(
		&resolver->by_host, str_make(lookup->host, lookup->host_len));
	enum http_failure failure = resolver_failure(lookup->code);

	resolver->running--;
	name->is_looked_up = false;
	if (failure == HTTP_NO_FAILURE) {
		name->addresses = lookup->found;
		name->is_known = true;
		name->found_at = clock_monotonic();
		name->failure = HTTP_NO_FAILURE;
	} else {
		set_failure(resolver, name, failure);
	}
	/* Who is told may ask for so many names that this one would go. */
	name->is_looked_up = true;
	tell_all(resolver, name);
	name->is_looked_up = false;
}

void
resolver_run(struct resolver *resolver)
{
	struct message *message = mailbox_take_all(resolver->bench->answers);

	while (message) {
		struct message *next = message->next;
		struct lookup *lookup =
			CONTAINER_OF(message, struct lookup, message);

		take_in(resolver, lookup);
		lookup_free(lookup);
		message = next;
	}
	start_queued(resolver);
}

int
resolver_fd(const struct resolver *resolver)
{
	return mailbox_fd(resolver->bench->answers);
}

size_t
resolver_names(const struct resolver *resolver)
{
	return resolver->by_host.count;
}

/* ---- its life ---- */

struct resolver *
resolver_new(const struct resolver_options *options)
{
	static const struct resolver_options defaults = {0};
	struct resolver *resolver = MEM_NEW(struct resolver);
	struct bench *bench = MEM_NEW(struct bench);

	if (options == NULL)
		options = &defaults;
	bench->answers = mailbox_new();
	bench->look_up = options->look_up ? options->look_up : ask_system;
	bench->context = options->context;
	atomic_init(&bench->users, 1);
	resolver->bench = bench;
	resolver->ttl = options->ttl ? options->ttl : DEFAULT_TTL;
	resolver->negative_ttl = options->negative_ttl ? options->negative_ttl
						       : DEFAULT_NEGATIVE_TTL;
	resolver->queued_end = &resolver->queued;
	return resolver;
}

void
resolver_free(struct resolver *resolver)
{
	if (resolver == NULL)
		return;
	while (resolver->oldest)
		drop(resolver, resolver->oldest);
	map_release(&resolver->by_host);
	leave(resolver->bench);
	mem_free(resolver);
}
