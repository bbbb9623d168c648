#include "rule/template.h"

#include <stdlib.h>

#include "fuzz.h"

/*
 * The text of a template, by itself and as a leaf of a mapper that is read
 * from the same bytes. Whatever compiles has no error and can be evaluated
 * without bundles; whatever does not tells a column of the text.
 */
static void
check_problems(const struct template_problem *problem, enum err err, size_t len)
{
	bool has_error = false;

	for (; problem; problem = problem->next) {
		if (problem->text.len == 0 || problem->column > len + 1)
			abort();
		has_error |= problem->is_error;
	}
	if (has_error != (err != ERR_OK))
		abort();
}

static void
check_tree(struct str text, struct arena *arena)
{
	const struct template_problem *problems;
	const struct template_tree *tree;
	const struct template_scope scope = {0};
	struct json_doc doc;
	struct value value;
	enum err err;

	if (json_read(text, arena, &doc, NULL))
		return;
	err = template_tree_compile(json_root(&doc), arena, &tree, &problems);
	check_problems(problems, err, text.len);
	if (!template_tree_evaluate(tree, &scope, arena, &value, &problems) &&
		err)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_make((const char *)data, size);
	CLEANUP(arena_release) struct arena arena = {0};
	const struct template_scope scope = {0};
	const struct template_problem *problems;
	const struct template *template;
	struct value value;
	enum err err;

	/* Texts of scenarios come from JSON or YAML. */
	if (!str_is_utf8(text))
		return 0;
	err = template_compile(text, &arena, &template, &problems);
	check_problems(problems, err, text.len);
	if (!template_evaluate(template, &scope, &arena, &value, &problems) &&
		err)
		abort();
	check_tree(text, &arena);
	return 0;
}
