/* The half of http_client_exchange.h that finds addresses. */
#include "base/clock.h"
#include "net/http_client_exchange.h"

bool
http_exchange_next_host(struct http_exchange *exchange, struct str *ret)
{
	if (exchange->is_target_found || exchange->destination->is_literal)
		return false;
	*ret = exchange->destination->url.host;
	return true;
}

static enum http_failure
fail(struct http_exchange *exchange, struct str host, enum http_failure failure)
{
	static const char *const reasons[HTTP_ABORTED + 1] = {
		[HTTP_NAME_UNKNOWN] = "there is no such name",
		[HTTP_DNS_DOWN] = "the name server did not answer",
		[HTTP_OUR_FAULT] = "this machine could not look it up",
	};

	buf_printf(&exchange->why, "host \"%.*s\": %s", STR_ARG(host),
		reasons[failure]);
	return failure;
}

void
http_exchange_refuse(
	struct http_exchange *exchange, const struct sockaddr *address)
{
	const char *class = address_class(address);

	buf_clear(&exchange->why);
	buf_printf(&exchange->why, "host \"%.*s\" is at ",
		STR_ARG(exchange->destination->url.host));
	address_append(&exchange->why, address);
	buf_printf(&exchange->why, " (%s): not on the allow-list",
		class ? class : "public");
}

/** Leaves only those that may be connected to; false: there is none. */
static bool
vet(struct http_exchange *exchange, const struct resolver_addresses *all,
	struct resolver_addresses *ret)
{
	ret->count = 0;
	for (size_t i = 0; i < all->count; i++) {
		const union resolver_address *address = &all->list[i];

		if (address_is_allowed(exchange->policy, &address->any))
			ret->list[ret->count++] = *address;
		else if (exchange->why.len == 0)
			http_exchange_refuse(exchange, &address->any);
	}
	return ret->count > 0;
}

/**
 * "+host:port:address,address": what libcurl takes instead of looking up
 * itself. The '+' lets it forget, since it is told anew for each request.
 */
static void
tell_libcurl(struct http_exchange *exchange, struct str host, uint16_t port,
	const struct resolver_addresses *addresses)
{
	CLEANUP(buf_release) struct buf line = buf_make(2048);
	struct curl_slist *node =
		ARENA_NEW(&exchange->arena, struct curl_slist);

	buf_printf(&line, "+%.*s:%u:", STR_ARG(host), (unsigned)port);
	for (size_t i = 0; i < addresses->count; i++) {
		const struct sockaddr *address = &addresses->list[i].any;
		bool is_v6 = address->sa_family == AF_INET6;

		buf_append(&line, i ? STR(",") : STR(""));
		buf_append(&line, is_v6 ? STR("[") : STR(""));
		address_append(&line, address);
		buf_append(&line, is_v6 ? STR("]") : STR(""));
	}
	node->data = arena_alloc_raw(&exchange->arena, line.len + 1);
	memcpy(node->data, buf_text(&line), line.len + 1);
	node->next = exchange->addresses;
	exchange->addresses = node;
}

enum http_failure
http_exchange_found(
	struct http_exchange *exchange, const struct resolver_answer *answer)
{
	const struct url *url = &exchange->destination->url;
	struct resolver_addresses vetted;

	exchange->waited = clock_monotonic() - exchange->began;
	if (answer->failure != HTTP_NO_FAILURE)
		return fail(exchange, url->host, answer->failure);
	if (!vet(exchange, answer->addresses, &vetted))
		return HTTP_NOT_ALLOWED;
	tell_libcurl(exchange, url->host, url->port, &vetted);
	exchange->is_target_found = true;
	return HTTP_NO_FAILURE;
}
