#include <assert.h>

#include "api/gl_draft.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct gl_limits limits = {50, 100, 4, 100};

/* A draft without issues is one that the registry may be given. */
static void
check_good(const struct gl_draft *got, bool is_create, struct arena *arena)
{
	const struct webhook_draft *draft = &got->draft;
	struct webhook_issues issues = {.arena = arena};
	struct webhook_options options = {.payload = PAYLOAD_CLOUDEVENT_PLAIN};

	if (is_create)
		assert(draft->has_name && draft->has_destination &&
			draft->has_secret && draft->has_state);
	if (draft->has_name)
		assert(draft->name.len > 0 &&
			draft->name.len <= limits.name_max);
	if (draft->has_destination)
		assert(draft->destination.len > 0);
	if (draft->has_secret)
		assert(draft->secret.len >= limits.secret_min);
	assert(draft->has_options);
	webhook_options_read(draft->options, &options, &issues);
	assert(issues.count == 0 || !is_create);
}

static void
check(struct json body, const struct webhook *present)
{
	struct arena arena = {0};
	struct gl_draft got;

	gl_draft_read(body, present, &limits, &arena, &got);
	assert(got.issue_count <= GL_ISSUES_MAX);
	for (size_t i = 0; i < got.issue_count; i++)
		assert(got.issues[i].description.len > 0);
	if (got.issue_count == 0)
		check_good(&got, present == NULL, &arena);
	arena_release(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct webhook present = {
		.options = {.payload = PAYLOAD_CLOUDEVENT_PLAIN,
			.handshake = HANDSHAKE_GREENLAKE,
			.signing = SIGNATURE_GREENLAKE}};
	struct arena arena = {0};
	struct json_doc doc;

	if (json_read(str_make((const char *)data, size), &arena, &doc, NULL) ==
		ERR_OK) {
		check(json_root(&doc), NULL);
		check(json_root(&doc), &present);
	}
	arena_release(&arena);
	return 0;
}
