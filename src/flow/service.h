#pragma once
#include "flow/connection.h"
#include "flow/module.h"
#include "flow/outgoing.h"

/*
 * What apps of services share: a request to the service of a connection, as
 * JSON or as a form, and its answer read as a value; fields of the input as
 * texts, numbers and JSON. For the files flow/app_*.c; everything is in the
 * call's arena and on its thread.
 */
enum { SERVICE_HEADERS_MAX = 8 };

struct service_request {
	const char *method;
	struct str path; /* begins with '/', behind `base`; has the query */
	struct str base; /* empty: the connection's baseUrl */
	struct str authorization; /* the header's value; empty: none */
	struct http_header headers[SERVICE_HEADERS_MAX];
	size_t header_count;
	struct value body; /* sent as JSON unless it is empty */
	struct str form;   /* else this, as application/x-www-form-urlencoded */
	/* Path (as value_path()) of the sentence in an answer that refuses;
	   with a blank between several, the first that has a text. NULL: the
	   answer as it is. */
	const char *said;
	bool is_url_secret; /* kept out of messages and histories */
};

struct service_answer {
	struct outgoing_response response;
	struct value body; /* JSON; a text when it is none; empty */
};

/**
 * Sends and waits. FAILURE_NONE for a status below 400; otherwise what
 * outgoing_refusal() says, or the service's own codes
 * (flow/service_errors.h), with the answer as detail. `result->trace` is set
 * in every case in which something was sent.
 */
enum failure_kind service_send(const struct module_call *call,
	const struct service_request *request, struct module_result *result,
	struct service_answer *ret, struct failure *failure);

/**
 * FAILURE_CONFIGURATION unless the call has a connection of the type that its
 * row names. To be asked first.
 */
enum failure_kind service_need_connection(
	const struct module_call *call, struct failure *failure);

/** A member of the connection, or "". */
struct str service_secret(const struct module_call *call, const char *name);

/** "Bearer …" and "Basic …"; empty when there is nothing to tell. */
struct str service_bearer(struct arena *arena, struct str token);
struct str service_basic(
	struct arena *arena, struct str username, struct str password);

/** A field of the input as text; "" when it is empty or no text. */
struct str service_text(const struct module_call *call, const char *name);

/** The same; FAILURE_DATA ("channel: expected a value") when it is blank. */
enum failure_kind service_need_text(const struct module_call *call,
	const char *name, struct str *ret, struct failure *failure);

/** A field as whole number within the limits; `fallback` when it is blank. */
enum failure_kind service_integer(const struct module_call *call,
	const char *name, int64_t fallback, int64_t *ret,
	struct failure *failure);

/**
 * A field that is JSON: a text is read, anything else stays as it is. Empty
 * when it is blank. FAILURE_DATA with the place when it is no JSON.
 */
enum failure_kind service_json(const struct module_call *call, const char *name,
	struct value *ret, struct failure *failure);

/** The value as text, "" for what is none. */
struct str service_value_text(
	const struct module_call *call, struct value value);

/** Sets the member unless the value is blank. */
void service_put(
	struct value_builder *builder, const char *name, struct value value);

/** Fields of the input by these names, those that are not blank. */
void service_put_fields(struct value_builder *builder,
	const struct module_call *call, const char *const *names);

/** Percent-encoded: one segment of a path, or a value of a query. */
struct str service_escape(struct arena *arena, struct str text);

/** Appends "name=value" with what must be before it ('?' or '&'). */
void service_query(struct buf *path, const char *name, struct str value);

/** Bundles of a search. */
void service_results(struct module_result *result, struct value_builder *found);
