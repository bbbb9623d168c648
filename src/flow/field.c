#include "flow/field.h"

struct str
field_text(struct value collection, const char *name, struct arena *arena)
{
	struct str text;

	if (value_to_text(value_member(collection, str_of(name)), arena, &text))
		return STR("");
	return text;
}

bool
field_flag(struct value collection, const char *name, bool fallback)
{
	struct value value = value_member(collection, str_of(name));

	return value_is_empty(value) ? fallback : value_to_boolean(value);
}

double
field_number(struct value collection, const char *name, double fallback)
{
	double number;

	return value_to_number(value_member(collection, str_of(name)), &number)
		       ? number
		       : fallback;
}

struct value
field_list(struct value collection, const char *name, struct arena *arena)
{
	return value_to_array(value_member(collection, str_of(name)), arena);
}

struct value
field_one(struct arena *arena, const char *name, struct value value)
{
	struct value_builder builder = value_builder_make(arena);

	value_builder_set(&builder, str_of(name), value);
	return value_builder_collection(&builder);
}
