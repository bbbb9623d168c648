#include "api/publish.h"

const struct route api_native_routes[] = {
	{"PUT", "/v1/resources/{type}/{id}", API_NATIVE, ACCESS_PUBLISHER,
		BODY_STATE, false, false, publish_put_resource},
	{"DELETE", "/v1/resources/{type}/{id}", API_NATIVE, ACCESS_PUBLISHER,
		BODY_NONE, false, false, publish_delete_resource},
	{"GET", "/v1/resources/{type}/{id}", API_NATIVE, ACCESS_VIEWER,
		BODY_NONE, true, false, publish_get_resource},
	{"POST", "/v1/resources", API_NATIVE, ACCESS_PUBLISHER, BODY_ANY, false,
		true, publish_resources},
	{"POST", "/v1/events", API_NATIVE, ACCESS_PUBLISHER, BODY_ANY, false,
		true, publish_events},
};
const size_t api_native_route_count = COUNT_OF(api_native_routes);
