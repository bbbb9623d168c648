#pragma once
/*
 * A client that speaks HTTP by hand over a plain socket, so that tests decide
 * each byte. Sockets wait 20 s at most; whatever goes wrong fails the test.
 */
#include <stdint.h>

#include "base/buf.h"

/** A connection to 127.0.0.1; close() it. */
int peer_dial(uint16_t port);

void peer_send(int fd, struct str text);

/**
 * One answer with a Content-Length; its status, its body in `body`. An answer
 * to HEAD has no body, whatever its length says: `has_body` false.
 */
int peer_read(int fd, bool has_body, struct buf *head, struct buf *body);

/** Sends a request; expects this answer. */
void peer_exchange(int fd, struct str request, int status, struct str expected);

/** Waits for the other side's next byte or its end; true: the end. */
bool peer_is_closed(int fd);

#define GET(path) STR("GET " path " HTTP/1.1\r\nHost: a\r\n\r\n")
