#pragma once
#include "api/route.h"
#include "base/json_out.h"
#include "pipeline/event_types.h"

/*
 * The catalog over HTTP: /v1/event-types, where publishers register types, and
 * what the other dialects show of it.
 */
#define EVENT_TYPES_URI "/v1/event-types"

extern const struct route api_event_type_routes[];
extern const size_t api_event_type_route_count;

/**
 * How a subscription to a type, or to a prefix of types, is described: by the
 * catalog where it knows the type, else by the type itself. Texts are in
 * `arena`.
 */
struct event_type_label {
	struct str friendly_name;
	struct str description; /* or empty */
	struct str api_group;
	struct uuid service_manager;
	bool is_known;
};
struct event_type_label event_type_label(struct event_types *types,
	uint32_t workspace, struct str type, struct arena *arena);

/**
 * Ids of things that have only names: the same in every installation. A
 * service manager, a group of one, a type of a group.
 */
struct uuid event_type_id(
	struct str service_manager, struct str api_group, struct str name);
