#include "rule/schedule.h"

#include <stdlib.h>

#include "fuzz.h"

/* A scenario's `scheduling`: starts always lie ahead. */
static const int64_t times[] = {0, INT64_C(1774746000000000),
	INT64_C(1792886400000000), INT64_C(253402300799000000)};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_make((const char *)data, size);
	const struct zone *zone = zone_find(STR("Europe/Prague"));
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf why = {0};
	struct schedule schedule;
	struct json_doc doc;

	if (json_read(text, &arena, &doc, NULL) ||
		schedule_read(json_root(&doc), &schedule, &why))
		return 0;
	for (size_t i = 0; i < COUNT_OF(times); i++) {
		if (schedule_next(&schedule, times[i], 0, zone) <= times[i])
			abort();
	}
	return 0;
}
