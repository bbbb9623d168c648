#pragma once
#include "base/json.h"
#include "net/http_server.h"
#include "store/store.h"

/*
 * The REST interface is a table of routes, one array a dialect
 * (com_routes.c, native_routes.c, …), joined in routes.c. The router finds
 * the row by path and method, checks credentials and role, Accept, content
 * type, body size and (for JSON) the body's grammar, in this order, and
 * answers what is wrong in the dialect's own error shape before a handler
 * runs. Rows with `blocks` run
 * on the desk's threads (base/desk.h), where they may wait for the disk; the
 * others run on the server's event-loop threads and may not.
 */
struct api;
struct api_call;
struct ingest_ahead; /* pipeline/ingest.h */

enum api_dialect { API_NATIVE, API_COM, API_OAUTH, API_GREENLAKE };

enum api_access {
	ACCESS_PUBLIC, /* no credentials asked */
	ACCESS_VIEWER,
	ACCESS_PUBLISHER, /* publisher or admin */
	ACCESS_ADMIN,
	ACCESS_METRICS, /* viewer, unless the configuration says public */
};

enum api_body {
	BODY_NONE,  /* a body is ignored */
	BODY_JSON,  /* application/json: read, in call->json */
	BODY_STATE, /* the same: the state of the path's {type} and {id} */
	BODY_MERGE_PATCH, /* application/merge-patch+json or application/json */
	BODY_FORM,	  /* application/x-www-form-urlencoded */
	BODY_ANY,	  /* the handler looks at the content type itself */
	BODY_HOOK,	  /* the same, with the limit that hooks have */
};

enum { ROUTE_PARAMETERS_MAX = 3 };

struct route {
	const char *method; /* "GET" also serves HEAD */
	/* "/v1/resources/{type}/{id}": a {} takes one segment, decoded */
	const char *path;
	enum api_dialect dialect;
	enum api_access access;
	enum api_body body;
	bool blocks;
	bool is_bulk; /* body limit is the bulk one */
	void (*handle)(struct api_call *call);
};

/** Who is calling. */
struct api_identity {
	uint32_t workspace;
	enum key_role role;
	struct str key_id; /* in the call's arena; empty: nobody */
	struct str key_name;
	int64_t key_expires; /* 0: never */
};

struct api_call {
	struct http_call *http;
	struct api *api;
	const struct route *route;
	struct arena *arena; /* the call's */
	struct api_identity who;
	struct str parameters[ROUTE_PARAMETERS_MAX]; /* of {}, in order */
	struct json json; /* BODY_JSON, BODY_STATE, BODY_MERGE_PATCH */
	struct ingest_ahead *ahead; /* BODY_STATE: of the resource; or NULL */
};

/* The dialects' tables. */
extern const struct route api_com_routes[];
extern const size_t api_com_route_count;
extern const struct route api_native_routes[];
extern const size_t api_native_route_count;

/** Answers with JSON. */
void api_respond_json(
	struct api_call *call, int status, const struct buf *body);

/** One thing that is wrong with a request. */
struct api_issue {
	const char *source; /* "field", "header", "query.parameter" */
	struct str subject; /* which one, a path with dots inside the body */
	struct str description;
};

/**
 * A problem, told in the dialect's shape by api_respond_problem(). What is
 * left zero is filled in: the code and message that belong to the status.
 */
struct api_problem {
	int status;
	const char *code;    /* dialect's errorCode; NULL: the status's own */
	struct str message;  /* one sentence */
	const char *source;  /* "field", "header", "query.parameter"; NULL: no
				issue is listed */
	struct str subject;  /* which field, header or parameter */
	int64_t retry_after; /* microseconds: Retry-After and retry_info */
	/* All that is wrong at once, when it is more than `source` can tell;
	   listed in place of it. */
	const struct api_issue *issues;
	size_t issue_count;
};

/**
 * COM: reference body {"httpStatusCode","errorCode","message","debugId",
 * "errorDetails"}; native: the same without HPE's prefix in errorCode
 * ("BAD_REQUEST"); OAuth: {"error","error_description"} (RFC 6749 §5.2);
 * GreenLake: api/gl_problem.h.
 * The debugId is logged with the request, so a report can be found.
 */
void api_respond_problem(
	struct api_call *call, const struct api_problem *problem);

/** The common cases in one line; `field` may be NULL. */
void api_refuse(struct api_call *call, int status, const char *field,
	const char *format, ...) PRINTF_LIKE(4, 5);
