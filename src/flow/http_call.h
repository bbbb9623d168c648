#pragma once
#include "flow/http_auth.h"
#include "flow/http_body.h"

/*
 * An HTTP call as the modules of the app http make it: address with its query,
 * headers, body, proof, redirects, one time limit for all of it. Every address
 * it is led to is vetted by the guarded client like the first; what proves us
 * and other headers with secret names are sent to the origin that was asked,
 * not to another one that it redirects to.
 */
enum { HTTP_CALL_REDIRECTS_MAX = 5, HTTP_CALL_HEADERS_MAX = 100 };

struct http_call {
	struct str method;     /* "GET" */
	struct str url;	       /* beginning with '/': of the connection's
				  baseUrl */
	struct value headers;  /* [{name, value}, …] */
	struct value query;    /* likewise */
	bool numbers_repeated; /* a name given twice becomes name[0], … */
	struct http_body body;
	bool has_body;
	struct http_auth auth;
	int64_t timeout; /* microseconds */
	bool follows;	 /* redirects of GET and HEAD */
	bool follows_all;
	struct str ca;		/* PEM to trust besides; before the
				   connection's */
	bool needs_certificate; /* ours, of the connection */
	bool shares_cookies;	/* with the other calls of the run */
	bool is_compressed;	/* gzip is asked for, and undone */
};

struct http_call_answer {
	struct outgoing_response response;
	struct str url;	      /* that answered; without the query's proof */
	struct value cookies; /* those that were set, if they are shared */
};

/**
 * Any status is FAILURE_NONE. *trace (request and response, secrets and long
 * bodies cut) is set whenever something was asked.
 */
enum failure_kind http_call_send(const struct module_call *call,
	const struct http_call *http, struct http_call_answer *ret,
	struct value *trace, struct failure *failure);
