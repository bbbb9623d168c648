#pragma once
#include <netinet/in.h>
#include <sys/socket.h>

#include "rule/retry.h"

/*
 * Names to addresses, without blocking. Each name is looked up on a thread of
 * its own, RESOLVER_THREADS_MAX at once, and the answer is kept for a time:
 * the system's resolver does not tell a record's own TTL, so one time holds
 * for all names. Nothing is vetted here: that is for whoever connects.
 *
 *   age of an answer   what is asked for it gets
 *   up to ttl          the answer
 *   up to twice ttl    the answer, and it is looked up again behind it
 *   beyond             waits for a fresh one; where the name server does not
 *                      answer, the old one up to RESOLVER_STALE_MAX
 *
 * That there is no such name, or no answer, is kept for negative_ttl. At most
 * RESOLVER_NAMES_MAX names are kept; the one asked for least recently goes
 * first.
 *
 * A resolver belongs to one thread.
 */
struct resolver;

enum {
	RESOLVER_ADDRESSES_MAX = 16, /* of a name; further ones are left out */
	RESOLVER_NAMES_MAX = 4096,
	RESOLVER_THREADS_MAX = 32,
};

#define RESOLVER_STALE_MAX (60 * MINUTES)

union resolver_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct resolver_addresses {
	union resolver_address list[RESOLVER_ADDRESSES_MAX]; /* port 0 */
	size_t count;
};

struct resolver_options {
	/* Blocks; called from any thread, several at once. Returns what
	   getaddrinfo() does. NULL: the system's. */
	int (*look_up)(void *context, const char *host,
		struct resolver_addresses *ret);
	void *context;
	int64_t ttl;	      /* microseconds; 0: 60 s */
	int64_t negative_ttl; /* 0: 5 s */
};

/** Borrowed until the next call of the resolver. */
struct resolver_answer {
	enum http_failure failure; /* none, NAME_UNKNOWN, DNS_DOWN, OUR_FAULT */
	const struct resolver_addresses *addresses; /* NULL with a failure */
};

/** Embedded by who asks; zeroed, with `done` set. */
struct resolver_wait {
	struct resolver_wait *next;
	struct resolver_wait **at; /* while waiting */
	/* Inside resolver_run(), once. */
	void (*done)(struct resolver_wait *wait,
		const struct resolver_answer *answer);
};

/** NULL: all defaults. */
struct resolver *resolver_new(const struct resolver_options *options);

/**
 * Who waits is not told. Does not wait for name servers: threads still at it
 * clean up after themselves.
 */
void resolver_free(struct resolver *resolver);

/**
 * True: the answer is there. False: `wait` is told by resolver_run(), unless
 * it is cancelled before.
 */
bool resolver_ask(struct resolver *resolver, struct str host,
	struct resolver_wait *wait, struct resolver_answer *ret) MUST_USE;

/** Harmless for what does not wait. */
void resolver_cancel(struct resolver_wait *wait);

/** Readable when resolver_run() has something to tell. */
int resolver_fd(const struct resolver *resolver);

/** Takes what was found in, and tells those who wait for it. */
void resolver_run(struct resolver *resolver);

/** Names kept. */
size_t resolver_names(const struct resolver *resolver);

/** What a result of getaddrinfo() says. Pure. */
enum http_failure resolver_failure(int code);
