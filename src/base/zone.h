#pragma once
#include "base/arena.h"

/*
 * Time zones by their IANA names ("Europe/Prague"), from the system's tzdata
 * (TZif files, RFC 8536, in /usr/share/zoneinfo). The C library's own are not
 * used because they know one zone a process.
 *
 * A zone is read at its first use, checked, and kept for good: it never
 * changes and any number of threads may use it. A zone that the program holds
 * does not notice an update of tzdata. NULL is UTC everywhere.
 */
struct zone;

enum {
	ZONE_NAME_MAX = 64,
	ZONE_FILE_MAX = 64 * 1024,
	ZONES_MAX = 1024, /* kept at once; tzdata has about 600 */
};

/**
 * The zone of a name; NULL when there is none (or it is UTC: see
 * zone_exists). Reads one small file the first time. Any thread.
 */
const struct zone *zone_find(struct str name);

/** Whether it is a zone's name, those of UTC included. */
bool zone_exists(struct str name);

/**
 * Reads the bytes of a TZif file into `arena`; pure. ERR_INVALID when they are
 * not one, or one with impossible content.
 */
enum err zone_parse(struct str bytes, struct arena *arena,
	const struct zone **ret) MUST_USE;

/** Seconds east of UTC at an instant, in seconds since 1970. */
int32_t zone_offset(const struct zone *zone, int64_t seconds);

/**
 * The instant of a local time (seconds since 1970 as if it were UTC). A local
 * time that a clock change leaves out counts with the offset before the
 * change, so it comes out after it; of one that happens twice, the first.
 */
int64_t zone_to_utc(const struct zone *zone, int64_t local_seconds);
