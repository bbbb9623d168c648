#pragma once
#include "base/arena.h"
#include "base/buf.h"

/*
 * Secrets at rest: AES-256-GCM under a key derived from the instance's key
 * file. A sealed text is version(1) | nonce(12) | ciphertext | tag(16).
 * `context` (for example a webhook's id) is authenticated with it, so a sealed
 * value copied to another row does not open.
 */
struct seal_key {
	uint8_t bytes[32];
};

/** A key of its own for each purpose ("store", "token") from one master. */
void seal_key_derive(const struct seal_key *master, struct str purpose,
	struct seal_key *out);

/** Appends the sealed form of `plain`. */
void seal_close(const struct seal_key *key, struct str context,
	struct str plain, struct buf *out);

/** The plain text in `arena`; ERR_DENIED if key, context or bytes differ. */
enum err seal_open(const struct seal_key *key, struct str context,
	struct str sealed, struct arena *arena, struct str *ret) MUST_USE;

/**
 * Reads the 32-byte key at `path`, or makes the file (mode 0600) when it does
 * not exist. ERR_DENIED when others may read it, ERR_INVALID when it has
 * another size, ERR_IO otherwise, each with a sentence.
 */
enum err seal_key_load(const char *path, struct seal_key *ret, struct buf *why)
	MUST_USE;
