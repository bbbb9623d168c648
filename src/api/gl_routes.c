#include "api/gl_call.h"
#include "api/gl_deliveries.h"
#include "api/gl_webhooks.h"

/*
 * GreenLake's webhooks: reference §2.2. Whoever may look may look at all of
 * it; changes, and what makes the hub send something, are the administrator's.
 */
#define ONE GL_WEBHOOKS_URI "/{id}"

const struct route api_gl_routes[] = {
	{"GET", GL_WEBHOOKS_URI, API_GREENLAKE, ACCESS_VIEWER, BODY_NONE, false,
		false, gl_webhooks_list},
	{"POST", GL_WEBHOOKS_URI, API_GREENLAKE, ACCESS_ADMIN, BODY_JSON, true,
		false, gl_webhooks_create},
	{"GET", ONE, API_GREENLAKE, ACCESS_VIEWER, BODY_NONE, false, false,
		gl_webhooks_get},
	{"PATCH", ONE, API_GREENLAKE, ACCESS_ADMIN, BODY_MERGE_PATCH, true,
		false, gl_webhooks_patch},
	{"DELETE", ONE, API_GREENLAKE, ACCESS_ADMIN, BODY_NONE, true, false,
		gl_webhooks_delete},
	{"POST", ONE "/verify", API_GREENLAKE, ACCESS_ADMIN, BODY_NONE, true,
		false, gl_webhooks_verify},
	{"GET", ONE "/recent-deliveries", API_GREENLAKE, ACCESS_VIEWER,
		BODY_NONE, true, false, gl_deliveries_list},
	{"POST", ONE "/delivery-failures/{failure}/retry", API_GREENLAKE,
		ACCESS_ADMIN, BODY_NONE, true, false, gl_deliveries_retry},
};
const size_t api_gl_route_count = COUNT_OF(api_gl_routes);
