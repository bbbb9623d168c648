#pragma once
#include "net/http_client_header.h"
#include "net/url.h"

/*
 * Writes the head of a request of HTTP/1.1 (RFC 9112 §3), for the wire engine
 * only. Pure.
 */

/**
 * Puts the head, blank line included, in place of what `out` holds. Host,
 * User-Agent and Accept are written unless the request has its own;
 * ERR_INVALID as http_request_check().
 */
enum err wire_request_write(const struct http_request *request,
	const struct url *url, struct str user_agent, struct buf *out,
	struct buf *why) MUST_USE;
