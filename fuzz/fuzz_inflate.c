#include "base/inflate.h"

/* Compressed bodies: any bytes, never over the limit. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_release) struct buf out = buf_make(1 << 20);

	(void)!inflate_append(&out, str_make((const char *)data, size));
	if (out.len > 1 << 20)
		__builtin_trap();
	return 0;
}
