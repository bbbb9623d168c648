#pragma once
#include "net/http_client.h"
#include "net/http_client_destination.h"
#include "net/http_client_tls.h"

/*
 * What requests of one way share, for http_client.c only: the policy, TLS, the
 * proxy, and the connections. A connection is vetted and proven when it is
 * made, so it may be used again only by requests for which the same would
 * have been asked: those of the same way and the same allow-list. libcurl is
 * told by a CURLSH for each pool.
 *
 * Requests without either are the plain pool's, which is libcurl's own. Pools
 * not in use are kept up to HTTP_POOLS_IDLE, the one unused for longest goes
 * first.
 */
enum { HTTP_POOLS_IDLE = 256 };

struct http_proxy_way {
	struct url url;
	struct str username, password; /* NUL-terminated */
	bool is_literal;	       /* its host is an address */
	bool is_vetted;		       /* by the policy, as destinations are */
	bool is_looking_up;
};

struct http_exchange;

struct http_pool {
	struct arena arena;
	struct str key; /* empty: the plain one */
	const struct address_policy *policy;
	struct address_policy own_policy; /* with a list */
	struct address_list list;
	struct http_destinations destinations;
	CURLSH *share;			    /* NULL: libcurl's own */
	struct http_tls_context *tls;	    /* NULL: nothing of its own */
	long tls_minimum;		    /* CURL_SSLVERSION_… */
	const struct http_proxy_way *proxy; /* NULL: none */
	struct http_exchange *idle;	    /* a stack, the client's */
	size_t idle_count;
	size_t users;
	struct http_pool *older; /* while not in use */
	struct http_pool *newer;
};

struct http_pools {
	const struct http_client_options *options; /* borrowed */
	struct arena arena;
	struct http_pool plain;
	struct http_proxy_way *proxy;	  /* the common one, or NULL */
	struct certificates *authorities; /* the client's, once needed */
	struct map by_key;
	struct http_pool *oldest;
	struct http_pool *newest;
	size_t idle_count;
	/* Frees what stands in `idle` of a pool that goes. */
	void (*release)(struct http_pool *pool);
};

/** `options` stay; a common proxy must have been read by http_proxy_read(). */
void http_pools_init(struct http_pools *pools,
	const struct http_client_options *options,
	void (*release)(struct http_pool *pool));

/** None may be in use. */
void http_pools_release(struct http_pools *pools);

/** Any may be NULL. A failure with a sentence, or none. */
enum http_failure http_pools_take(struct http_pools *pools,
	const struct http_way *way, const struct address_list *list,
	struct http_pool **ret, struct buf *why);

/** One for each take. */
void http_pools_give_back(struct http_pools *pools, struct http_pool *pool);
