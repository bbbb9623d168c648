#include <assert.h>

#include "base/json_out.h"
#include "flow/hook_options.h"
#include "fuzz.h"

/** What was taken is taken again, and means the same, when it is told. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_release) struct buf first = buf_make(0);
	CLEANUP(buf_release) struct buf second = buf_make(0);
	CLEANUP(arena_release) struct arena arena = {0};
	struct str text = str_make((const char *)data, size);
	struct buf *const outs[] = {&first, &second};
	struct hook_options options;

	hook_options_init(&options);
	for (size_t i = 0; i < COUNT_OF(outs); i++) {
		struct webhook_issues issues = {.arena = &arena};
		struct json_out out = json_out_make(outs[i]);
		struct json_doc doc;

		if (json_read(text, &arena, &doc, NULL) != ERR_OK)
			break;
		hook_options_read(json_root(&doc), &options, &issues);
		assert(i == 0 || issues.count == 0);
		hook_options_check(&options, &issues);
		if (issues.count > 0)
			break;
		options = hook_options_copy(&options, &arena);
		json_out_object(&out, NULL);
		hook_options_write(&options, &out);
		json_out_end(&out);
		text = buf_str(outs[i]);
	}
	assert(second.len == 0 || str_equal(buf_str(&first), buf_str(&second)));
	return 0;
}
