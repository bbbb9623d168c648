#pragma once
#include "api/route.h"

/*
 * What people ask about filters and events, with nothing changed, stored or
 * sent (docs/api.md):
 *   POST /v1/filters/check     is it well-formed, and what is it about
 *   POST /v1/filters/explain   why does it match an event, or not
 *   POST /v1/filters/backtest  which stored events would it have matched
 *   POST /v1/events/match      which webhooks would an event reach
 */
extern const struct route api_filter_routes[];
extern const size_t api_filter_route_count;
