#pragma once
#include "net/http_local.h"

/* An HTTP client whose requests to hooks stay in the process; for tests. */
#define LOCAL_HOOK "hook:0b1e7f3a-5f6c-4c1d-9a43-0d7f6b1e2c90"

enum { LOCAL_DEADLINE = 30 }; /* seconds */

struct local_got {
	size_t count;
	enum http_failure failure;
	int status;
	bool body_was_cut;
	char head[1024];
	char body[1024];
	char error[256];
	struct http_timings timings;
};

extern struct local_rig {
	struct address_policy policy;
	struct http_local *local;
	struct http_client *client;
} local_rig;

void local_rig_open(void);
void local_rig_close(void);

/** A POST of workspace 1, whose end goes to `got`. */
struct http_request local_rig_request(
	const char *url, const char *body, struct local_got *got);

/** Turns until so many have ended in it. */
void local_rig_await(const struct local_got *got, size_t count);
