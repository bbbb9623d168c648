#include "api/com_deliveries.h"
#include "api/com_webhooks.h"
#include "api/route.h"

/*
 * The COM dialect: reference §1.2. Whoever may look may look at all of it;
 * changes are the administrator's (COM's own permission table).
 */
#define WEBHOOKS "/compute-ops-mgmt/v1beta1/webhooks"

const struct route api_com_routes[] = {
	{
		.method = "GET",
		.path = WEBHOOKS,
		.dialect = API_COM,
		.access = ACCESS_VIEWER,
		.handle = com_webhooks_list,
	},
	{
		.method = "POST",
		.path = WEBHOOKS,
		.dialect = API_COM,
		.access = ACCESS_ADMIN,
		.body = BODY_JSON,
		.blocks = true,
		.handle = com_webhooks_create,
	},
	{
		.method = "GET",
		.path = WEBHOOKS "/{id}",
		.dialect = API_COM,
		.access = ACCESS_VIEWER,
		.handle = com_webhooks_get,
	},
	{
		.method = "PATCH",
		.path = WEBHOOKS "/{id}",
		.dialect = API_COM,
		.access = ACCESS_ADMIN,
		.body = BODY_MERGE_PATCH,
		.blocks = true,
		.handle = com_webhooks_patch,
	},
	{
		.method = "DELETE",
		.path = WEBHOOKS "/{id}",
		.dialect = API_COM,
		.access = ACCESS_ADMIN,
		.blocks = true,
		.handle = com_webhooks_delete,
	},
	{
		.method = "GET",
		.path = WEBHOOKS "/{id}/deliveries",
		.dialect = API_COM,
		.access = ACCESS_VIEWER,
		.blocks = true,
		.handle = com_deliveries_list,
	},
	{
		.method = "GET",
		.path = WEBHOOKS "/{id}/deliveries/{delivery}",
		.dialect = API_COM,
		.access = ACCESS_VIEWER,
		.blocks = true,
		.handle = com_deliveries_get,
	},
};
const size_t api_com_route_count = COUNT_OF(api_com_routes);
