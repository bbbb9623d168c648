#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "net/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * What is accepted must be accepted again, and mean the same, when it is
 * written out from its parts: nothing hides between the reading of the text
 * and its use.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct address_policy policy = {.allow_http = true};
	struct str text = str_make((const char *)data, size);
	struct arena arena = {0};
	struct buf why = {0};
	struct url url, again;

	if (url_parse_destination(text, &policy, &arena, &url, &why) ==
		ERR_OK) {
		struct str copy = arena_printf(&arena, "%s%s%s%s",
			url.origin.ptr, url.path.ptr, url.query.len ? "?" : "",
			url.query.ptr);

		assert(why.len == 0);
		assert(url.port > 0 && url.path.len > 0);
		if (copy.len <= URL_LEN_MAX) {
			enum err err = url_parse_destination(
				copy, &policy, &arena, &again, &why);

			assert(err == ERR_OK);
			assert(str_equal(url.origin, again.origin));
			assert(str_equal(url.path, again.path));
			assert(str_equal(url.query, again.query));
		}
	} else {
		assert(why.len > 0);
	}
	arena_release(&arena);
	buf_release(&why);
	return 0;
}
