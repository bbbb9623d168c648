/* The half of http_client_exchange.h that finds addresses and vets them. */
#include "base/clock.h"
#include "net/http_client_exchange.h"

const struct http_proxy_way *
http_exchange_proxy(const struct http_exchange *exchange)
{
	return exchange->destination->is_direct ? NULL : exchange->pool->proxy;
}

bool
http_exchange_next_host(struct http_exchange *exchange, struct str *ret)
{
	const struct http_proxy_way *proxy = http_exchange_proxy(exchange);

	if (!exchange->is_target_found && !exchange->destination->is_literal) {
		*ret = exchange->destination->url.host;
		return true;
	}
	if (proxy && !exchange->is_proxy_found && !proxy->is_literal) {
		*ret = proxy->url.host;
		return true;
	}
	return false;
}

/** Whether it is the proxy's address that is asked for now. */
static bool
is_for_proxy(const struct http_exchange *exchange)
{
	return exchange->is_target_found || exchange->destination->is_literal;
}

static enum http_failure
fail(struct http_exchange *exchange, enum http_failure failure,
	const char *reason)
{
	bool is_proxy = is_for_proxy(exchange);

	buf_clear(&exchange->why);
	buf_printf(&exchange->why, "%s \"%.*s\": %s",
		is_proxy ? "proxy" : "host",
		STR_ARG(is_proxy ? exchange->pool->proxy->url.host
				 : exchange->destination->url.host),
		reason);
	return is_proxy ? HTTP_PROXY_DOWN : failure;
}

static enum http_failure
fail_by(struct http_exchange *exchange, enum http_failure failure)
{
	static const char *const reasons[HTTP_ABORTED + 1] = {
		[HTTP_NAME_UNKNOWN] = "there is no such name",
		[HTTP_DNS_DOWN] = "the name server did not answer",
		[HTTP_OUR_FAULT] = "this machine could not look it up",
	};

	return fail(exchange, failure, reasons[failure]);
}

enum http_failure
http_exchange_not_found(struct http_exchange *exchange)
{
	exchange->waited = clock_monotonic() - exchange->began;
	return fail(exchange, HTTP_DNS_DOWN,
		"the name server did not answer in time");
}

/* ---- vetting ---- */

static bool
is_allowed(const struct http_exchange *exchange, struct str host,
	const struct sockaddr *address)
{
	return address_is_allowed_for(exchange->pool->policy, host, address);
}

static void
refuse(struct http_exchange *exchange, const char *what, struct str host,
	const struct sockaddr *address)
{
	const char *class = address_class(address);

	buf_clear(&exchange->why);
	buf_printf(&exchange->why, "%s \"%.*s\" is at ", what, STR_ARG(host));
	address_append(&exchange->why, address);
	buf_printf(&exchange->why, " (%s): not on the allow-list",
		class ? class : "public");
}

bool
http_exchange_may_connect(
	struct http_exchange *exchange, const struct sockaddr *address)
{
	const struct http_proxy_way *proxy = http_exchange_proxy(exchange);
	struct str host =
		proxy ? proxy->url.host : exchange->destination->url.host;

	if ((proxy && !proxy->is_vetted) || is_allowed(exchange, host, address))
		return true;
	refuse(exchange, proxy ? "proxy" : "host", host, address);
	return false;
}

/**
 * Leaves only those that may be connected to. False, with a sentence, when
 * there is none, or when all must be and one is not.
 */
static bool
vet(struct http_exchange *exchange, const struct resolver_addresses *all,
	bool all_must_be, struct resolver_addresses *ret)
{
	struct str host = exchange->destination->url.host;

	ret->count = 0;
	buf_clear(&exchange->why);
	for (size_t i = 0; i < all->count; i++) {
		const union resolver_address *address = &all->list[i];

		if (is_allowed(exchange, host, &address->any))
			ret->list[ret->count++] = *address;
		else if (exchange->why.len == 0)
			refuse(exchange, "host", host, &address->any);
	}
	return ret->count > 0 && (!all_must_be || ret->count == all->count);
}

/* ---- telling libcurl ---- */

static void
append_address(struct buf *line, const struct sockaddr *address)
{
	bool is_v6 = address->sa_family == AF_INET6;

	buf_append(line, is_v6 ? STR("[") : STR(""));
	address_append(line, address);
	buf_append(line, is_v6 ? STR("]") : STR(""));
}

static void
add_line(struct http_exchange *exchange, struct curl_slist **list,
	const struct buf *line)
{
	struct curl_slist *node =
		ARENA_NEW(&exchange->arena, struct curl_slist);

	node->data = arena_alloc_raw(&exchange->arena, line->len + 1);
	memcpy(node->data, buf_text(line), line->len + 1);
	node->next = *list;
	*list = node;
}

/**
 * "+host:port:address,address": what libcurl takes instead of looking up
 * itself. The '+' lets it forget, since it is told anew for each request.
 */
static void
tell_addresses(struct http_exchange *exchange, const struct url *url,
	const struct resolver_addresses *addresses)
{
	CLEANUP(buf_release) struct buf line = buf_make(2048);

	buf_printf(&line, "+%.*s:%u:", STR_ARG(url->host), (unsigned)url->port);
	for (size_t i = 0; i < addresses->count; i++) {
		if (i > 0)
			buf_append_char(&line, ',');
		append_address(&line, &addresses->list[i].any);
	}
	add_line(exchange, &exchange->addresses, &line);
}

/** "::address:port": the proxy is asked for it in place of the name. */
static void
tell_target(struct http_exchange *exchange, const struct sockaddr *address)
{
	CLEANUP(buf_release) struct buf line = buf_make(256);

	buf_append(&line, STR("::"));
	append_address(&line, address);
	buf_printf(&line, ":%u", (unsigned)exchange->destination->url.port);
	add_line(exchange, &exchange->connect_to, &line);
}

/* ---- what the resolver said ---- */

static enum http_failure
target_found(
	struct http_exchange *exchange, const struct resolver_answer *answer)
{
	const struct http_proxy_way *proxy = http_exchange_proxy(exchange);
	bool is_named = proxy && proxy->is_looking_up;
	struct resolver_addresses vetted;

	if (answer->failure != HTTP_NO_FAILURE && is_named) {
		exchange->is_target_found = true;
		return HTTP_NO_FAILURE;
	}
	if (answer->failure != HTTP_NO_FAILURE)
		return fail_by(exchange, answer->failure);
	if (!vet(exchange, answer->addresses, is_named, &vetted))
		return HTTP_NOT_ALLOWED;
	if (proxy == NULL)
		tell_addresses(exchange, &exchange->destination->url, &vetted);
	else if (!is_named)
		tell_target(exchange, &vetted.list[0].any);
	exchange->is_target_found = true;
	return HTTP_NO_FAILURE;
}

enum http_failure
http_exchange_found(
	struct http_exchange *exchange, const struct resolver_answer *answer)
{
	exchange->waited = clock_monotonic() - exchange->began;
	if (!is_for_proxy(exchange))
		return target_found(exchange, answer);
	if (answer->failure != HTTP_NO_FAILURE)
		return fail_by(exchange, answer->failure);
	/* Vetted at the gate: the operator's is not. */
	tell_addresses(
		exchange, &exchange->pool->proxy->url, answer->addresses);
	exchange->is_proxy_found = true;
	return HTTP_NO_FAILURE;
}
