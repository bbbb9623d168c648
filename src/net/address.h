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

/*
 * An allow-list that one destination may use besides the policy's own. It
 * opens networks, and names whatever they lead to; but never link-local and
 * metadata addresses, which only the policy's own networks open.
 */
struct address_list {
	const struct address_network *networks;
	size_t network_count;
	/* Lower case; ".example.com" is all names below. */
	const struct str *hosts;
	size_t host_count;
	uint8_t id[32]; /* equal when all that stands above is */
};

struct address_policy {
	struct address_network allowed[ADDRESS_NETWORKS_MAX];
	size_t allowed_count;
	bool allow_http;		 /* plain http:// destinations */
	const struct address_list *list; /* borrowed; NULL: none */
};

/** Reads "10.0.0.0/8", "::1/128", or an address alone (its full length). */
enum err address_network_parse(
	struct str text, struct address_network *ret, struct buf *why) MUST_USE;

/** Whether a connection to this address may be made. */
bool address_is_allowed(
	const struct address_policy *policy, const struct sockaddr *address);

/** The same for an address that a name was found to have. */
bool address_is_allowed_for(const struct address_policy *policy,
	struct str host, const struct sockaddr *address);

/** Whether a host (lower case) is one of these, as in address_list.hosts. */
bool address_host_is_listed(
	const struct str *hosts, size_t count, struct str host);

/** Whether a literal address, as text, lies in the network. */
bool address_network_holds(
	const struct address_network *network, struct str address);

/** Why not, as a word for people: "loopback", "private", …; NULL if public. */
const char *address_class(const struct sockaddr *address);

/** Appends the address without its port. */
void address_append(struct buf *out, const struct sockaddr *address);
