#include <assert.h>

#include "api/com_draft.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A draft without issues is one that the registry may be given. */
static void
check_good(const struct com_draft *got, enum com_draft_kind kind)
{
	const struct webhook_draft *draft = &got->draft;

	assert(got->issues.left_off == 0);
	if (kind == COM_CREATE)
		assert(draft->has_name && draft->has_destination &&
			draft->has_state && draft->has_filter &&
			draft->has_headers && !got->clears_headers);
	if (draft->has_name)
		assert(draft->name.len > 0 &&
			draft->name.len <= 4 * COM_NAME_MAX);
	if (draft->has_destination)
		assert(draft->destination.len > 0);
	if (draft->has_filter)
		assert(draft->filter.len > 0);
	assert(draft->has_headers || draft->header_count == 0);
	assert(draft->header_count <= COM_HEADERS_MAX);
	for (size_t i = 0; i < draft->header_count; i++)
		assert(kind == COM_PATCH || draft->headers[i].value.ptr);
}

/* Options that were accepted are written as they would be read. */
static void
check_native(struct json body, enum com_draft_kind kind)
{
	static const struct webhook_options none;
	struct webhook_options options = none;
	struct webhook_issues issues = {0};
	struct buf text = buf_make(0);
	struct json_out out = json_out_make(&text);
	struct arena arena = {0};
	struct com_draft got;
	struct json_doc doc;

	issues.arena = &arena;
	com_draft_read_native(body, kind, &none, &arena, &got);
	if (got.issues.count == 0 && got.draft.has_options) {
		webhook_options_read(got.draft.options, &options, &issues);
		assert(issues.count == 0);
		json_out_object(&out, NULL);
		webhook_options_write(&options, &out);
		json_out_end(&out);
		assert(json_read(buf_str(&text), &arena, &doc, NULL) == ERR_OK);
	}
	buf_release(&text);
	arena_release(&arena);
}

static void
check(struct json body, enum com_draft_kind kind)
{
	struct arena arena = {0};
	struct com_draft got;

	com_draft_read(body, kind, &arena, &got);
	assert(got.issues.count <= COM_ISSUES_MAX);
	for (size_t i = 0; i < got.issues.count; i++) {
		assert(got.issues.rows[i].source);
		assert(got.issues.rows[i].description.len > 0);
	}
	if (got.issues.count == 0)
		check_good(&got, kind);
	arena_release(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct json_doc doc;

	if (json_read(str_make((const char *)data, size), &arena, &doc, NULL) ==
		ERR_OK) {
		check(json_root(&doc), COM_CREATE);
		check(json_root(&doc), COM_PATCH);
		check_native(json_root(&doc), COM_CREATE);
		check_native(json_root(&doc), COM_PATCH);
	}
	arena_release(&arena);
	return 0;
}
