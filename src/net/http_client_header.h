#pragma once
#include "net/http_client.h"

/*
 * What a request must be like before anything of it is sent, whichever engine
 * sends it; for the engines only.
 */
enum { HTTP_METHOD_MAX = 32 };

/**
 * ERR_INVALID with `why` when the method or a header cannot be sent as it is:
 * by its grammar, or because the framing of the message (RFC 9112 §6) is the
 * engine's own.
 */
enum err http_request_check(const struct http_request *request, struct buf *why)
	MUST_USE;

/** Whether there is a body, empty or not, behind the head. */
bool http_request_has_body(const struct http_request *request);
