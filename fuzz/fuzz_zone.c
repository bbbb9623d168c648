#include "base/zone.h"

#include <stdlib.h>

#include "fuzz.h"

/*
 * The bytes of a TZif file. Whatever is read gives offsets within a day or so
 * at all times, and local times that lead back.
 */
static const int64_t times[] = {INT64_C(-62167219200), -2208988800, 0,
	1553005800, 4102444800, INT64_C(253402300799)};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = str_make((const char *)data, size);
	CLEANUP(arena_release) struct arena arena = {0};
	const struct zone *zone;

	if (zone_parse(bytes, &arena, &zone))
		return 0;
	for (size_t i = 0; i < COUNT_OF(times); i++) {
		int32_t offset = zone_offset(zone, times[i]);
		int64_t back = zone_to_utc(zone, times[i] + offset);

		if (offset < -26 * 3600 || offset > 26 * 3600)
			abort();
		if (llabs(back - times[i]) > 2 * 26 * 3600)
			abort();
	}
	return 0;
}
