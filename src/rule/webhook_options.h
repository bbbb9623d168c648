#pragma once
#include "base/json.h"
#include "base/json_out.h"
#include "rule/retry.h"
#include "rule/signature.h"

/*
 * How a webhook delivers, beyond where and what: the members that the hub's
 * own dialect has and COM's has not. One row of a table each; a member that is
 * null or absent is the hub's default. Pure.
 *
 *   payload      "resource" | "cloudevent" | "cloudevent-binary"
 *   handshake    "com" | "cloudevents" | "none"
 *   retry        {"schedule": "5s,30s" | "none", "window": "36h"}
 *   timeout      "10s"         concurrency  1 … 1000
 *   signing      "v1" | "v1a"  rate         1 … 60000 a minute
 *   probe        {"after": "10m", "max": "24h"}: when disabled by its health
 *   notify       id of another webhook that is told when this one is in need
 *   auth         {"type": "none"}
 *                {"type": "apiKey", "header", "value"}
 *                {"type": "basic", "username", "password"}
 *                {"type": "oauth2", "tokenUrl", "clientId", "clientSecret",
 *                 "scope"}
 *
 * `value`, `password` and `clientSecret` are secrets: they are read, and kept
 * in webhook_auth.secret, but never written here.
 */
enum webhook_payload {
	PAYLOAD_RESOURCE,	  /* the resource's state, or the data */
	PAYLOAD_CLOUDEVENT,	  /* CloudEvents, structured mode */
	PAYLOAD_CLOUDEVENT_BINARY /* CloudEvents, binary mode */
};

enum webhook_handshake {
	HANDSHAKE_COM,
	HANDSHAKE_CLOUDEVENTS, /* OPTIONS with WebHook-Request-Origin */
	HANDSHAKE_NONE,
};

enum webhook_auth_type {
	AUTH_NONE,
	AUTH_API_KEY,
	AUTH_BASIC,
	AUTH_OAUTH2, /* client credentials, RFC 6749 §4.4 */
};

enum {
	WEBHOOK_CONCURRENCY_MAX = 1000,
	WEBHOOK_RATE_MAX = 60000,
	WEBHOOK_AUTH_TEXT_MAX = 2048, /* bytes of each member of auth */
	WEBHOOK_ISSUES_MAX = 32,
	WEBHOOK_OPTION_MEMBERS_MAX = 32, /* of an object in here */
};

/* Strings that were not said are empty. */
struct webhook_auth {
	enum webhook_auth_type type;
	struct str header;    /* apiKey */
	struct str username;  /* basic */
	struct str token_url; /* oauth2 */
	struct str client_id; /* oauth2 */
	struct str scope;     /* oauth2; may be empty */
	struct str secret;    /* value, password or clientSecret */
};

struct webhook_options {
	enum webhook_payload payload;
	enum webhook_handshake handshake;
	enum signature_scheme signing;
	bool has_retry;		   /* false: the hub's own */
	struct retry_policy retry; /* schedule and window */
	int64_t timeout;	   /* microseconds; 0: the hub's own */
	unsigned concurrency;	   /* 0: the hub's own */
	unsigned rate;		   /* a minute; 0: no limit */
	int64_t probe_after;	   /* microseconds; 0: it is not probed */
	int64_t probe_max;
	struct str notify; /* a webhook's id as text, or empty */
	struct webhook_auth auth;
};

/** All that is wrong, in the order of the body. */
struct webhook_issues {
	struct arena *arena; /* given by the caller */
	struct {
		struct str field; /* "retry.window" */
		struct str sentence;
	} rows[WEBHOOK_ISSUES_MAX];
	size_t count; /* the first WEBHOOK_ISSUES_MAX are kept */
};

/** Whether an option has this name. */
bool webhook_options_has(struct str name);

/**
 * Reads the options among the members of `body` into `*options`, which holds
 * those in force before: members that are not there stay (RFC 7396), also
 * inside `retry` and, unless its type changes, inside `auth`. Other members
 * are passed over. Strings are in `issues->arena` or the body's text.
 */
void webhook_options_read(struct json body, struct webhook_options *options,
	struct webhook_issues *issues);

/** Writes the members, all of them, into the object that is open. */
void webhook_options_write(
	const struct webhook_options *options, struct json_out *out);

/** A copy whose strings are in `arena`. */
struct webhook_options webhook_options_copy(
	const struct webhook_options *options, struct arena *arena);

/** Whether they prove themselves to the endpoint in the same way. */
bool webhook_auth_equal(
	const struct webhook_auth *a, const struct webhook_auth *b);

/** Adds to the issues. */
void webhook_issues_add(struct webhook_issues *issues, const char *field,
	const char *format, ...) PRINTF_LIKE(3, 4);
