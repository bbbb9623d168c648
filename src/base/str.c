#include "base/str.h"

#include <assert.h>
#include <limits.h>

#include "base/ascii.h"

bool
str_same_letters(const char *a, const char *b, size_t len)
{
	unsigned different = 0;

	/* Mostly they are written in the same way. */
	if (len == 0 || memcmp(a, b, len) == 0)
		return true;
	/* Without a way out, so that it runs in vectors. */
	for (size_t i = 0; i < len; i++)
		different |= (unsigned)(ascii_lower(a[i]) ^ ascii_lower(b[i]));
	return different == 0;
}

int
str_compare(struct str a, struct str b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len ? memcmp(a.ptr, b.ptr, len) : 0;

	if (order != 0)
		return order;
	return a.len < b.len ? -1 : a.len > b.len;
}

bool
str_starts_with(struct str s, struct str prefix)
{
	return s.len >= prefix.len &&
	       (prefix.len == 0 || !memcmp(s.ptr, prefix.ptr, prefix.len));
}

bool
str_ends_with(struct str s, struct str suffix)
{
	return s.len >= suffix.len &&
	       (suffix.len == 0 || !memcmp(s.ptr + s.len - suffix.len,
					   suffix.ptr, suffix.len));
}

size_t
str_find(struct str s, struct str needle)
{
	const char *at;

	if (needle.len == 0)
		return 0;
	if (needle.len > s.len)
		return SIZE_MAX;
	if (needle.len == 1)
		return str_find_char(s, needle.ptr[0]);
	at = memmem(s.ptr, s.len, needle.ptr, needle.len);
	return at ? (size_t)(at - s.ptr) : SIZE_MAX;
}

size_t
str_find_char(struct str s, char c)
{
	const char *at = s.len ? memchr(s.ptr, c, s.len) : NULL;

	return at ? (size_t)(at - s.ptr) : SIZE_MAX;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str
str_trim(struct str s)
{
	while (s.len && is_blank(s.ptr[0])) {
		s.ptr++;
		s.len--;
	}
	while (s.len && is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

struct str
str_split(struct str *rest, char separator)
{
	size_t at = str_find_char(*rest, separator);
	struct str part;

	if (at == SIZE_MAX) {
		part = *rest;
		*rest = (struct str){NULL, 0};
		return part;
	}
	part = str_head(*rest, at);
	*rest = str_make(rest->ptr + at + 1, rest->len - at - 1);
	return part;
}

enum err
str_to_u64(struct str s, uint64_t *ret)
{
	uint64_t value = 0;

	if (s.len == 0)
		return ERR_INVALID;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned)(s.ptr[i] - '0');

		if (digit > 9 || value > (UINT64_MAX - digit) / 10)
			return ERR_INVALID;
		value = value * 10 + digit;
	}
	*ret = value;
	return ERR_OK;
}

struct str
str_decimal(uint64_t value, size_t digits, char text[STR_DECIMAL_SIZE])
{
	static const char pairs[] = "0001020304050607080910111213141516171819"
				    "2021222324252627282930313233343536373839"
				    "4041424344454647484950515253545556575859"
				    "6061626364656667686970717273747576777879"
				    "80818283848586878889909192939495969798"
				    "99";
	char *end = text + STR_DECIMAL_SIZE, *at = end;

	assert(digits <= STR_DECIMAL_SIZE);
	for (; value >= 10; value /= 100)
		memcpy(at -= 2, pairs + value % 100 * 2, 2);
	if (value > 0 || at == end)
		*--at = (char)('0' + value);
	if (end - at < (ptrdiff_t)digits) {
		memset(end - digits, '0', digits - (size_t)(end - at));
		at = end - digits;
	}
	return str_make(at, (size_t)(end - at));
}

enum err
str_to_i64(struct str s, int64_t *ret)
{
	bool negative = s.len > 0 && s.ptr[0] == '-';
	uint64_t value;
	enum err err = str_to_u64(negative ? str_skip(s, 1) : s, &value);

	if (err)
		return err;
	if (value > (uint64_t)INT64_MAX + (negative ? 1 : 0))
		return ERR_INVALID;
	*ret = negative ? (int64_t)(0 - value) : (int64_t)value;
	return ERR_OK;
}

/** Length of the well-formed sequence at `at`, or 0 (RFC 3629 §4). */
static size_t
utf8_sequence(const unsigned char *at, size_t left)
{
	unsigned char a = at[0];

	if (a < 0x80)
		return 1;
	if (a < 0xC2 || a > 0xF4 || left < 2 || (at[1] & 0xC0) != 0x80)
		return 0;
	if (a < 0xE0)
		return 2;
	if (left < 3 || (at[2] & 0xC0) != 0x80)
		return 0;
	if (a < 0xF0) {
		if ((a == 0xE0 && at[1] < 0xA0) || (a == 0xED && at[1] > 0x9F))
			return 0;
		return 3;
	}
	if (left < 4 || (at[3] & 0xC0) != 0x80)
		return 0;
	if ((a == 0xF0 && at[1] < 0x90) || (a == 0xF4 && at[1] > 0x8F))
		return 0;
	return 4;
}

bool
str_is_utf8(struct str s)
{
	for (size_t i = 0; i < s.len;) {
		uint64_t block = UINT64_MAX;
		size_t step;

		/* Eight ASCII bytes at a time. */
		if (s.len - i >= sizeof(block))
			memcpy(&block, s.ptr + i, sizeof(block));
		if (!(block & 0x8080808080808080)) {
			i += sizeof(block);
			continue;
		}
		step = utf8_sequence(
			(const unsigned char *)s.ptr + i, s.len - i);
		if (step == 0)
			return false;
		i += step;
	}
	return true;
}

/** Not 0 when one of eight bytes is in C0 or is DEL. */
static uint64_t
controls_in(const char *at)
{
	const uint64_t ones = UINT64_MAX / 0xFF;
	uint64_t bytes, deletes;

	memcpy(&bytes, at, sizeof(bytes));
	deletes = bytes ^ ones * 0x7F; /* those become 0 */
	return (((bytes - ones * 0x20) & ~bytes) |
		       ((deletes - ones) & ~deletes)) &
	       ones << 7;
}

bool
str_has_control(struct str s)
{
	uint64_t found = 0;

	if (s.len < sizeof(found)) {
		for (size_t i = 0; i < s.len; i++)
			found |= ascii_is_control(s.ptr[i]);
		return found != 0;
	}
	for (size_t i = 0; i < s.len - sizeof(found); i += sizeof(found))
		found |= controls_in(s.ptr + i);
	return (found | controls_in(s.ptr + s.len - sizeof(found))) != 0;
}

bool
str_is_token(struct str s)
{
	/* ASCII in rows of 32; a byte beyond it is none. */
	static const char is_tchar[UCHAR_MAX + 1] =
		"                                "
		" x xxxxx  xx xx xxxxxxxxxx      "
		" xxxxxxxxxxxxxxxxxxxxxxxxxx   xx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxx x x ";

	for (size_t i = 0; i < s.len; i++) {
		if (is_tchar[(unsigned char)s.ptr[i]] != 'x')
			return false;
	}
	return s.len > 0;
}

size_t
str_characters(struct str s)
{
	size_t count = 0;

	for (size_t i = 0; i < s.len; i++)
		count += ((unsigned char)s.ptr[i] & 0xC0) != 0x80;
	return count;
}
