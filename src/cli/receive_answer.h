#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "rule/signature.h"

/*
 * What `grapnel receive` makes of one request: the answer, and the lines that
 * tell about it. Pure but for the clock in the lines; any thread.
 */
struct receive_options {
	int status;			 /* of the answer to a delivery */
	const struct signature_key *key; /* NULL: nothing is verified */
	struct str greenlake_secret;	 /* empty: none */
	bool is_quiet;			 /* no lines about deliveries */
	bool is_json;			 /* a line of JSON a request instead */
	bool is_coloured;
};

struct receive_request {
	struct str method;
	struct str path;
	struct str body;
	struct str peer;
	void *context; /* for `header` */
	/* A header by name in any case, or an empty text. */
	struct str (*header)(void *context, const char *name);
};

struct receive_answer {
	int status;
	const char *content_type;
	struct str body;	   /* in the arena */
	struct str allowed_origin; /* WebHook-Allowed-Origin; empty: none */
	bool is_delivery;	   /* counts for --count */
};

/**
 * Answers, and appends lines to `lines`:
 * a GET with COM's challenge header is echoed; an OPTIONS gets the consent of
 * CloudEvents' abuse protection (§4 of its webhook specification); a POST of
 * GreenLake's challenge gets its HMAC when the secret is known; any other
 * POST, PUT or PATCH is a delivery.
 */
void receive_answer(const struct receive_options *options,
	const struct receive_request *request, struct arena *arena,
	struct receive_answer *ret, struct buf *lines);
