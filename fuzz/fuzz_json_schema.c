#include "rule/json_schema.h"

#include <stdlib.h>

/*
 * A schema, and behind a NUL byte the value it is held against. A refusal says
 * why, and so does a value that is not as the schema says.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str input = str_make((const char *)data, size);
	struct str text = str_split(&input, '\0');
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf why = {0};
	const struct json_schema *schema;
	struct json_doc doc;

	if (json_schema_compile(text, &arena, &schema, &why)) {
		if (why.len == 0)
			abort();
		return 0;
	}
	if (input.ptr == NULL || json_read(input, &arena, &doc, NULL))
		return 0;
	buf_clear(&why);
	if (json_schema_check(schema, json_root(&doc), "data", &arena, &why) !=
		(why.len == 0))
		abort();
	return 0;
}
