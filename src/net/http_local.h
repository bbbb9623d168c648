#pragma once
#include "base/uuid.h"
#include "net/http_client.h"

/*
 * Requests that never leave the process. "hook:{id}" in the place of a URL is
 * a hook of this process, by its id. A request to it is what it would be over
 * the network, the same bytes, headers and times; but there is no address to
 * vet, no connection, no TLS and no proxy on its way, and whatever its
 * request says of these goes unheeded.
 *
 * A `struct http_local` is where such requests arrive. Clients are given it
 * with their options (http_client.h), and whoever has the hooks opens it, and
 * shuts it before they go. While it is shut requests wait, as they do while the
 * receiver does not take them, and when their time is over end with
 * HTTP_OUR_FAULT; once it is closed they end with HTTP_ABORTED. Any thread.
 */
struct http_local;

/** One request that has arrived, until it is answered. */
struct http_local_call;

struct http_local_arrival {
	uint32_t workspace; /* the sender's: no other's hooks are its to call */
	struct uuid hook;
	const char *method;
	const struct http_header *headers;
	size_t header_count;
	struct str body;
	struct http_local_call *call;
};

struct http_local_receiver {
	void *context;
	/* Whether the workspace has such a hook. Any thread; does not block. */
	bool (*knows)(void *context, uint32_t workspace, struct uuid hook);
	/**
	 * On a client's thread; must not block. `arrival` is borrowed for the
	 * call. 0: it was taken, and http_local_answer() follows once, on any
	 * thread, maybe before this returns. Else it was not, nothing has
	 * come of it, and it comes again after so many microseconds.
	 */
	int64_t (*receive)(
		void *context, const struct http_local_arrival *arrival);
};

struct http_local *http_local_new(void);
/** After the last client. NULL is harmless. */
void http_local_free(struct http_local *local);

/** Once; the receiver is copied. Requests that wait arrive now. */
void http_local_open(
	struct http_local *local, const struct http_local_receiver *receiver);

/**
 * Nothing arrives any more but what is arriving now, so the receiver stays
 * until the clients have ended. What has arrived may still be answered. NULL
 * is harmless.
 */
void http_local_shut(struct http_local *local);

/** For good, before the clients end: then nobody waits for an opening. */
void http_local_close(struct http_local *local);

struct http_local_answer {
	int status;
	struct str content_type; /* empty: none */
	const struct http_header *headers;
	size_t header_count;
	struct str body;
};

/** The answer is borrowed; the call is gone for the caller. Any thread. */
void http_local_answer(
	struct http_local_call *call, const struct http_local_answer *answer);

/** Whether it is meant to be one of these, right or wrong. */
bool http_local_is(struct str destination);

/** ERR_INVALID with `why` when the id is none. */
enum err http_local_read(
	struct str destination, struct uuid *ret, struct buf *why) MUST_USE;

/**
 * Whether the workspace has the hook now. ERR_INVALID with `why`, also when
 * `local` is NULL or not open.
 */
enum err http_local_check(struct http_local *local, uint32_t workspace,
	struct str destination, struct buf *why) MUST_USE;
