#include "cli/config_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any bytes as a configuration file: settings, or a sentence. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_release) struct buf why = buf_make(0);
	CLEANUP(settings_release) struct settings settings;
	enum err err;

	settings_init(&settings);
	err = config_file_apply(
		&settings, "fuzz", str_make((const char *)data, size), &why);
	if ((err == ERR_OK) != (why.len == 0))
		__builtin_trap();
	return 0;
}
