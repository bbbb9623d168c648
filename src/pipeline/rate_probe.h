#pragma once
#include "pipeline/worker.h"

/*
 * Asking an endpoint how many requests a minute it takes: OPTIONS with
 * WebHook-Request-Origin, the webhook's own headers and its credential, to be
 * answered with a 2xx and WebHook-Allowed-Rate (docs/compat-greenlake.md). An
 * endpoint that knows nothing of it just has no rate.
 */
struct rate_answer {
	enum http_failure failure; /* HTTP_ABORTED: we are stopping */
	bool is_told;		   /* else the endpoint said nothing usable */
	bool is_unlimited;	   /* it said * */
	unsigned rate;		   /* a minute; 0 unless told */
};

/** Embedded by who asks; stays until `done`. */
struct rate_probe {
	struct worker *worker;
	const struct webhook *webhook; /* borrowed */
	struct credential_wait credential;
	struct arena arena;
	struct http_header *headers;
	size_t header_count;
	void (*done)(
		struct rate_probe *probe, const struct rate_answer *answer);
};

/** `worker`, `webhook` and `done` are set. `done` may be called at once. */
void rate_probe_start(struct rate_probe *probe);

/** What a response's head says of the rate. */
struct rate_answer rate_probe_read(struct str head);
