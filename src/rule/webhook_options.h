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
 *   payload      "resource" | "cloudevent" | "cloudevent-binary" |
 *                "cloudevent-plain"
 *   batching     true | false; of CloudEvents in structured mode
 *   handshake    "com" | "cloudevents" | "greenlake" | "none"
 *   failures     "standard" | "greenlake"
 *   retry        {"schedule": "5s,30s" | "none", "window": "36h"}
 *   timeout      "10s"         concurrency  1 … 1000
 *   rate         1 … 60000 a minute
 *   signing      "v1" | "v1a" | "greenlake"
 *   ordering     "none" | "resource": one resource's events one after the
 *                other    orderingLimit  1 … 100 attempts, after which one
 *                that fails no longer holds back those behind it
 *   probe        {"after": "10m", "max": "24h"}: when disabled by its health
 *   notify       id of another webhook that is told when this one is in need
 *   auth         {"type": "none"}
 *                {"type": "apiKey", "header", "value"}
 *                {"type": "basic", "username", "password"}
 *                {"type": "oauth2", "tokenUrl", "clientId", "clientSecret",
 *                 "scope"}
 *
 *   firstByteTimeout  "5s"
 *   tls          {"minimumVersion": "1.2" | "1.3", "authorities",
 * "certificate", "key"}, the last three PEM proxy        "none" or {"url",
 * "username", "password", "lookup": "hub" | "proxy"} allowLists   ["name", …]
 *
 * `value`, `password`, `clientSecret` and the PEM texts are secrets: they are
 * read, and kept in webhook_options, but never written here; of certificates
 * it is told whose they are and until when.
 */
enum webhook_payload {
	PAYLOAD_RESOURCE,	   /* the resource's state, or the data */
	PAYLOAD_CLOUDEVENT,	   /* CloudEvents, structured mode */
	PAYLOAD_CLOUDEVENT_BINARY, /* CloudEvents, binary mode */
	PAYLOAD_CLOUDEVENT_PLAIN,  /* structured, but as application/json */
};

enum webhook_handshake {
	HANDSHAKE_COM,
	HANDSHAKE_CLOUDEVENTS, /* OPTIONS with WebHook-Request-Origin */
	HANDSHAKE_NONE,
	HANDSHAKE_GREENLAKE, /* POST of a CloudEvent, answered by an HMAC */
};

enum webhook_ordering { ORDERING_NONE, ORDERING_RESOURCE };

enum webhook_auth_type {
	AUTH_NONE,
	AUTH_API_KEY,
	AUTH_BASIC,
	AUTH_OAUTH2, /* client credentials, RFC 6749 §4.4 */
};

enum {
	WEBHOOK_CONCURRENCY_MAX = 1000,
	WEBHOOK_RATE_MAX = 60000,
	WEBHOOK_ORDERING_LIMIT = 5, /* unless it is said */
	WEBHOOK_ORDERING_LIMIT_MAX = 100,
	WEBHOOK_AUTH_TEXT_MAX = 2048, /* bytes of each member of auth */
	WEBHOOK_ISSUES_MAX = 32,
	WEBHOOK_OPTION_MEMBERS_MAX = 32, /* of an object in here */
	WEBHOOK_PEM_MAX = 64 * 1024,	 /* bytes of each PEM text */
	WEBHOOK_ALLOW_LISTS_MAX = 16,
	WEBHOOK_ALLOW_LIST_NAME_MAX = 64,
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

struct webhook_tls {
	bool is_1_3_needed;	/* else 1.2 */
	struct str authorities; /* trusted besides the hub's */
	struct str certificate; /* what the hub shows, its own first */
	struct str key;		/* there when `certificate` is */
};

enum webhook_proxy_use {
	WEBHOOK_PROXY_COMMON, /* the hub's own, if it has one */
	WEBHOOK_PROXY_NONE,
	WEBHOOK_PROXY_OWN,
};

struct webhook_proxy {
	enum webhook_proxy_use use;
	struct str url;
	struct str username;
	struct str password;
	bool is_looking_up; /* names, in the hub's place */
};

struct webhook_options {
	enum webhook_payload payload;
	enum webhook_handshake handshake;
	enum signature_scheme signing;
	enum failure_rules failures;
	bool is_batching;
	/* Schedule and window; NULL: the hub's own. */
	const struct retry_policy *retry;
	int64_t timeout;      /* microseconds; 0: the hub's own */
	unsigned concurrency; /* 0: the hub's own */
	unsigned rate;	      /* a minute; 0: no limit */
	enum webhook_ordering ordering;
	unsigned ordering_limit; /* attempts; 0: WEBHOOK_ORDERING_LIMIT */
	int64_t probe_after;	 /* microseconds; 0: it is not probed */
	int64_t probe_max;
	struct str notify; /* a webhook's id as text, or empty */
	struct webhook_auth auth;
	int64_t first_byte_timeout; /* microseconds; 0: the hub's own */
	struct webhook_tls tls;
	struct webhook_proxy proxy;
	bool has_allow_lists; /* false: those that are the workspace's default
			       */
	const struct str *allow_lists;
	size_t allow_list_count;
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

/** The secret texts of `from`, which are not in what is written. */
void webhook_options_take_secrets(
	struct webhook_options *options, const struct webhook_options *from);

/** When the first of the hub's certificates ends; INT64_MAX: never. */
int64_t webhook_certificate_expires(const struct webhook_options *options);

/** 1 to WEBHOOK_ALLOW_LIST_NAME_MAX letters, digits, '-', '_' and '.'. */
bool webhook_allow_list_name_is_valid(struct str name);

/** Adds to the issues. */
void webhook_issues_add(struct webhook_issues *issues, const char *field,
	const char *format, ...) PRINTF_LIKE(3, 4);
