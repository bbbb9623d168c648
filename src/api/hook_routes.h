#pragma once
#include "api/route.h"

/*
 * Hooks over HTTP: /hook/{token}, which asks for no API key of the hub's and
 * answers as flow/hook_receive.h says, and /v1/hooks to set them up.
 */
extern const struct route api_hook_routes[];
extern const size_t api_hook_route_count;
