#pragma once
#include <curl/curl.h>

#include "rule/retry.h"

/*
 * What libcurl's result codes mean for a delivery, for http_client.c only.
 * Pure.
 */
struct http_verdict {
	CURLcode code;
	int os_error; /* of the failed connects (http_connect_error), or 0 */
	bool is_resolved; /* a name was looked up, or needed none */
};

/**
 * Which of two failed connects, each an errno or 0, tells more of the
 * destination: the latest, unless only that one says something about this
 * machine, as for an address of a family that it has no route for.
 */
int http_connect_error(int former, int latest);

/** Never HTTP_NO_FAILURE unless the code is CURLE_OK. */
enum http_failure http_verdict_failure(const struct http_verdict *verdict);
