#pragma once
#include "base/seal.h"

/*
 * Where an endpoint may consent later than by its answer: the path of
 * WebHook-Request-Callback (CloudEvents, HTTP 1.1 Web Hooks §4.1.2). It names
 * one handshake of one webhook, and whoever does not hold the key can make
 * none up. Nothing of it is stored. Pure.
 */
#define CALLBACK_PATH "/v1/handshakes/"

struct callback {
	uint64_t webhook; /* number */
	uint64_t handshake;
};

/** Appends "<webhook>-<handshake>-<64 hex digits>". */
void callback_append(const struct seal_key *key,
	const struct callback *callback, struct buf *out);

/** ERR_INVALID when it was not made by callback_append with this key. */
enum err callback_read(const struct seal_key *key, struct str text,
	struct callback *ret) MUST_USE;
