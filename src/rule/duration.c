#include "rule/duration.h"

#include "base/clock.h"

static const struct unit {
	char letter;
	int64_t length;
} units[] = {{'s', SECONDS}, {'m', MINUTES}, {'h', HOURS}, {'d', 24 * HOURS}};

enum err
duration_read(struct str text, int64_t max, int64_t *ret)
{
	uint64_t count;

	if (text.len < 2 || str_to_u64(str_head(text, text.len - 1), &count))
		return ERR_INVALID;
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (units[i].letter != text.ptr[text.len - 1])
			continue;
		if (count > (uint64_t)(max / units[i].length))
			return ERR_LIMIT;
		*ret = (int64_t)count * units[i].length;
		return ERR_OK;
	}
	return ERR_INVALID;
}

void
duration_append(struct buf *out, int64_t microseconds)
{
	static const struct unit *const shown[] = {
		&units[2], &units[1], &units[0]};
	size_t i = 0;

	while (i + 1 < COUNT_OF(shown) &&
		(microseconds == 0 || microseconds % shown[i]->length != 0))
		i++;
	buf_printf(out, "%lld%c", (long long)(microseconds / shown[i]->length),
		shown[i]->letter);
}
