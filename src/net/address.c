#include "net/address.h"

#include <arpa/inet.h>

/*
 * Every address is judged as 128 bits, IPv4 as ::ffff:a.b.c.d, so that one
 * table and one comparison serve both families.
 */
struct bits {
	uint8_t byte[16];
};

#define V4(a, b, c, d) \
	{ \
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d \
	}
/* The first three and the last group of an IPv6 address. */
#define V6(a, b, c, last) \
	{ \
		(a) >> 8, (a)&0xff, (b) >> 8, (b)&0xff, (c) >> 8, (c)&0xff, 0, \
			0, 0, 0, 0, 0, 0, 0, (last) >> 8, (last)&0xff \
	}

struct range {
	uint8_t network[16];
	unsigned prefix;
	const char *class; /* NULL: public after all */
};

/*
 * The IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890 and
 * successors) with what is not globally reachable, and the addresses at which
 * clouds serve metadata. The first row that holds an address decides, so the
 * more specific come first.
 */
static const struct range ranges[] = {
	{V4(0, 0, 0, 0), 128, "unspecified"},
	{V4(0, 0, 0, 0), 96 + 8, "reserved"}, /* this network */
	{V4(10, 0, 0, 0), 96 + 8, "private"},
	{V4(100, 100, 100, 200), 128, "metadata"}, /* Alibaba */
	{V4(100, 64, 0, 0), 96 + 10, "shared"},
	{V4(127, 0, 0, 0), 96 + 8, "loopback"},
	{V4(168, 63, 129, 16), 128, "metadata"},   /* Azure */
	{V4(169, 254, 169, 254), 128, "metadata"}, /* AWS, GCP, Azure, … */
	{V4(169, 254, 170, 2), 128, "metadata"},   /* AWS ECS */
	{V4(169, 254, 170, 23), 128, "metadata"},  /* AWS EKS */
	{V4(169, 254, 0, 0), 96 + 16, "link-local"},
	{V4(172, 16, 0, 0), 96 + 12, "private"},
	{V4(192, 0, 0, 192), 128, "metadata"}, /* Oracle */
	{V4(192, 0, 0, 0), 96 + 24, "reserved"},
	{V4(192, 0, 2, 0), 96 + 24, "documentation"},
	{V4(192, 88, 99, 0), 96 + 24, "reserved"}, /* 6to4 relays */
	{V4(192, 168, 0, 0), 96 + 16, "private"},
	{V4(198, 18, 0, 0), 96 + 15, "benchmarking"},
	{V4(198, 51, 100, 0), 96 + 24, "documentation"},
	{V4(203, 0, 113, 0), 96 + 24, "documentation"},
	{V4(233, 252, 0, 0), 96 + 24, "documentation"},
	{V4(224, 0, 0, 0), 96 + 4, "multicast"},
	{V4(255, 255, 255, 255), 128, "broadcast"},
	{V4(240, 0, 0, 0), 96 + 4, "reserved"},
	{V4(0, 0, 0, 0), 96, NULL},
	{V6(0, 0, 0, 0), 128, "unspecified"},
	{V6(0, 0, 0, 1), 128, "loopback"},
	{V6(0x100, 0, 0, 0), 64, "discard"},
	/* Of the IETF's own assignments a few are reachable. */
	{V6(0x2001, 0, 0, 0), 32, NULL}, /* Teredo, see carriers */
	{V6(0x2001, 1, 0, 1), 128, NULL},
	{V6(0x2001, 1, 0, 2), 128, NULL},
	{V6(0x2001, 1, 0, 3), 128, NULL},
	{V6(0x2001, 2, 0, 0), 48, "benchmarking"},
	{V6(0x2001, 3, 0, 0), 32, NULL},
	{V6(0x2001, 4, 0x112, 0), 48, NULL},
	{V6(0x2001, 0, 0, 0), 23, "reserved"},
	{V6(0x2001, 0xdb8, 0, 0), 32, "documentation"},
	{V6(0x3fff, 0, 0, 0), 20, "documentation"},
	{V6(0x2000, 0, 0, 0), 3, NULL},			/* global unicast */
	{V6(0xfd00, 0xec2, 0, 0x254), 128, "metadata"}, /* AWS */
	{V6(0xfd00, 0xec2, 0, 0x23), 128, "metadata"},	/* AWS EKS */
	{V6(0xfd20, 0xce, 0, 0x254), 128, "metadata"},	/* GCP */
	{V6(0xfc00, 0, 0, 0), 7, "private"},
	{V6(0xfe80, 0, 0, 0), 10, "link-local"},
	{V6(0xfec0, 0, 0, 0), 10, "private"}, /* site-local, RFC 3879 */
	{V6(0xff00, 0, 0, 0), 8, "multicast"},
};

