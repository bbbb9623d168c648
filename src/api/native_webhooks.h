#pragma once
#include "api/route.h"

/*
 * What COM's dialect has no place for about a webhook, in the hub's own:
 *
 *   GET /v1/webhooks/{id}/secret   the signing secret, once
 */
extern const struct route api_webhook_routes[];
extern const size_t api_webhook_route_count;
