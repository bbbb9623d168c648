#pragma once
#include "net/http_client.h"
#include "pipeline/webhooks.h"

/*
 * How the hub proves itself to endpoints: the header that a webhook's `auth`
 * option asks for. For OAuth2 that takes a token from the webhook's token
 * server (client credentials, RFC 6749 §4.4), fetched through the same guarded
 * client, kept until shortly before it expires, and shared by all of the
 * webhook's requests: those that come while it is being fetched wait for it.
 *
 * A worker's own; its thread only.
 */
struct allow_lists;
struct credentials;

/** How the asking ended. Borrowed for the call. */
struct credential {
	enum http_failure failure; /* HTTP_NO_TOKEN, HTTP_ABORTED, or none */
	struct str error;	   /* one sentence, with a failure */
	bool has_header;
	struct http_header header; /* secret */
	bool is_kept; /* was fetched before: may have been revoked since */
};

/** Embedded by who asks; stays until `done`. */
struct credential_wait {
	struct credential_wait *next;
	/* Inside credentials_ask, or later inside http_client_wait. */
	void (*done)(struct credential_wait *wait,
		const struct credential *credential);
};

/** `timeout`: of fetching a token, in microseconds. */
struct credentials *credentials_new(struct http_client *client,
	struct allow_lists *allow_lists, int64_t timeout);
/** Nobody may be waiting: free the client first, which aborts. */
void credentials_free(struct credentials *credentials);

void credentials_ask(struct credentials *credentials,
	const struct webhook *webhook, struct credential_wait *wait);

/** The endpoint answered 401: the next one who asks gets a fresh token. */
void credentials_refuse(
	struct credentials *credentials, const struct webhook *webhook);

/** The webhook is gone. */
void credentials_forget(struct credentials *credentials, uint64_t webhook);