/* IPv6 addresses that carry an IPv4 address and lead to it. */
struct carrier {
	uint8_t network[16];
	unsigned prefix;
	size_t at;	 /* of the IPv4 address's first byte */
	uint8_t flipped; /* bits the IPv4 address was xored with */
	bool is_public;	 /* when the inner address is */
};

static const struct carrier carriers[] = {
	/* IPv4-compatible, RFC 4291 §2.5.5.1 */
	{V6(0, 0, 0, 0), 96, 12, 0, true},
	/* NAT64, RFC 6052 §2.1 */
	{V6(0x64, 0xff9b, 0, 0), 96, 12, 0, true},
	/* NAT64 of local use, RFC 8215. Its operator chooses where inside the
	   address the IPv4 address stands, so none makes it public. */
	{V6(0x64, 0xff9b, 1, 0), 48, 12, 0, false},
	/* 6to4, RFC 3056 §2 */
	{V6(0x2002, 0, 0, 0), 16, 2, 0, true},
	/* Teredo, RFC 4380 §4: the server, then the client, obfuscated */
	{V6(0x2001, 0, 0, 0), 32, 4, 0, true},
	{V6(0x2001, 0, 0, 0), 32, 12, 0xff, true},
};

static bool
lies_in(const struct bits *address, const uint8_t *network, unsigned prefix)
{
	size_t whole = prefix / 8;
	unsigned rest = prefix % 8;

	if (memcmp(address->byte, network, whole) != 0)
		return false;
	return rest == 0 ||
	       (address->byte[whole] ^ network[whole]) >> (8 - rest) == 0;
}

static struct bits
bits_of_v4(const uint8_t *four, uint8_t flipped)
{
	struct bits bits = {V4(0, 0, 0, 0)};

	for (size_t i = 0; i < 4; i++)
		bits.byte[12 + i] = four[i] ^ flipped;
	return bits;
}

static bool
bits_are_v4(const struct bits *bits)
{
	static const uint8_t mapped[16] = V4(0, 0, 0, 0);

	return lies_in(bits, mapped, 96);
}

/** False when it is no internet address. */
static bool
bits_of_sockaddr(const struct sockaddr *address, struct bits *ret)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (address->sa_family == AF_INET) {
		memcpy(&v4, address, sizeof(v4));
		*ret = bits_of_v4((const uint8_t *)&v4.sin_addr, 0);
		return true;
	}
	if (address->sa_family == AF_INET6) {
		memcpy(&v6, address, sizeof(v6));
		memcpy(ret->byte, &v6.sin6_addr, sizeof(ret->byte));
		return true;
	}
	return false;
}

/** The class by the table alone; what no row holds is reserved. */
static const char *
class_by_range(const struct bits *bits)
{
	for (size_t i = 0; i < COUNT_OF(ranges); i++) {
		if (lies_in(bits, ranges[i].network, ranges[i].prefix))
			return ranges[i].class;
	}
	return "reserved";
}

static bool
is_in(const struct address_network *network, const struct bits *bits)
{
	struct bits start;

	memcpy(start.byte, network->bytes, sizeof(start.byte));
	/* "::/0" speaks of IPv6 only. */
	if (bits_are_v4(bits) && (network->prefix < 96 || !bits_are_v4(&start)))
		return false;
	return lies_in(bits, network->bytes, network->prefix);
}

/** `list` may be NULL, and so may `policy`. */
static bool
is_listed(const struct address_policy *policy, const struct address_list *list,
	const struct bits *bits)
{
	for (size_t i = 0; policy && i < policy->allowed_count; i++) {
		if (is_in(&policy->allowed[i], bits))
			return true;
	}
	for (size_t i = 0; list && i < list->network_count; i++) {
		if (is_in(&list->networks[i], bits))
			return true;
	}
	return false;
}

/**
 * The class of what the policy does not open, NULL when all is well. A
 * carrier's own bits decide only when no inner address was found wanting.
 */
static const char *
class_left(const struct address_policy *policy, const struct address_list *list,
	const struct bits *bits)
{
	const char *class = class_by_range(bits);
	bool is_carrier = false;

	if (class == NULL && bits_are_v4(bits))
		return NULL;
	if (is_listed(policy, list, bits))
		return NULL;
	/* :: and ::1 have rows of their own and carry nothing. */
	if (class != NULL && strcmp(class, "reserved") != 0)
		return class;
	for (size_t i = 0; i < COUNT_OF(carriers); i++) {
		const struct carrier *carrier = &carriers[i];
		struct bits inner;
		const char *inner_class;

		if (!lies_in(bits, carrier->network, carrier->prefix))
			continue;
		inner = bits_of_v4(bits->byte + carrier->at, carrier->flipped);
		inner_class = class_by_range(&inner);
		if (inner_class && !is_listed(policy, list, &inner))
			return inner_class;
		is_carrier = carrier->is_public;
	}
	return is_carrier ? NULL : class;
}

