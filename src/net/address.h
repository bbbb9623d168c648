#pragma once
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/buf.h"

/*
 * Which addresses the program may connect to. By default only public ones:
 * loopback, private, link-local, shared (CGNAT), multicast, documentation,
 * benchmarking, reserved, unspecified and metadata addresses are refused, and
 * so are IPv6 forms that carry such an IPv4 address inside (mapped,
 * compatible, 6to4, Teredo, NAT64). An allow-list of networks opens holes.
 */
struct address_network {
	uint8_t bytes[16]; /* IPv4 as mapped, ::ffff:a.b.c.d */
	unsigned prefix;   /* in bits of those 128 */
};

enum { ADDRESS_NETWORKS_MAX = 64 };

struct address_policy {
	struct address_network allowed[ADDRESS_NETWORKS_MAX];
	size_t allowed_count;
	bool allow_http; /* plain http:// destinations */
};

/** Reads "10.0.0.0/8", "::1/128", or an address alone (its full length). */
enum err address_network_parse(
	struct str text, struct address_network *ret, struct buf *why) MUST_USE;

/** Whether a connection to this address may be made. */
bool address_is_allowed(
	const struct address_policy *policy, const struct sockaddr *address);

/** Why not, as a word for people: "loopback", "private", …; NULL if public. */
const char *address_class(const struct sockaddr *address);

/** Appends the address without its port. */
void address_append(struct buf *out, const struct sockaddr *address);
