#pragma once
#include "api/route.h"

/*
 * Sending again what a webhook missed (docs/replay.md):
 *
 *   POST    /v1/webhooks/{id}/replay   {"which", "from", "to", "filter",
 *                                       "rate", "preview"}
 *   GET     /v1/replays                a collection
 *   GET     /v1/replays/{id}           how far it is
 *   POST    /v1/replays/{id}/cancel    DELETE does the same
 */
extern const struct route api_replay_routes[];
extern const size_t api_replay_route_count;
