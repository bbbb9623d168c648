#include <stdlib.h>

#include "flow/structure.h"
#include "fuzz.h"

/*
 * Fields and a record's data, JSON on a line each. What fits fits again, and
 * is the same then, unless the fields are none: those of a blueprint's
 * metadata are not checked by anybody.
 */
static bool
read_line(struct str text, struct arena *arena, struct value *ret)
{
	struct json_doc doc;

	return json_read(text, arena, &doc, NULL) == ERR_OK &&
	       value_from_json(json_root(&doc), VALUE_JSON_TYPED, arena, ret) ==
		       ERR_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf why = {0};
	struct str rest = str_make((const char *)data, size);
	struct str line = str_split(&rest, '\n');
	struct structure_rules rules = {.is_strict = size % 2};
	struct value record, fitted, again;
	bool is_checked;

	if (!read_line(line, &arena, &rules.fields) ||
		!read_line(rest, &arena, &record))
		return 0;
	is_checked = structure_check(rules.fields, &why) == ERR_OK;
	rules.ignores_defaults = !is_checked;
	buf_clear(&why);
	if (structure_fit(&rules, record, &arena, &fitted, &why)) {
		if (why.len == 0)
			abort();
		return 0;
	}
	if (is_checked &&
		(structure_fit(&rules, fitted, &arena, &again, &why) ||
			!value_equal(fitted, again)))
		abort();
	return 0;
}
