#pragma once
/*
 * A hub for the COM dialect's handlers to work on that is all in this file's
 * memory: a request goes through api_com_routes to its handler, the registry
 * and the store below are doubles with the real names (which is why com_tests
 * is an executable of its own), and the answer is kept to be looked at.
 */
#include "api/api.h"
#include "check.h"

enum { COM_WEBHOOKS_MAX = 32, COM_ATTEMPTS_SHOWN_MAX = 16 };

struct com_hub {
	struct arena arena;
	/* The registry. */
	struct webhook *webhooks[COM_WEBHOOKS_MAX];
	size_t webhook_count;
	int references;	  /* given out and not given back */
	enum err refusal; /* of the next change, once; ERR_OK: none */
	const char *refusal_field;
	const char *refusal_why;
	int64_t refusal_retry_after;
	int conflicts;	/* so many patches meet a faster one */
	size_t changes; /* that reached the registry */
	/* The store. */
	struct attempt_view attempts[COM_ATTEMPTS_SHOWN_MAX];
	size_t attempt_count;
	enum err store_failure;
	size_t asked_recent, asked_failed;
};

/* What the doubles' names stand for. */
struct webhooks {
	struct com_hub *hub;
};

struct store {
	struct com_hub *hub;
};

struct com_answer {
	int status;
	struct str body;
	struct str headers; /* "Name: value\n" each */
	/* Of a problem; the body is empty then. */
	const char *code;
	struct str message;
	struct str issues; /* "source subject: description\n" each */
	int64_t retry_after;
};

struct com_request {
	const char *method;
	const char *path;    /* behind /compute-ops-mgmt/v1beta1, unless it
				begins with /v1/ or /events/; with its query */
	const char *headers; /* "Name: value\n" each, or NULL */
	const char *body;    /* JSON, or NULL */
};

void com_hub_init(struct com_hub *hub);
/** Fails the test when references are still out. */
void com_hub_release(struct com_hub *hub);

/** References are counted in this hub from now on. */
void com_hub_watch(struct com_hub *hub);

/** A webhook as if it had been there; "com", ENABLED, ACTIVE. */
struct webhook *com_hub_add(struct com_hub *hub, const char *name);

/** Sends a request; the answer is in the hub's arena. */
struct com_answer com_send(
	struct com_hub *hub, const struct com_request *request);

/* The body that HPE's PowerShell module creates a webhook with. */
#define COM_CREATE \
	"{\"name\":\"Webhook event for servers that get unhealthy\"," \
	"\"destination\":\"https://hook.example.com/4wt8t3dsw\"," \
	"\"state\":\"ENABLED\"," \
	"\"eventFilter\":\"type eq 'compute-ops/server'\",\"headers\":{}}"

/** com_send for the short cases. */
struct com_answer com_ask(struct com_hub *hub, const char *method,
	const char *path, const char *headers, const char *body);
struct com_answer com_get(struct com_hub *hub, const char *path);
struct com_answer com_post(
	struct com_hub *hub, const char *path, const char *body);
struct com_answer com_patch(struct com_hub *hub, const struct webhook *webhook,
	const char *headers, const char *body);

/** "/webhooks/<id>" with `rest` behind it, in the hub's arena. */
const char *com_path(
	struct com_hub *hub, const struct webhook *webhook, const char *rest);

/** GETs what a resourceUri points at. */
struct com_answer com_follow(struct com_hub *hub, struct str uri);

/** The answer's body, read. */
struct json com_json(struct com_hub *hub, const struct com_answer *answer);

/** The string at a path in it. */
struct str com_text_at(
	struct com_hub *hub, const struct com_answer *answer, const char *path);

#define CHECK_HAS(text, part) \
	do { \
		struct str text_ = (text); \
		if (str_find(text_, str_of(part)) == SIZE_MAX) \
			check_failed(__FILE__, __LINE__, \
				"%s is \"%.*s\", without \"%s\"", #text, \
				STR_ARG(text_), part); \
	} while (0)
