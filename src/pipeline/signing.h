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

/** A webhook's secrets, ready to sign with. Of one thread. */
struct signing {
	const struct webhook *webhook;		 /* borrowed */
	struct signature_signer *first, *second; /* NULL until needed */
};

void signing_init(struct signing *signing, const struct webhook *webhook);
void signing_release(struct signing *signing);

/** Returns how many there are; their texts are in `arena` or static. */
size_t signing_headers(struct signing *signing,
	const struct signing_message *message, struct arena *arena,
	struct http_header ret[SIGNING_HEADERS_MAX]);
