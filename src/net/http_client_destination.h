#pragma once
#include <curl/curl.h>

#include "base/arena.h"
#include "base/map.h"
#include "net/url.h"

/*
 * URLs that were read and found usable, for http_client.c only; one thread.
 * The same few are used again and again, and libcurl takes a parsed one, so
 * each is read once. Those not in use are kept up to HTTP_DESTINATIONS_IDLE,
 * the one unused for longest goes first.
 */
struct http_destination {
	struct arena arena; /* holds what `text` and `url` point to */
	struct str text;    /* as given */
	struct url url;
	CURLU *curl;
	bool is_literal; /* the host is an address, not a name */
	bool is_direct;	 /* no_proxy excepts it */
	size_t users;
	struct http_destination *older; /* while not in use */
	struct http_destination *newer;
};

enum { HTTP_DESTINATIONS_IDLE = 1024 };

struct http_destinations {
	const struct address_policy *policy;
	const struct str *no_proxy;
	size_t no_proxy_count;
	struct map by_text;
	struct http_destination *oldest;
	struct http_destination *newest;
	size_t idle_count;
};

/** All must have been released before. */
void http_destinations_release(struct http_destinations *destinations);

/** Errors and `why` as url_parse_destination(). */
enum err http_destination_take(struct http_destinations *destinations,
	struct str text, struct http_destination **ret, struct buf *why)
	MUST_USE;

/** One for each take. */
void http_destination_give_back(struct http_destinations *destinations,
	struct http_destination *destination);
