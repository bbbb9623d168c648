#pragma once
#include "api/route.h"

/*
 * GET or POST /v1/handshakes/{key}: an endpoint consents to its handshake
 * later than by its answer (pipeline/callback.h, docs/api.md). Who holds the
 * key needs no other credential.
 */
extern const struct route api_handshake_routes[];
extern const size_t api_handshake_route_count;
