#include "api/allow_list_routes.h"
#include "api/connection_routes.h"
#include "api/data_store_routes.h"
#include "api/event_types.h"
#include "api/explain_routes.h"
#include "api/filter_routes.h"
#include "api/gl_webhooks.h"
#include "api/handshake_routes.h"
#include "api/hook_routes.h"
#include "api/native_webhooks.h"
#include "api/replay_routes.h"
#include "api/router.h"
#include "api/scenario_routes.h"
#include "api/subscription_routes.h"

struct api_router *
api_router_new(struct api *api)
{
	const struct route_table tables[] = {
		{api_com_routes, api_com_route_count},
		{api_gl_routes, api_gl_route_count},
		{api_native_routes, api_native_route_count},
		{api_allow_list_routes, api_allow_list_route_count},
		{api_connection_routes, api_connection_route_count},
		{api_data_store_routes, api_data_store_route_count},
		{api_record_routes, api_record_route_count},
		{api_explain_routes, api_explain_route_count},
		{api_webhook_routes, api_webhook_route_count},
		{api_filter_routes, api_filter_route_count},
		{api_replay_routes, api_replay_route_count},
		{api_handshake_routes, api_handshake_route_count},
		{api_hook_routes, api_hook_route_count},
		{api_subscription_routes, api_subscription_route_count},
		{api_event_type_routes, api_event_type_route_count},
		{api_gl_subscription_routes, api_gl_subscription_route_count},
		{api_gl_catalog_routes, api_gl_catalog_route_count},
		{api_oauth_routes, api_oauth_route_count},
		{api_scenario_routes, api_scenario_route_count},
		{api_execution_routes, api_execution_route_count},
		{api_operations_routes, api_operations_route_count},
	};

	return api_router_new_of(api, tables, COUNT_OF(tables));
}
