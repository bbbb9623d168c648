#include <assert.h>

#include "flow/multipart_read.h"
#include "fuzz.h"

/** A line with a Content-Type, then the body. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf why = buf_make(0);
	struct str body = str_make((const char *)data, size);
	struct str type = size ? str_split(&body, '\n') : body;
	struct multipart_list list;
	struct str boundary;
	size_t total = 0;

	if (multipart_boundary(type, &arena, &boundary))
		return 0;
	if (multipart_read(body, boundary, &arena, &list, &why)) {
		assert(why.len > 0);
		return 0;
	}
	for (size_t i = 0; i < list.count; i++) {
		assert(list.parts[i].data.len <= body.len);
		assert(list.parts[i].name.ptr != NULL);
		total += list.parts[i].data.len;
	}
	assert(total <= body.len);
	return 0;
}
