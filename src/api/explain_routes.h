#pragma once
#include "api/route.h"

/*
 * What happened to events and deliveries (docs/api.md, "Explaining"):
 *
 *   GET /v1/events                 newest first, in pages
 *   GET /v1/events/{id}            one, with every webhook's outcome
 *   GET /v1/events/{id}/explain    why it reached a webhook, or did not
 *   GET /v1/audit-log              who changed what (api/audit_log.h)
 *   GET /v1/deliveries             newest first, in pages
 *   GET /v1/deliveries/{id}        one, with its attempts
 */
extern const struct route api_explain_routes[];
extern const size_t api_explain_route_count;
