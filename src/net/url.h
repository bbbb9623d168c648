#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "net/address.h"

/*
 * Destination URLs (RFC 3986, read by libcurl's URL parser so that what is
 * checked is what is used).
 */
struct url {
	struct str scheme; /* lower case */
	struct str host;   /* lower case, brackets of IPv6 kept off */
	uint16_t port;	   /* the scheme's own if none was written */
	struct str path;   /* at least "/" */
	struct str query;  /* without '?', may be empty */
	struct str origin; /* scheme://host:port, for pooling and logs */
};

enum { URL_LEN_MAX = 2048 };

/**
 * Reads an absolute http or https URL. ERR_INVALID (no such URL, user info in
 * it, fragment, control characters, over URL_LEN_MAX) or ERR_DENIED (http
 * without allow_http; a literal address that the policy refuses), with why.
 * Names are not resolved here: that happens when connecting.
 */
enum err url_parse_destination(struct str text,
	const struct address_policy *policy, struct arena *arena,
	struct url *ret, struct buf *why) MUST_USE;

/** Whether the host of a struct url is an address, and not a name. */
bool url_host_is_address(struct str host);
