#pragma once
#include "rule/value.h"

/*
 * Cookies of one run (RFC 6265): what answers set, and where it is sent. A
 * domain must hold the host that set it, and have a dot in it: there is no
 * list of public suffixes here, but a jar does not outlive its run. Its run's
 * thread only.
 */
struct cookies;

enum {
	COOKIES_MAX = 100,	/* the oldest goes first */
	COOKIE_TEXT_MAX = 4096, /* bytes of a Set-Cookie; longer is passed over
				 */
};

struct cookie {
	struct str name;
	struct str value;
	struct str domain;  /* in lower case */
	struct str path;    /* begins with '/' */
	bool is_for_host;   /* for that host only, not for those below it */
	bool is_for_secure; /* https only */
	int64_t expires;    /* microseconds since 1970; INT64_MAX: never */
};

/**
 * The value of a Set-Cookie header (§5.2, §5.3) from this address. ERR_INVALID
 * when it is none, or not this host's to set. Points into what it was given or
 * into `arena`. Pure.
 */
enum err cookie_read(struct str line, struct str url, int64_t now,
	struct arena *arena, struct cookie *ret) MUST_USE;

/** As a bundle keeps it, for a run that goes on elsewhere; and back again. */
struct value cookie_to_value(const struct cookie *cookie, struct arena *arena);
enum err cookie_from_value(
	struct value value, struct arena *arena, struct cookie *ret) MUST_USE;

struct cookies *cookies_new(void);
/** NULL is harmless. */
void cookies_free(struct cookies *cookies);

/** In the place of the one with its name, domain and path; copied. */
void cookies_set(struct cookies *cookies, const struct cookie *cookie);

/**
 * What is sent to an address (§5.4): "a=1; b=2", longer paths first; empty:
 * nothing.
 */
struct str cookies_for(const struct cookies *cookies, struct str url,
	int64_t now, struct arena *arena);
