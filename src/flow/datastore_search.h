#pragma once
#include "flow/datastore.h"

/* Records of one search. */
enum { DATASTORE_FOUND_MAX = 3200 };

/**
 * The records that pass the input's `filter` ([[{a, o, b}, …], …] with names
 * of fields in `a`; "key" is the record's key), sorted by its `sort` ([{key,
 * order: 1 or -1}, …], else by the records' keys), at most `limit` of them, as
 * bundles {key, data}. FAILURE_DATA when the filter is none.
 */
enum failure_kind datastore_search(const struct module_call *call,
	const struct datastore *datastore, struct module_result *result,
	struct failure *failure);
