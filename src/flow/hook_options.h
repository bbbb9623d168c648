#pragma once
#include "base/uuid.h"
#include "net/address.h"
#include "rule/inbound.h"
#include "rule/webhook_options.h"

/*
 * How a hook receives: the members of its JSON form. docs/hooks.md tells each.
 *
 *   {"name": "orders", "scenarioId": "<uuid>", "enabled": true,
 *    "challenges": ["com", "greenlake", "cloudevents", "slack", "static"],
 *    "staticAnswer": {"method": "GET", "status": 200,
 *                     "contentType": "text/plain", "body": "here"},
 *    "signature": {"scheme": "standard", "tolerance": "5m",
 *                  "secrets": ["whsec_…"], and of "hmac": "header", "prefix",
 *                  "algorithm": "sha256", "encoding": "hex"},
 *    "apiKeys": ["…"], "basic": {"username": "u", "password": "…"},
 *    "allowedNetworks": ["10.0.0.0/8"], "trustedProxies": ["127.0.0.1"],
 *    "dedupe": {"by": "webhook-id", "window": "5m"}, "maxBytes": 5242880,
 *    "structure": {"fields": [{"name": "id", "type": "number",
 *                  "required": true}], "strict": false} (flow/udt.h),
 *    "passThrough": false, "headers": false, "method": false,
 *    "rate": {"requests": 300, "window": "10s"},
 *    "response": {"status": 200, "contentType": "text/plain", "body": "…"}}
 *
 * Secrets, API keys and the password are read but written only to be sealed.
 * Pure.
 */
enum hook_dedupe {
	HOOK_DEDUPE_NONE,
	HOOK_DEDUPE_WEBHOOK_ID, /* the header webhook-id */
	HOOK_DEDUPE_CLOUDEVENT, /* source and id */
	HOOK_DEDUPE_BODY,	/* the body's bytes */
};

enum {
	HOOK_NAME_MAX = 128, /* characters */
	HOOK_KEYS_MAX = 16,
	HOOK_NETWORKS_MAX = 64,
	HOOK_STRUCTURE_MAX = 64 << 10, /* bytes of JSON */
	HOOK_RESPONSE_MAX = 4096,      /* bytes of a fixed body */
};

struct hook_network_list {
	const struct str *texts;
	const struct address_network *networks;
	size_t count;
};

struct hook_options {
	struct str name;
	struct uuid scenario; /* all zero: none */
	bool is_enabled;
	/* GreenLake's is answered with the signature's secrets. There may be
	   some although no signature is checked. */
	struct inbound_challenges challenges;
	struct inbound_signature signature; /* scheme NULL: none */
	const struct str *api_keys;
	size_t api_key_count;
	struct str username; /* empty: no basic authentication */
	struct str password;
	struct hook_network_list allowed; /* none: all */
	struct hook_network_list proxies;
	enum hook_dedupe dedupe;
	int64_t dedupe_window;
	size_t bytes_max;
	struct str structure; /* its fields, JSON; empty: none */
	bool is_strict;
	bool passes_json;
	bool wants_headers; /* although no expression reads them */
	bool wants_method;
	uint32_t rate; /* 0: no limit */
	int64_t rate_window;
	/* Once it is stored, unless the scenario answers. */
	int status;
	struct str content_type;
	struct str body;
};

/** What holds where nothing is said. */
void hook_options_init(struct hook_options *options);

/**
 * Reads the members of `body` over those in force (a merge patch, RFC 7396;
 * null is the default again). Texts are in the issues' arena or the body's
 * text. Members that are only told (id, token, counts, …) are passed over.
 */
void hook_options_read(struct json body, struct hook_options *options,
	struct webhook_issues *issues);

/** What does not go together; a hook is only kept without issues. */
void hook_options_check(
	const struct hook_options *options, struct webhook_issues *issues);

/** Writes the members, without what is secret, into the object that is open. */
void hook_options_write(
	const struct hook_options *options, struct json_out *out);

/** Writes what is secret, as an object that hook_options_read() takes. */
void hook_options_write_secrets(
	const struct hook_options *options, struct json_out *out);

/** A copy whose texts are in `arena`. */
struct hook_options hook_options_copy(
	const struct hook_options *options, struct arena *arena);
