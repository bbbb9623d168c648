#include "rule/filter_text.h"

#include <locale.h>
#include <pthread.h>
#include <wctype.h>

/* The C library's tables of the C.UTF-8 locale, the same on every machine;
   where it is not installed only ASCII letters have a case. */
static locale_t unicode;
static pthread_once_t unicode_once = PTHREAD_ONCE_INIT;

static void
open_unicode(void)
{
	unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

size_t
filter_text_decode(struct str text, uint32_t *ret)
{
	const unsigned char *p = (const unsigned char *)text.ptr;
	size_t len = p[0] < 0xC0 ? 1 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
	uint32_t c;

	if (len > text.len)
		len = text.len;
	c = len == 1 ? p[0] : p[0] & (0x7FU >> len);
	for (size_t i = 1; i < len; i++)
		c = c << 6 | (p[i] & 0x3F);
	*ret = c;
	return len;
}

size_t
filter_text_encode(uint32_t c, char *out)
{
	size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char leads[] = {0, 0, 0xC0, 0xE0, 0xF0};

	for (size_t i = len - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (c & 0x3F));
		c >>= 6;
	}
	out[0] = (char)(leads[len] | c);
	return len;
}

static bool
is_continuation(char c)
{
	return ((unsigned char)c & 0xC0) == 0x80;
}

size_t
filter_text_count(struct str text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += !is_continuation(text.ptr[i]);
	return count;
}

size_t
filter_text_offset(struct str text, size_t index)
{
	size_t at = 0;

	while (at < text.len) {
		if (!is_continuation(text.ptr[at]) && index-- == 0)
			break;
		at++;
	}
	return at;
}

static uint32_t
map_letter(uint32_t c, bool is_upper)
{
	if (c < 0x80) {
		if (is_upper)
			return c >= 'a' && c <= 'z' ? c - 32 : c;
		return c >= 'A' && c <= 'Z' ? c + 32 : c;
	}
	if (unicode == (locale_t)0)
		return c;
	return (uint32_t)(is_upper ? towupper_l((wint_t)c, unicode)
				   : towlower_l((wint_t)c, unicode));
}

static struct str
map_text(struct str text, struct arena *arena, bool is_upper)
{
	/* A mapped letter may need one byte more, but never twice as many. */
	char *out = arena_alloc_raw(arena, text.len * 2 + 4);
	size_t len = 0;

	pthread_once(&unicode_once, open_unicode);
	while (text.len) {
		uint32_t c;

		text = str_skip(text, filter_text_decode(text, &c));
		len += filter_text_encode(map_letter(c, is_upper), out + len);
	}
	return str_make(out, len);
}

struct str
filter_text_lower(struct str text, struct arena *arena)
{
	return map_text(text, arena, false);
}

struct str
filter_text_upper(struct str text, struct arena *arena)
{
	return map_text(text, arena, true);
}
