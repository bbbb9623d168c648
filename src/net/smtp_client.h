#pragma once
#include "base/arena.h"
#include "net/address.h"

/*
 * Sends a mail by SMTP (RFC 5321), through libcurl. Every address is vetted
 * against the policy at the moment of connecting, as the HTTP client does; TLS
 * is verified, and a password is sent over TLS only. One connection a mail;
 * blocks; any thread.
 */
enum smtp_security {
	SMTP_STARTTLS, /* begins in the clear and must change to TLS */
	SMTP_TLS,      /* from the first byte */
	SMTP_PLAIN,    /* in the clear; without a password */
};

struct smtp_server {
	struct str host; /* a name or an address */
	uint16_t port;	 /* 0: 587, 465 or 25 by security */
	enum smtp_security security;
	struct str username; /* empty: no authentication */
	struct str password;
	const struct address_policy *policy;
	const char *ca_file; /* NULL: the system's */
	int64_t timeout;     /* all of it, microseconds */
	/* Asked about once a second, true ends it; may be NULL. */
	bool (*must_stop)(void *context);
	void *context;
};

struct smtp_mail {
	struct str from;      /* addresses without names and brackets */
	const struct str *to; /* all recipients; one refused: none gets it */
	size_t to_count;
	struct str message; /* header and body, lines ended by CR LF */
};

enum smtp_outcome {
	SMTP_SENT,
	SMTP_REFUSED,	    /* for good (5yz) */
	SMTP_LATER,	    /* for now (4yz) */
	SMTP_DENIED,	    /* name or password */
	SMTP_MISCONFIGURED, /* not a host, no TLS offered, password in the
			       clear, address not allowed */
	SMTP_UNREACHABLE,   /* no connection, no such name, TLS failed, cut */
	SMTP_TIMED_OUT,
	SMTP_STOPPED,
};

struct smtp_answer {	 /* in the arena given */
	int code;	 /* the last reply's, 0: none */
	struct str said; /* one sentence when it was not sent */
};

enum smtp_outcome smtp_send(const struct smtp_server *server,
	const struct smtp_mail *mail, struct arena *arena,
	struct smtp_answer *ret) MUST_USE;
