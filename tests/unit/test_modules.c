#include "check.h"
#include "flow/module.h"

/* docs/modules.md and the tables of the apps tell the same. */

static struct str docs;

/** The line of a module's table row, or empty. */
static struct str
row_of(const char *name)
{
	struct str rest = docs;
	char start[200];

	snprintf(start, sizeof(start), "| `%s` |", name);
	while (rest.ptr != NULL) {
		struct str line = str_split(&rest, '\n');

		if (str_starts_with(line, str_of(start)))
			return line;
	}
	return STR("");
}

static void
check_fields(const char *name, struct str row, const struct module_field *field)
{
	for (; field && field->name; field++) {
		char quoted[200];

		snprintf(quoted, sizeof(quoted), "`%s`%s", field->name,
			field->is_required ? "*" : "");
		if (str_find(row, str_of(quoted)) == SIZE_MAX)
			check_failed("docs/modules.md", 0,
				"the row of %s lacks %s", name, quoted);
	}
}

TEST(modules, every_module_is_in_the_manual_with_its_fields)
{
	static const char *const natures[] = {[MODULE_PURE] = "pure",
		[MODULE_EFFECT] = "effect",
		[MODULE_CONTROL] = "control"};
	const struct module_kind *kind;

	docs = check_read_file(check_data_path("../docs/modules.md"));
	for (size_t i = 0; (kind = module_at(i)); i++) {
		struct str row = row_of(kind->name);
		char nature[100];

		if (row.len == 0)
			check_failed("docs/modules.md", 0, "%s is missing",
				kind->name);
		snprintf(nature, sizeof(nature), "| `%s` | %s |", kind->name,
			natures[kind->nature]);
		CHECK(str_starts_with(row, str_of(nature)));
		check_fields(kind->name, row, kind->parameters);
		check_fields(kind->name, row, kind->mapper);
	}
}

TEST(modules, every_row_of_the_manual_is_a_module)
{
	struct str rest;

	docs = check_read_file(check_data_path("../docs/modules.md"));
	rest = docs;
	while (rest.ptr != NULL) {
		struct str line = str_split(&rest, '\n');
		struct str name;

		if (!str_starts_with(line, STR("| `")))
			continue;
		name = str_skip(line, 3);
		name = str_head(name, str_find_char(name, '`'));
		if (!module_find(name))
			check_failed("docs/modules.md", 0,
				"%.*s is not a module", STR_ARG(name));
	}
}

TEST(modules, what_is_not_the_engines_can_run)
{
	const struct module_kind *kind;

	for (size_t i = 0; (kind = module_at(i)); i++) {
		CHECK((kind->nature == MODULE_CONTROL) == (kind->run == NULL));
		CHECK(module_find(str_of(kind->name)) == kind);
	}
}
