#pragma once
#include "flow/module.h"
#include "wire_server.h"

/*
 * A module called through its row with a service that is played by a
 * wire_server: begin, connect, run, end, and then look at what was asked. What
 * is made lives until the test's process ends.
 */
struct stage {
	struct arena arena;
	struct wire_server server;
	struct outgoing *outgoing;
	struct connection *connection;
	struct module_result result;
	struct failure failure;
};
extern struct stage stage;

void stage_begin(const struct wire_reply *replies, size_t count);

/** What the next stages trust instead of the system's certificates. */
void stage_certificate(const char *path);

/** `members` is JSON in which every ~ is the service's origin. */
void stage_connect(const char *type, const char *members);

/** Makes a member the text of its JSON, as connections are kept. */
void stage_text_member(const char *name);

/** Of the next calls; 10 s at first. */
void stage_set_timeout(int64_t timeout);

/** Calls the module; parameters and input are JSON. */
enum failure_kind stage_run(
	const char *module, const char *parameters, const char *input);

/** Stops the service: now its requests may be looked at. */
void stage_end(void);

/** Head and body of the request with this number, from 0. */
struct str stage_head(size_t number);
struct str stage_body(size_t number);

/** The text is in the request's head. */
void stage_check_head(size_t number, const char *text);

/** The request's body is JSON equal to this. */
void stage_check_body(size_t number, const char *json);

/** The bundle is JSON equal to this. */
void stage_check_bundle(size_t number, const char *json);

/** A member of the first bundle as text. */
struct str stage_output(const char *name);

/** The text is in the failure's message. */
void stage_check_said(const char *text);

/** An answer with this status and body. */
#define STAGE_ANSWER(status, body_) \
	{ \
		.bytes = \
			"HTTP/1.1 " status "\r\nContent-Type: " \
			"application/json\r\nConnection: close\r\n\r\n" body_, \
		.then = WIRE_CLOSE \
	}
#define STAGE_OK(body_) STAGE_ANSWER("200 OK", body_)
