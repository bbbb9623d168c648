#pragma once
#include "base/clock.h"
#include "flow/module.h"

/*
 * What apps remember between calls for a while: access tokens, schemas. Kept
 * in memory only, by connection: its id together with all its members, so that
 * a changed connection begins anew and none sees another's. At most
 * SERVICE_CACHE_MAX entries; the one that ends first goes first. Any thread.
 */
enum { SERVICE_CACHE_MAX = 256, SERVICE_CACHE_TEXT_MAX = 1 << 20 };

/** The text that was put under this name, in the call's arena. */
bool service_cache_get(
	const struct module_call *call, struct str name, struct str *ret);

/** For `time` microseconds. A text that is too long is not kept. */
void service_cache_put(const struct module_call *call, struct str name,
	struct str text, int64_t time);

void service_cache_drop(const struct module_call *call, struct str name);