/** What no allow-list of a workspace opens. */
static bool
is_beyond_lists(const struct bits *bits)
{
	const char *class = class_left(NULL, NULL, bits);

	return class &&
	       (!strcmp(class, "metadata") || !strcmp(class, "link-local"));
}

bool
address_is_allowed(
	const struct address_policy *policy, const struct sockaddr *address)
{
	struct bits bits;

	if (!bits_of_sockaddr(address, &bits))
		return false;
	if (class_left(policy, NULL, &bits) == NULL)
		return true;
	return policy->list && !is_beyond_lists(&bits) &&
	       class_left(policy, policy->list, &bits) == NULL;
}

bool
address_is_allowed_for(const struct address_policy *policy, struct str host,
	const struct sockaddr *address)
{
	const struct address_list *list = policy->list;
	struct bits bits;

	if (address_is_allowed(policy, address))
		return true;
	return list && bits_of_sockaddr(address, &bits) &&
	       !is_beyond_lists(&bits) &&
	       address_host_is_listed(list->hosts, list->host_count, host);
}

bool
address_host_is_listed(const struct str *hosts, size_t count, struct str host)
{
	if (str_ends_with(host, STR(".")))
		host.len--;
	for (size_t i = 0; i < count; i++) {
		bool is_below = hosts[i].len > 0 && hosts[i].ptr[0] == '.';

		if (is_below ? str_ends_with(host, hosts[i])
			     : str_equal(host, hosts[i]))
			return true;
	}
	return false;
}

const char *
address_class(const struct sockaddr *address)
{
	struct bits bits;

	if (!bits_of_sockaddr(address, &bits))
		return "unknown";
	return class_left(NULL, NULL, &bits);
}

void
address_append(struct buf *out, const struct sockaddr *address)
{
	char text[INET6_ADDRSTRLEN];
	struct bits bits;
	bool is_v4 = address->sa_family == AF_INET;

	if (!bits_of_sockaddr(address, &bits) ||
		inet_ntop(is_v4 ? AF_INET : AF_INET6,
			is_v4 ? bits.byte + 12 : bits.byte, text,
			sizeof(text)) == NULL) {
		buf_append(out, STR("no internet address"));
		return;
	}
	buf_append(out, str_of(text));
}

/** The address before the '/'; `*width` is its family's length in bits. */
static enum err
parse_address(struct str text, struct bits *ret, unsigned *width)
{
	char copy[INET6_ADDRSTRLEN];
	uint8_t four[4];

	if (text.len >= sizeof(copy) || text.len == 0 ||
		str_find_char(text, '\0') != SIZE_MAX)
		return ERR_INVALID;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET, copy, four) == 1) {
		*ret = bits_of_v4(four, 0);
		*width = 32;
		return ERR_OK;
	}
	if (inet_pton(AF_INET6, copy, ret->byte) == 1) {
		*width = 128;
		return ERR_OK;
	}
	return ERR_INVALID;
}

bool
address_network_holds(const struct address_network *network, struct str address)
{
	struct bits bits;
	unsigned width;

	return parse_address(address, &bits, &width) == ERR_OK &&
	       is_in(network, &bits);
}

static bool
has_bits_beyond(const struct bits *bits, unsigned prefix)
{
	for (unsigned i = prefix; i < 128; i++) {
		if (bits->byte[i / 8] & 0x80 >> i % 8)
			return true;
	}
	return false;
}

enum err
address_network_parse(
	struct str text, struct address_network *ret, struct buf *why)
{
	struct str rest = text;
	struct str address = str_split(&rest, '/');
	struct bits bits;
	uint64_t prefix;
	unsigned width;

	if (parse_address(address, &bits, &width) != ERR_OK) {
		buf_printf(why,
			"\"%.*s\" is not a network: expected an IPv4 or IPv6 "
			"address, and a prefix length after '/'",
			STR_ARG(str_head(text, 64)));
		return ERR_INVALID;
	}
	prefix = width;
	if (rest.ptr != NULL &&
		(rest.len > 3 || str_to_u64(rest, &prefix) != ERR_OK ||
			prefix > width)) {
		buf_printf(why,
			"\"%.*s\": expected a prefix length from 0 to %u "
			"after '/'",
			STR_ARG(str_head(text, 64)), width);
		return ERR_INVALID;
	}
	prefix += 128 - width;
	if (has_bits_beyond(&bits, (unsigned)prefix)) {
		buf_printf(why,
			"\"%.*s\" has bits set beyond its prefix length: "
			"expected the network's first address",
			STR_ARG(str_head(text, 64)));
		return ERR_INVALID;
	}
	memcpy(ret->bytes, bits.byte, sizeof(ret->bytes));
	ret->prefix = (unsigned)prefix;
	return ERR_OK;
}
