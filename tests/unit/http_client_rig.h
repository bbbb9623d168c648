#pragma once
/*
 * An HTTP client and a peer on loopback, for the tests of the client's ways.
 */
#include "net/http_client.h"
#include "wire_server.h"

#define RIG_OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

enum { RIG_DEADLINE = 30 }; /* seconds */

/* Replies that keep their connection, and that close it. */
extern const struct wire_reply rig_keeping[2];
extern const struct wire_reply rig_closing[3];

struct rig_got {
	size_t count;
	enum http_failure failure;
	int status;
	bool is_reused;
	char error[512];
	struct http_timings timings;
};

extern struct rig {
	struct address_policy policy;
	struct http_client_options options; /* point to `policy` */
	struct http_client *client;
	struct wire_server server;
} rig;

/** Adds to the policy. */
void rig_allow(const char *network);

/** "scheme://host:port/", the server's port; until the next call. */
const char *rig_url(const char *scheme, const char *host);

/** Sends it as a GET, and waits for its end. */
struct rig_got rig_run(struct http_request request);
struct rig_got rig_get(
	const char *scheme, const char *host, const struct http_way *way);

/** Another server in the place of the one that runs. */
void rig_serve_again(
	const struct wire_reply *replies, size_t count, SSL_CTX *tls);

/** Frees the client, and stops the server. */
void rig_end(void);
