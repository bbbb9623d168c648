#include "api/event_type_body.h"

#include <stdlib.h>

/*
 * A body that registers an event type, and then the same as a change of it.
 * What has no issues can become a type, or is refused with a reason, and reads
 * as a change of itself.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct event_type_facts *facts)
{
	CLEANUP(buf_release) struct buf why = {0};
	const struct event_type *type;
	const char *member = NULL;

	if (event_type_next(facts, NULL, &type, &member, &why)) {
		if (why.len == 0 || member == NULL)
			abort();
		return;
	}
	event_type_unref(type);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct event_type_body *first, *second;
	struct json_doc doc;

	if (json_read(str_make((const char *)data, size), &arena, &doc, NULL))
		return 0;
	first = ARENA_NEW(&arena, struct event_type_body);
	second = ARENA_NEW(&arena, struct event_type_body);
	event_type_body_read(json_root(&doc), NULL, &arena, first);
	if (first->issue_count > 0)
		return 0;
	check(&first->facts);
	event_type_body_read(json_root(&doc), &first->facts, &arena, second);
	/* A name in another spelling than the canonical one is none here. */
	for (size_t i = 0; i < second->issue_count; i++) {
		if (!str_equal(second->issues[i].subject, STR("name")))
			abort();
	}
	return 0;
}
