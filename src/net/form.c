#include "net/form.h"

#include "base/encode.h"

enum err
form_value(
	struct str form, struct str name, struct arena *arena, struct str *ret)
{
	struct str value = {0};
	bool is_found = false;

	while (form.ptr != NULL) {
		struct str pair = str_split(&form, '&');
		struct str key = str_split(&pair, '=');

		if (encode_percent_read(key, true, arena, &key))
			return ERR_INVALID;
		if (!str_equal(key, name))
			continue;
		if (is_found)
			return ERR_INVALID;
		is_found = true;
		value = pair.ptr ? pair : STR("");
	}
	if (!is_found)
		return ERR_NOT_FOUND;
	return encode_percent_read(value, true, arena, ret);
}
