#include "api/explain_routes.h"

#include "api/audit_log.h"
#include "api/explain.h"

#define EXPLAIN_ROUTE(path_, handle_) \
	{ \
		.method = "GET", .path = (path_), .dialect = API_NATIVE, \
		.access = ACCESS_VIEWER, .blocks = true, .handle = (handle_) \
	}

const struct route api_explain_routes[] = {
	EXPLAIN_ROUTE("/v1/events", explain_list_events),
	EXPLAIN_ROUTE("/v1/events/{id}", explain_get_event),
	EXPLAIN_ROUTE("/v1/events/{id}/explain", explain_match),
	{"GET", "/v1/audit-log", API_NATIVE, ACCESS_ADMIN, BODY_NONE, true,
		false, audit_log_list},
	EXPLAIN_ROUTE("/v1/deliveries", explain_list_deliveries),
	EXPLAIN_ROUTE("/v1/deliveries/{id}", explain_get_delivery),
};
const size_t api_explain_route_count = COUNT_OF(api_explain_routes);
