#include <assert.h>

#include "flow/hook_body.h"
#include "fuzz.h"

/**
 * Three lines (Content-Type, query, options), then the body. What is accepted
 * can be stored and read back the same.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf why = buf_make(0);
	CLEANUP(buf_release) struct buf typed = buf_make(0);
	struct str rest = str_make((const char *)data, size);
	struct inbound_field type = {.name = STR("content-type")};
	struct inbound_request inbound = {
		.method = STR("POST"), .headers = &type, .header_count = 1};
	struct hook_body_request request = {.request = &inbound};
	struct str flags;
	struct json_doc doc;
	struct value value, again;

	type.value = size ? str_split(&rest, '\n') : rest;
	request.query = str_split(&rest, '\n');
	flags = str_split(&rest, '\n');
	request.wants_headers = flags.len > 0 && (flags.ptr[0] & 1);
	request.wants_method = flags.len > 0 && (flags.ptr[0] & 2);
	request.passes_json = flags.len > 0 && (flags.ptr[0] & 4);
	inbound.body = rest;
	if (hook_body_read(&request, &arena, &value, &why)) {
		assert(why.len > 0);
		return 0;
	}
	assert(value.kind == VALUE_COLLECTION);
	value_append_json(&typed, value, VALUE_JSON_TYPED);
	if (json_read(buf_str(&typed), &arena, &doc, &why) ||
		value_from_json(
			json_root(&doc), VALUE_JSON_TYPED, &arena, &again))
		__builtin_trap();
	assert(value_equal(value, again));
	return 0;
}
