#include "flow/blueprint.h"

#include <stdlib.h>

#include "fuzz.h"

/*
 * libfyaml (0.7) loses the list of parts of a scalar that has many of them;
 * only the command line reads YAML, and ends soon after.
 */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libfyaml\n";
}

/*
 * A scenario's file, JSON or YAML. What YAML becomes is JSON; a blueprint
 * without a problem of its own can be found again module by module.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_make((const char *)data, size);
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf why = {0};
	const struct template_problem *problems;
	const struct blueprint *blueprint;
	struct json_doc doc;
	enum err err;

	if (!str_starts_with(text, STR("{"))) {
		if (blueprint_from_yaml(text, &arena, &text, &why))
			return 0;
		err = json_read(text, &arena, &doc, &why);
		if (err && err != ERR_LIMIT)
			abort();
	}
	err = blueprint_read(text, &arena, &blueprint, &problems);
	if (err && problems == NULL)
		abort();
	if (err)
		return 0;
	for (size_t i = 0; i < blueprint->module_count; i++) {
		const struct blueprint_module *module = blueprint->modules[i];

		if (blueprint_find(blueprint, module->id) != module)
			abort();
	}
	return 0;
}
