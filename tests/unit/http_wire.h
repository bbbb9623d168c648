#pragma once
#include "run_world.h"
#include "wire_server.h"

/*
 * For tests of modules that call somebody: a peer that says exactly what it is
 * told to, whose requests are compared whole. PORT in mappers, members and
 * expectations stands for the peer's port.
 */
extern struct wire_server wire;

void wire_begin(const struct wire_reply *replies, size_t count);

/** Over TLS; borrowed until the end. */
void wire_begin_tls(
	const struct wire_reply *replies, size_t count, SSL_CTX *tls);

/** What the call came to, with PORT. */
struct str wire_call(
	const char *module, const char *parameters, const char *mapper);

void wire_connect(const char *id, const char *type, const char *members);

/** `text` with PORT for the port, or (`is_back`) the other way round. */
struct str wire_swap(struct str text, bool is_back);

/** Closes both sides; everything that was asked, with PORT. */
struct str wire_asked(void);

/** Everything that was asked was this; the world ends. */
void wire_end(const char *expected);

#define BEGIN(...) \
	static const struct wire_reply replies[] = {__VA_ARGS__}; \
	wire_begin(replies, COUNT_OF(replies))
#define ANSWER(status_, headers_, length_, body_) \
	{ \
		.bytes = "HTTP/1.1 " status_ "\r\n" headers_ \
			 "Content-Length: " #length_ "\r\n\r\n" body_ \
	}
#define OK ANSWER("204 No Content", "", 0, "")
/** A request's first lines. */
#define HEAD(line_) \
	line_ " HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nUser-Agent: test\r\n" \
	      "Accept: */*\r\n"
#define CHECK_OUT(module_, parameters_, mapper_, expected_) \
	CHECK_STR(wire_call(module_, parameters_, mapper_), str_of(expected_))
