#pragma once
#include "net/http_client.h"
#include "pipeline/webhooks.h"

/*
 * The headers that sign what is sent to a webhook: by its secret and, while
 * there is one, by a second. Pure.
 */
enum { SIGNING_HEADERS_MAX = 2 };

struct signing_message {
	struct str id;
	int64_t time; /* of sending */
	struct str body;
};

/** Returns how many there are; their texts are in `arena` or static. */
size_t signing_headers(const struct webhook *webhook,
	const struct signing_message *message, struct arena *arena,
	struct http_header ret[SIGNING_HEADERS_MAX]);
