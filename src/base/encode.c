#include "base/encode.h"

#include "base/ascii.h"

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64_url_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void
encode_hex(struct buf *out, struct str bytes)
{
	char *at = buf_reserve(out, bytes.len * 2);

	if (at == NULL)
		return;
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char c = (unsigned char)bytes.ptr[i];

		at[2 * i] = hex_digits[c >> 4];
		at[2 * i + 1] = hex_digits[c & 15];
	}
	out->len += bytes.len * 2;
}

enum err
encode_hex_read(struct str text, uint8_t *out, size_t count)
{
	if (text.len != count * 2)
		return ERR_INVALID;
	for (size_t i = 0; i < count; i++) {
		int high = ascii_hex_value(text.ptr[2 * i]);
		int low = ascii_hex_value(text.ptr[2 * i + 1]);

		if (high < 0 || low < 0)
			return ERR_INVALID;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return ERR_OK;
}

static void
append_base64(
	struct buf *out, struct str bytes, const char *alphabet, bool is_padded)
{
	const unsigned char *in = (const unsigned char *)bytes.ptr;
	size_t left = bytes.len, tail = left % 3;
	size_t len = left / 3 * 4 + (tail == 0 ? 0 : is_padded ? 4 : tail + 1);
	char *at = buf_reserve(out, len);

	if (at == NULL)
		return;
	for (; left >= 3; left -= 3, in += 3, at += 4) {
		unsigned bits = (unsigned)(in[0] << 16 | in[1] << 8 | in[2]);

		at[0] = alphabet[bits >> 18];
		at[1] = alphabet[bits >> 12 & 63];
		at[2] = alphabet[bits >> 6 & 63];
		at[3] = alphabet[bits & 63];
	}
	if (tail > 0) {
		unsigned b = tail > 1 ? in[1] : 0;
		const char quad[4] = {alphabet[in[0] >> 2],
			alphabet[(in[0] & 3U) << 4 | b >> 4],
			tail > 1 ? alphabet[(b & 15) << 2] : '=', '='};

		memcpy(at, quad, is_padded ? 4 : tail + 1);
	}
	out->len += len;
}

void
encode_base64(struct buf *out, struct str bytes)
{
	append_base64(out, bytes, base64_digits, true);
}

void
encode_base64_url(struct buf *out, struct str bytes)
{
	append_base64(out, bytes, base64_url_digits, false);
}

static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	if (c == '/' || c == '_')
		return 63;
	return -1;
}

enum err
encode_base64_read(struct str text, struct buf *out)
{
	size_t start = out->len;
	unsigned bits = 0;
	int count = 0;

	if (text.len % 4 == 0 && str_ends_with(text, STR("==")))
		text.len -= 2;
	else if (text.len % 4 == 0 && str_ends_with(text, STR("=")))
		text.len -= 1;
	if (text.len % 4 == 1)
		return ERR_INVALID;
	for (size_t i = 0; i < text.len; i++) {
		int value = base64_value(text.ptr[i]);

		if (value < 0) {
			buf_truncate(out, start);
			return ERR_INVALID;
		}
		bits = bits << 6 | (unsigned)value;
		count += 6;
		if (count >= 8) {
			count -= 8;
			buf_append_char(out, (char)(bits >> count & 255));
		}
	}
	return buf_is_overflown(out) ? ERR_LIMIT : ERR_OK;
}

static bool
is_unreserved(char c)
{
	return ascii_is_letter(c) || ascii_is_digit(c) || c == '-' ||
	       c == '.' || c == '_' || c == '~';
}

void
encode_percent(struct buf *out, struct str bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char c = (unsigned char)bytes.ptr[i];

		if (is_unreserved(bytes.ptr[i]))
			buf_append_char(out, bytes.ptr[i]);
		else
			buf_printf(out, "%%%02X", c);
	}
}

enum err
encode_percent_read(struct str text, bool plus_is_space, struct arena *arena,
	struct str *ret)
{
	size_t len = 0;
	char *copy;

	if (str_find_char(text, '%') == SIZE_MAX &&
		(!plus_is_space || str_find_char(text, '+') == SIZE_MAX)) {
		*ret = text;
		return ERR_OK;
	}
	copy = arena_alloc_raw(arena, text.len + 1);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		uint8_t byte;

		if (c == '%') {
			if (text.len - i < 3 ||
				encode_hex_read(str_make(text.ptr + i + 1, 2),
					&byte, 1) ||
				byte == 0)
				return ERR_INVALID;
			c = (char)byte;
			i += 2;
		} else if (c == '+' && plus_is_space) {
			c = ' ';
		}
		copy[len++] = c;
	}
	copy[len] = '\0';
	*ret = str_make(copy, len);
	return ERR_OK;
}
