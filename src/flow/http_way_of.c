#include "flow/http_way_of.h"

#include "base/certificate.h"
#include "flow/connection.h"
#include "flow/field.h"
#include "flow/run.h"

static enum failure_kind
refuse(const struct module_call *call, const char *member,
	const struct buf *why, struct failure *failure)
{
	return failure_set(failure, call->arena, FAILURE_CONFIGURATION,
		"%s: %s", member, buf_text(why));
}

static struct str
member(const struct connection *connection, const char *name,
	struct arena *arena)
{
	return connection ? field_text(connection->members, name, arena)
			  : STR("");
}

/* ---- TLS ---- */

static enum failure_kind
check_authorities(
	const struct module_call *call, struct str pem, struct failure *failure)
{
	CLEANUP(buf_release) struct buf why = buf_make(512);
	struct certificates *certificates = NULL;
	enum failure_kind kind = FAILURE_NONE;

	if (pem.len && certificates_read(pem, &certificates, &why))
		kind = refuse(call, "ca", &why, failure);
	certificates_free(certificates);
	return kind;
}

static enum failure_kind
check_pair(const struct module_call *call, const struct http_tls *tls,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf why = buf_make(512);
	struct certificates *certificates = NULL;
	struct private_key *key = NULL;
	enum failure_kind kind = FAILURE_NONE;

	if (certificates_read(tls->certificate, &certificates, &why)) {
		kind = refuse(call, "certificate", &why, failure);
	} else if (private_key_read(tls->key, &key, &why)) {
		kind = refuse(call, "privateKey", &why, failure);
	} else if (!private_key_fits(key, certificates)) {
		buf_append(&why,
			STR("it is not the key of the first certificate"));
		kind = refuse(call, "privateKey", &why, failure);
	}
	certificates_free(certificates);
	private_key_free(key);
	return kind;
}

static enum failure_kind
make_tls(const struct module_call *call, const struct http_call *http,
	struct http_tls *ret, struct failure *failure)
{
	struct arena *arena = call->arena;
	enum failure_kind kind;

	ret->authorities =
		http->ca.len ? http->ca : member(call->connection, "ca", arena);
	ret->certificate = member(call->connection, "certificate", arena);
	ret->key = member(call->connection, "privateKey", arena);
	kind = check_authorities(call, ret->authorities, failure);
	if (!kind && (ret->certificate.len || ret->key.len))
		kind = check_pair(call, ret, failure);
	else if (!kind && http->needs_certificate)
		kind = failure_set(failure, arena, FAILURE_CONFIGURATION,
			"%s needs a connection of type http with certificate "
			"and privateKey: name it in parameters.connection",
			call->kind->name);
	return kind;
}

/* ---- the proxy ---- */

/** The connection whose proxy it is; NULL: none. */
static enum failure_kind
find_proxy(const struct module_call *call, const struct connection **ret,
	struct failure *failure)
{
	struct str id =
		field_text(call->parameters, "proxyKeychain", call->arena);
	const struct run_host *host = call->run ? run_host_of(call->run) : NULL;

	*ret = call->connection;
	if (id.len == 0)
		return FAILURE_NONE;
	*ret = host && host->connection
		       ? host->connection(host->context, id, call->arena)
		       : NULL;
	if (member(*ret, "proxyUrl", call->arena).len)
		return FAILURE_NONE;
	return failure_set(failure, call->arena, FAILURE_CONFIGURATION,
		"proxyKeychain: there is no connection \"%.*s\" with a "
		"proxyUrl",
		STR_ARG(str_head(id, CONNECTION_ID_MAX)));
}

static enum failure_kind
make_proxy(const struct module_call *call, struct http_way *way,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf why = buf_make(512);
	struct arena *arena = call->arena;
	const struct connection *connection;
	enum failure_kind kind = find_proxy(call, &connection, failure);
	struct url url;

	if (kind)
		return kind;
	way->proxy.url = member(connection, "proxyUrl", arena);
	if (way->proxy.url.len == 0)
		return FAILURE_NONE;
	way->proxy_use = HTTP_PROXY_OWN;
	way->proxy.username = member(connection, "proxyUsername", arena);
	way->proxy.password = member(connection, "proxyPassword", arena);
	if (http_proxy_read(way->proxy.url,
		    outgoing_options(call->outgoing)->policy, arena, &url,
		    &why))
		return refuse(call, "proxyUrl", &why, failure);
	return FAILURE_NONE;
}

enum failure_kind
http_way_of(const struct module_call *call, const struct http_call *http,
	struct http_way *ret, bool *ret_is_needed, struct failure *failure)
{
	enum failure_kind kind;

	*ret = (struct http_way){0};
	kind = make_tls(call, http, &ret->tls, failure);
	if (!kind)
		kind = make_proxy(call, ret, failure);
	*ret_is_needed = !kind && http_way_is_needed(ret);
	if (*ret_is_needed)
		http_way_identify(ret);
	return kind;
}

struct http_way
http_way_elsewhere(const struct http_way *way)
{
	struct http_way other = {
		.proxy_use = way->proxy_use, .proxy = way->proxy};

	http_way_identify(&other);
	return other;
}
