#pragma once
#include "api/route.h"

/*
 * Hooks over HTTP: /hook/{token}, which asks for no API key of the hub's and
 * answers as flow/hook_receive.h says, and /v1/hooks to set them up.
 */
extern const struct route api_hook_routes[];
extern const size_t api_hook_route_count;

/** The body was over HOOK_BODY_MAX and not read: counted, and answered. */
void hook_routes_refuse_body(struct api_call *call);
