#include <assert.h>

#include "base/json_out.h"
#include "fuzz.h"
#include "pipeline/allow_lists.h"

/** What was taken is taken again, and means the same, when it is told. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_release) struct buf first = buf_make(0);
	CLEANUP(buf_release) struct buf second = buf_make(0);
	CLEANUP(arena_release) struct arena arena = {0};
	struct str text = str_make((const char *)data, size);
	struct buf *const outs[] = {&first, &second};

	for (size_t i = 0; i < COUNT_OF(outs); i++) {
		struct webhook_issues issues = {.arena = &arena};
		struct json_out out = json_out_make(outs[i]);
		struct allow_list list = {0};
		struct json_doc doc;

		if (json_read(text, &arena, &doc, NULL) != ERR_OK)
			break;
		allow_list_read(json_root(&doc), &list, &issues);
		assert(i == 0 || issues.count == 0);
		if (issues.count > 0)
			break;
		allow_list_write(&list, &out);
		text = buf_str(outs[i]);
	}
	assert(second.len == 0 || str_equal(buf_str(&first), buf_str(&second)));
	return 0;
}
