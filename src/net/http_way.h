#pragma once
#include "base/arena.h"
#include "net/url.h"

/*
 * What it takes to reach a destination beyond a plain connection: TLS of its
 * own, and a proxy. Texts are borrowed by whoever passes a way on.
 */
enum http_tls_version { HTTP_TLS_1_2, HTTP_TLS_1_3 };

struct http_tls {
	enum http_tls_version minimum;
	struct str authorities; /* PEM; besides the client's; empty: none */
	struct str certificate; /* PEM, ours first, then its chain; empty */
	struct str key;		/* PEM, of the certificate */
};

/*
 * A proxy is asked by CONNECT (RFC 9110 §9.3.6) for http:// destinations as
 * well. Who looks the destination's name up:
 *
 *   the hub    as ever: the addresses are vetted, and the proxy is asked for
 *              a vetted one, so that nobody can exchange it on the way
 *   the proxy  is asked for the name, for proxies that refuse addresses and
 *              for networks without DNS. The hub looks the name up as well,
 *              and refuses it when any address it finds is not allowed; what
 *              the proxy finds later is the proxy's to judge
 */
struct http_proxy {
	struct str url; /* "http://host:port"; empty: none */
	struct str username;
	struct str password;
	bool is_looking_up; /* the proxy looks names up */
};

enum http_proxy_use {
	HTTP_PROXY_COMMON, /* the client's, unless no_proxy excepts the host */
	HTTP_PROXY_NONE,
	HTTP_PROXY_OWN,
};

struct http_way {
	struct http_tls tls;
	enum http_proxy_use proxy_use;
	struct http_proxy proxy; /* with HTTP_PROXY_OWN */
	uint8_t id[32];		 /* by http_way_identify() */
};

/** Whether it differs from no way at all. */
bool http_way_is_needed(const struct http_way *way);

/** Sets the id, which is equal when all the rest is. */
void http_way_identify(struct http_way *way);

/**
 * Reads a proxy's URL: http, a host, a port, nothing else. With a policy a
 * literal address is vetted (ERR_DENIED); NULL: any may be used.
 */
enum err http_proxy_read(struct str text, const struct address_policy *policy,
	struct arena *arena, struct url *ret, struct buf *why) MUST_USE;

/**
 * Whether an entry of no_proxy excepts a host: "*" is all, a network or an
 * address excepts literal addresses in it, and a name (with or without a dot
 * before it) itself and all names below.
 */
bool http_no_proxy_holds(struct str entry, struct str host);
