#include "flow/xml.h"
#include "fuzz.h"

/* XML: any bytes; what was read can be written, and read again. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct xml_options options = {0};
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf text = {0}, why = {0};
	struct value value, again;

	if (xml_read(str_make((const char *)data, size), &options, &arena,
		    &value, &why))
		return 0;
	if (xml_write(value, &text, &why))
		return 0;
	if (xml_read(buf_str(&text), &options, &arena, &again, &why) ||
		!value_equal(value, again))
		__builtin_trap();
	return 0;
}
