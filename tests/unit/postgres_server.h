#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A PostgreSQL server of Debian's package, on a unix socket and a loopback
 * port of its own, in the test's temporary folder. It refuses to be root's:
 * then it runs as the package's user, or as nobody.
 */
struct postgres_server {
	char folder[256]; /* of the socket */
	uint16_t port;
	pid_t pid;
};

/** False, with a line that says SKIP, where the package is not there. With a
    certificate and its key (PEM) it speaks TLS. */
bool postgres_server_start(struct postgres_server *server,
	const char *certificate, const char *key);
void postgres_server_stop(struct postgres_server *server);
