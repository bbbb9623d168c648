#include "flow/html_text.h"
#include "fuzz.h"

/* HTML to text: any bytes; what comes out is within its maximum. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct html_text_options options = {
		.newline = STR_INIT("\n"), .has_big_headings = true};
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf out = buf_make(1 << 16);

	html_text(str_make((const char *)data, size), &options, &arena, &out);
	if (out.len > 1 << 16)
		__builtin_trap();
	return 0;
}
