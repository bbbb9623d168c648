#pragma once
#include <curl/curl.h>

#include "rule/retry.h"

/*
 * What libcurl's result codes mean for a delivery, for http_client.c only.
 * Pure.
 */
struct http_verdict {
	CURLcode code;
	int os_error;	  /* errno of the last failed connect, or 0 */
	bool is_resolved; /* a name was looked up, or needed none */
};

/** Never HTTP_NO_FAILURE unless the code is CURLE_OK. */
enum http_failure http_verdict_failure(const struct http_verdict *verdict);
