#pragma once
#include "api/route.h"

/*
 * Subscriptions and the catalog over HTTP, in GreenLake's dialect (reference
 * §2.2, §2.4) and the hub's own (docs/api.md).
 */
#define GL_SUBSCRIPTIONS_URI "/events/v1beta1/subscriptions"
#define SUBSCRIPTIONS_URI "/v1/subscriptions"

extern const struct route api_gl_subscription_routes[];
extern const size_t api_gl_subscription_route_count;
extern const struct route api_gl_catalog_routes[];
extern const size_t api_gl_catalog_route_count;
extern const struct route api_subscription_routes[];
extern const size_t api_subscription_route_count;
