#include "base/buf.h"
#include "net/form.h"

/* Queries and forms: any bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct str form = str_make((const char *)data, size), value;

	if (!form_value(form, STR("a"), &arena, &value) && value.len > size)
		__builtin_trap();
	return 0;
}
