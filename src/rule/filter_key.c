#include "rule/filter_key.h"

#include <math.h>

static void
set_bytes(struct filter_scalar *scalar, char tag, const void *bytes, size_t len)
{
	scalar->tag = tag;
	memcpy(scalar->space, bytes, len);
	scalar->bytes = str_make(scalar->space, len);
}

/** Numbers that compare as equal get the same bytes. */
static void
set_number(struct filter_scalar *scalar, struct number number)
{
	int64_t integer = number.integer;

	if (!number.is_integer) {
		if (isnan(number.real))
			return;
		if (number.real != trunc(number.real) ||
			number.real >= 9223372036854775808.0 ||
			number.real < -9223372036854775808.0) {
			set_bytes(scalar, 'r', &number.real, 8);
			return;
		}
		integer = (int64_t)number.real;
	}
	set_bytes(scalar, 'i', &integer, 8);
}

void
filter_scalar_set(
	struct filter_scalar *scalar, const struct filter_value *value)
{
	scalar->tag = 0;
	scalar->bytes = str_make("", 0);
	switch (value->kind) {
	case FILTER_VALUE_BOOLEAN:
		set_bytes(scalar, 'b', value->as.boolean ? "1" : "0", 1);
		break;
	case FILTER_VALUE_NUMBER: set_number(scalar, value->as.number); break;
	case FILTER_VALUE_STRING:
		scalar->tag = 's';
		scalar->bytes = value->text;
		if (value->text.ptr == NULL)
			scalar->bytes.ptr = "";
		break;
	case FILTER_VALUE_NULL:
	case FILTER_VALUE_TIMESTAMP:
	case FILTER_VALUE_DATE:
	case FILTER_VALUE_TIME:
	case FILTER_VALUE_DURATION:
	case FILTER_VALUE_GUID:
	case FILTER_VALUE_PATTERN:
	case FILTER_VALUE_JSON: break;
	}
}

void
filter_scalar_append(const struct filter_scalar *scalar, struct buf *out)
{
	uint32_t len = (uint32_t)scalar->bytes.len;

	buf_append_char(out, scalar->tag);
	buf_append(out, str_make((const char *)&len, sizeof(len)));
	buf_append(out, scalar->bytes);
}
