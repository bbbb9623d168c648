#pragma once
#include "base/json.h"
#include "cli/args.h"
#include "net/http_client.h"

/*
 * What commands use to talk to a hub: one request at a time over the REST
 * API, blocking, over the program's one HTTP client. The hub may be anywhere,
 * loopback and plain HTTP included: its address was given by the user.
 *
 * Every failure is told on standard error before a function returns, and what
 * it returns is the command's exit code (enum command_exit; 0: go on).
 */
struct client {
	struct arena arena; /* holds all answers */
	const char *url;    /* without a slash at its end */
	const char *token;  /* NULL: none */
	int64_t timeout;
	bool is_json; /* --json: answers are printed as they come */
	struct http_client *http;
	struct address_policy policy;
};

/** The options --url, --token, --timeout, --json: rows for the tables. */
extern const struct option_table client_table;

/** Reads the options; makes no connection. */
int client_open(struct client *client, const struct args *args) MUST_USE;
void client_close(struct client *client);

struct client_request {
	const char *method;
	const char *path;	  /* with its query */
	const char *content_type; /* NULL: no body */
	struct str body;
};

struct client_answer {
	int status;
	struct str body;
	struct json_doc doc;
	struct json json; /* missing when the body is no JSON */
};

/** Sends it and waits. Anything but a 2xx is told and becomes its code. */
int client_call(struct client *client, const struct client_request *request,
	struct client_answer *ret) MUST_USE;

/** `client_call` with a JSON body of what was written to `body`. */
int client_send_json(struct client *client, const char *method,
	const char *path, const struct buf *body, struct client_answer *ret)
	MUST_USE;

/** `client_call` without a body. */
int client_simple(struct client *client, const char *method, const char *path,
	struct client_answer *ret) MUST_USE;

/**
 * "/v1/keys/{}" with each {} replaced by the next part, percent-encoded. The
 * number of parts is that of the {}. In the client's arena.
 */
const char *client_path(
	struct client *client, const char *pattern, const char *const *parts);

/** Appends "?name=value" or "&name=value", encoded, unless value is NULL. */
void client_append_query(struct buf *path, const char *name, const char *value);

/** A member that is a string, or its text; empty when missing. */
struct str client_text(
	struct client *client, struct json object, const char *member);

/** The body as it came, with a line's end. */
void client_print_raw(const struct client_answer *answer);

/** An object for people: a line a member, containers indented below. */
void client_print_object(struct client *client, struct json object);

/** Waits (a real pause; tests replace it). */
void client_pause(struct client *client, int64_t microseconds);

/*
 * Tests put a double here instead of the network. `exchange` must call
 * request->done before it returns.
 */
struct client_double {
	void *context;
	void (*exchange)(void *context, const struct http_request *request);
	void (*pause)(void *context, int64_t microseconds);
};
void client_test_double(const struct client_double *replacement);
