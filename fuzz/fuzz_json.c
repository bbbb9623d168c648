#include <assert.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/json_out.h"
#include "fuzz.h"

/* Deep texts stop json_out's nesting: those are only walked. */
static bool
is_deeper_than(struct json value, unsigned limit)
{
	struct json_walk walk = json_walk(value);

	if (limit == 0)
		return true;
	while (json_walk_next(&walk)) {
		if (is_deeper_than(walk.value, limit - 1))
			return true;
	}
	return false;
}

/** Writes a copy by way of json_out; looks at everything there is. */
static void
copy(struct json value, struct json_out *out, struct arena *arena)
{
	struct json_walk walk = json_walk(value);
	int64_t integer;

	switch (json_kind(value)) {
	case JSON_MISSING: abort(); /* no value within a document is */
	case JSON_NULL: json_out_null(out, NULL); return;
	case JSON_FALSE: json_out_boolean(out, NULL, false); return;
	case JSON_TRUE: json_out_boolean(out, NULL, true); return;
	case JSON_NUMBER:
		if (json_to_integer(value, &integer))
			json_out_integer(out, NULL, integer);
		else
			json_out_raw(out, NULL, json_raw(value));
		return;
	case JSON_STRING:
		json_out_string(out, NULL, json_string(value, arena));
		return;
	case JSON_ARRAY: json_out_array(out, NULL); break;
	case JSON_OBJECT: json_out_object(out, NULL); break;
	}
	while (json_walk_next(&walk)) {
		if (walk.is_object)
			json_out_key(out, json_string(walk.key, arena));
		copy(walk.value, out, arena);
	}
	json_out_end(out);
}

static void
check_copy(struct json value, struct arena *arena)
{
	struct buf buf = {0};
	struct json_out out = json_out_make(&buf);
	struct json_doc doc;

	copy(value, &out, arena);
	if (json_read(buf_str(&buf), arena, &doc, NULL))
		abort();
	assert(json_equal(value, json_root(&doc)));
	assert(json_equal(json_root(&doc), value));
	buf_release(&buf);
}

/** Every value is found again by the ways that lead to it. */
static void
check_walk(struct json value, struct arena *arena)
{
	struct json_walk walk = json_walk(value);
	size_t count = 0;

	while (json_walk_next(&walk)) {
		struct str raw = json_raw(walk.value);

		count++;
		assert(raw.len > 0 && raw.ptr >= value.doc->text.ptr &&
			raw.ptr + raw.len <=
				value.doc->text.ptr + value.doc->text.len);
		if (walk.is_object)
			assert(!json_is_missing(json_member(
				value, json_string(walk.key, arena))));
		check_walk(walk.value, arena);
	}
	assert(count == json_count(value));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct buf why = {0};
	struct json_doc doc;
	struct str text = str_make((const char *)data, size);

	if (json_read(text, &arena, &doc, &why)) {
		assert(str_starts_with(buf_str(&why), STR("line ")));
	} else {
		struct json root = json_root(&doc);

		assert(str_is_utf8(text));
		assert(json_equal(root, root));
		if (size < 4096)
			check_walk(root, &arena);
		if (!is_deeper_than(root, JSON_OUT_DEPTH_MAX))
			check_copy(root, &arena);
	}
	buf_release(&why);
	arena_release(&arena);
	return 0;
}
