#pragma once
#include "rule/retry.h"

/*
 * Why a name did not resolve, for http_client.c only. libcurl does not tell
 * whether there is no such host (the endpoint's fault) or the name server
 * failed (ours), so the system is asked once more, each time on a thread of
 * its own, HTTP_LOOKUPS_MAX at once. All functions are for the client's
 * thread and none blocks.
 */
enum { HTTP_LOOKUPS_MAX = 8 };

struct http_lookups;

struct http_lookups *http_lookups_new(void);

/** Threads still waiting for an answer clean up after themselves. */
void http_lookups_free(struct http_lookups *lookups);

/** Readable when http_lookups_take has something to give. */
int http_lookups_fd(const struct http_lookups *lookups);

/** False when too many are under way; `context` is given back by take. */
bool http_lookups_start(
	struct http_lookups *lookups, struct str host, void *context) MUST_USE;

/** One answer, or false when there is none yet. */
bool http_lookups_take(struct http_lookups *lookups, void **ret_context,
	enum http_failure *ret_failure);

/** What a result of getaddrinfo() says. Pure. */
enum http_failure http_lookup_failure(int code);
