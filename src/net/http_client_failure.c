#include "net/http_client_failure.h"

#include <errno.h>

struct code_row {
	CURLcode code;
	enum http_failure failure;
};

/* Codes that are not here come from what is never used (FTP, proxies, …) or
   from options set wrongly: our own fault. */
static const struct code_row codes[] = {
	{CURLE_OK, HTTP_NO_FAILURE},
	{CURLE_URL_MALFORMAT, HTTP_BAD_URL},
	/* The scheme was checked before: this is an answer that is not HTTP. */
	{CURLE_UNSUPPORTED_PROTOCOL, HTTP_BROKEN},
	{CURLE_COULDNT_RESOLVE_HOST, HTTP_NAME_UNKNOWN},
	{CURLE_COULDNT_RESOLVE_PROXY, HTTP_PROXY_DOWN},
	{CURLE_PROXY, HTTP_PROXY_DOWN},
	{CURLE_COULDNT_CONNECT, HTTP_CANNOT_CONNECT},
	{CURLE_WEIRD_SERVER_REPLY, HTTP_BROKEN},
	{CURLE_PARTIAL_FILE, HTTP_BROKEN},
	{CURLE_WRITE_ERROR, HTTP_BROKEN},
	{CURLE_OPERATION_TIMEDOUT, HTTP_TIMED_OUT},
	{CURLE_SSL_CONNECT_ERROR, HTTP_TLS_FAILED},
	{CURLE_GOT_NOTHING, HTTP_BROKEN},
	{CURLE_SEND_ERROR, HTTP_BROKEN},
	{CURLE_RECV_ERROR, HTTP_BROKEN},
	{CURLE_SSL_CIPHER, HTTP_TLS_FAILED},
	{CURLE_PEER_FAILED_VERIFICATION, HTTP_TLS_FAILED},
	{CURLE_BAD_CONTENT_ENCODING, HTTP_BROKEN},
	{CURLE_FILESIZE_EXCEEDED, HTTP_BROKEN},
	{CURLE_SSL_SHUTDOWN_FAILED, HTTP_TLS_FAILED},
	{CURLE_SSL_ISSUER_ERROR, HTTP_TLS_FAILED},
	{CURLE_SSL_PINNEDPUBKEYNOTMATCH, HTTP_TLS_FAILED},
	{CURLE_SSL_INVALIDCERTSTATUS, HTTP_TLS_FAILED},
	{CURLE_HTTP2, HTTP_BROKEN},
	{CURLE_HTTP2_STREAM, HTTP_BROKEN},
	{CURLE_SSL_CLIENTCERT, HTTP_TLS_FAILED},
	{CURLE_ABORTED_BY_CALLBACK, HTTP_ABORTED},
};

/* Failed connects that say something about this machine, not the peer. */
static const int own_errors[] = {
	EMFILE,
	ENFILE,
	ENOBUFS,
	ENOMEM,
	ENETUNREACH,
	ENETDOWN,
	EADDRNOTAVAIL,
	EAFNOSUPPORT,
	EACCES,
	EPERM,
};

static bool
is_own_error(int error)
{
	for (size_t i = 0; i < COUNT_OF(own_errors); i++) {
		if (own_errors[i] == error)
			return true;
	}
	return false;
}

int
http_connect_error(int former, int latest)
{
	bool keeps = latest == 0 || (former != 0 && !is_own_error(former) &&
					    is_own_error(latest));

	return keeps ? former : latest;
}

enum http_failure
http_verdict_failure(const struct http_verdict *verdict)
{
	if (verdict->code == CURLE_COULDNT_CONNECT &&
		is_own_error(verdict->os_error))
		return HTTP_OUR_FAULT;
	if (verdict->code == CURLE_OPERATION_TIMEDOUT && !verdict->is_resolved)
		return HTTP_DNS_DOWN;
	for (size_t i = 0; i < COUNT_OF(codes); i++) {
		if (codes[i].code == verdict->code)
			return codes[i].failure;
	}
	return HTTP_OUR_FAULT;
}
