#pragma once
/*
 * A hub for the API's frame: the real router, keys, desk and HTTP server on
 * api_double's store, with a few routes of its own in the places of the COM
 * and the native dialect. One a test.
 *
 *   GET  COM/webhooks/{id}, /webhooks/{id}/deliveries/{delivery},
 *   GET  /v1/resources/{type}/{id}, /v1/resources/{type}/latest
 *                            answer the row's path, its parameters, the key
 *   PATCH COM/webhooks/{id}, PUT /v1/resources/{type}/{id}
 *                            answer the member "name"
 *   GET  COM/problem, /v1/problem   answer a problem with all it can have
 *   GET  /v1/gate            holds its desk thread, see api_hub_entered
 *   POST /v1/small, /v1/bulk answer how long the body was
 */
#include <semaphore.h>

#include "api/api.h"
#include "base/arena.h"

#define COM "/compute-ops-mgmt/v1beta1"

#define JSON "Content-Type: application/json\r\n"
#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"

struct api_hub {
	struct api api;
	struct arena arena;
	struct str texts[3]; /* of a key for each role */
	struct str answer;   /* whole, of the last request */
};

/* GET /v1/gate posts the first and waits for the second. */
extern sem_t api_hub_entered, api_hub_leave;

/** Bodies may have 300 bytes, in bulk 1000; the desk has one thread and one
 * place to wait. */
struct api_hub *api_hub_start(void);
void api_hub_stop(struct api_hub *hub);

/** Sends a request and reads its answer; its status. `line` is "GET /path",
 * `headers` whole lines; role -1: without credentials. */
int api_hub_request(struct api_hub *hub, int role, const char *line,
	const char *headers, const char *body);
int api_hub_get(struct api_hub *hub, const char *path);

/* The same in two halves, for more than one request at a time. */
int api_hub_dial(const struct api_hub *hub);
void api_hub_send(struct api_hub *hub, int fd, const char *line,
	const char *headers, struct str body);
/** The status; closes `fd`. */
int api_hub_read(struct api_hub *hub, int fd);

/** Whether the last answer, head and body, has this in it. */
bool api_hub_says(const struct api_hub *hub, const char *text);

/** The last answer's body. */
struct str api_hub_body(const struct api_hub *hub);
