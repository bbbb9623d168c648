#include "rule/template_function.h"

const struct template_group *const template_groups[] = {
	&template_general_functions,
	&template_text_functions,
	&template_math_functions,
	&template_date_functions,
	&template_date_part_functions,
	&template_array_functions,
	NULL,
};

typedef bool matches_fn(struct str a, struct str b);

static const struct template_function *
find(struct str name, matches_fn *matches)
{
	for (size_t g = 0; template_groups[g]; g++) {
		const struct template_group *group = template_groups[g];

		for (size_t i = 0; i < group->count; i++) {
			if (matches(name, str_of(group->rows[i].name)))
				return &group->rows[i];
		}
	}
	return NULL;
}

const struct template_function *
template_function_find(struct str name)
{
	return find(name, str_equal);
}

const char *
template_function_similar(struct str name)
{
	const struct template_function *function = find(name, str_equal_nocase);

	return function ? function->name : NULL;
}
