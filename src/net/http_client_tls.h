#pragma once
#include <curl/curl.h>

#include "base/certificate.h"
#include "net/http_way.h"

/*
 * A way's TLS, read once and then given to each new connection, for
 * http_client_pool.c only. libcurl compares connections by what it was told
 * itself; it knows nothing of this, so connections of different ways must be
 * kept apart by the caller.
 */
struct http_tls_context;

/**
 * `common` is the client's own authorities, which the way's come on top of.
 * ERR_INVALID with a sentence; what was checked at registration cannot fail.
 */
enum err http_tls_context_new(const struct http_tls *tls,
	const struct certificates *common, struct http_tls_context **ret,
	struct buf *why) MUST_USE;
void http_tls_context_free(struct http_tls_context *context);

/** CURLOPT_SSL_CTX_FUNCTION; its data is the context. */
CURLcode http_tls_context_apply(CURL *easy, void *ssl_context, void *context);
