#pragma once
#include "api/route.h"
#include "flow/datastore.h"

/*
 * Data stores of scenarios (flow/datastore.h) in the hub's own dialect.
 *
 *   GET, POST                 /v1/data-stores
 *   GET, PATCH, DELETE        /v1/data-stores/{id}
 *   POST                      /v1/data-stores/{id}/search
 *   GET, DELETE               /v1/data-stores/{id}/records
 *   GET, PUT, PATCH, DELETE   /v1/data-stores/{id}/records/{key}
 */
enum { DATA_STORES_MAX = 1000 }; /* in a workspace */

extern const struct route api_data_store_routes[];
extern const size_t api_data_store_route_count;
extern const struct route api_record_routes[];
extern const size_t api_record_route_count;

/* ---- what both files share ---- */

/** The data store of the call's path, whoever acts for it. */
struct datastore data_store_of_call(
	struct api_call *call, struct run_host *host);

/** Its settings; false when it is not there, which is answered. */
bool data_store_find(struct api_call *call, const struct datastore *datastore,
	struct datastore_own *ret);

/** 503 */
void data_store_refuse_disk(struct api_call *call);
