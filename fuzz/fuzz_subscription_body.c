#include "api/subscription_body.h"

#include <stdlib.h>

#include "base/json_out.h"

/*
 * A body that makes or changes subscriptions, in each of its forms. What has
 * no issues has drafts whose types are some.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(struct json body, enum subscription_body_kind kind)
{
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf why = {0};
	struct subscription_body *ret =
		ARENA_NEW(&arena, struct subscription_body);

	subscription_body_read(body, kind, &arena, ret);
	for (size_t i = 0; i < ret->issue_count; i++) {
		if (ret->issues[i].description.len == 0)
			abort();
	}
	if (ret->issue_count > 0)
		return;
	if (ret->count < 1 || ret->count > SUBSCRIPTIONS_BATCH_MAX)
		abort();
	for (size_t i = 0; i < ret->count; i++) {
		if ((kind != SUBSCRIPTION_PATCH || ret->has_type) &&
			filter_of_type_check(ret->drafts[i].type, &why))
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct json_doc doc;

	if (json_read(str_make((const char *)data, size), &arena, &doc, NULL))
		return 0;
	for (int kind = SUBSCRIPTION_GL_CREATE; kind <= SUBSCRIPTION_PATCH;
		kind++)
		check(json_root(&doc), (enum subscription_body_kind)kind);
	return 0;
}
