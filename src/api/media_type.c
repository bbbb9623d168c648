#include "api/media_type.h"

bool
media_type_is(struct str content_type, struct str type)
{
	return str_equal_nocase(str_trim(str_split(&content_type, ';')), type);
}

/** q=0, q=0.0, … */
static bool
is_excluded(struct str parameters)
{
	while (parameters.ptr != NULL) {
		struct str value = str_trim(str_split(&parameters, ';'));
		struct str name = str_split(&value, '=');

		if (!str_equal_nocase(str_trim(name), STR("q")) ||
			value.len == 0)
			continue;
		for (size_t i = 0; i < value.len; i++)
			if (value.ptr[i] != '0' && value.ptr[i] != '.')
				return false;
		return true;
	}
	return false;
}

bool
media_type_accepts_json(struct str accept)
{
	static const struct str ranges[] = {STR_INIT("*/*"),
		STR_INIT("application/*"), STR_INIT("application/json")};
	size_t best = 0;
	bool is_accepted = str_is_empty(str_trim(accept));

	while (accept.ptr != NULL) {
		struct str rest = str_split(&accept, ',');
		struct str range = str_trim(str_split(&rest, ';'));

		for (size_t i = best; i < 3; i++) {
			if (!str_equal_nocase(range, ranges[i]))
				continue;
			best = i;
			is_accepted = !is_excluded(rest);
		}
	}
	return is_accepted;
}
