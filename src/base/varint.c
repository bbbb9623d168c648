#include "base/varint.h"

bool
varint_take(struct str *text, uint64_t *ret)
{
	uint64_t number = 0;

	for (size_t i = 0; i < text->len && i < VARINT_MAX; i++) {
		uint8_t byte = (uint8_t)text->ptr[i];

		/* Of the last one only a bit has a place. */
		if (i == VARINT_MAX - 1 && byte > 1)
			return false;
		number |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte & 0x80)
			continue;
		*text = str_make(text->ptr + i + 1, text->len - i - 1);
		*ret = number;
		return true;
	}
	return false;
}
