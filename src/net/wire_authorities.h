#pragma once
#include "base/buf.h"

/*
 * The certificates of authorities, read once for all who trust the same file:
 * they take 0.8 MiB and 25 ms, and every thread with an HTTP client has use
 * for them. They are read when they are first used, and gone with the last
 * user. Any thread; blocks while a file is read.
 */
struct ssl_ctx_st; /* OpenSSL's SSL_CTX */
struct wire_authorities;

/**
 * Makes `context` trust those of a PEM file (NULL: the system's). NULL with
 * OpenSSL's reason when they cannot be read; then nothing is trusted.
 */
struct wire_authorities *wire_authorities_use(
	const char *file, struct ssl_ctx_st *context, struct buf *why);

/** `context` may be in use still. NULL is harmless. */
void wire_authorities_leave(struct wire_authorities *authorities);
