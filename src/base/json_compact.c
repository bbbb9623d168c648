/* Texts without the blanks between their tokens. */
#include "base/json.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/** The next quote or blank: what else stands between strings is above it. */
static const char *
skip_tokens(const char *at, const char *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i token = _mm_set1_epi8(0x21);

	while (end - at >= 16) {
		__m128i block =
			_mm_loadu_si128((const __m128i *)(const void *)at);
		unsigned mask = (unsigned)_mm_movemask_epi8(
			_mm_or_si128(_mm_cmpeq_epi8(block, quote),
				_mm_cmplt_epi8(block, token)));

		if (mask)
			return at + __builtin_ctz(mask);
		at += 16;
	}
#endif
	while (at < end && *at != '"' && (unsigned char)*at > ' ')
		at++;
	return at;
}

/** Behind the closing quote of the string that goes on at `at`. */
static const char *
skip_string(const char *at, const char *end)
{
	for (;;) {
#ifdef __SSE2__
		const __m128i quote = _mm_set1_epi8('"');
		const __m128i backslash = _mm_set1_epi8('\\');

		while (end - at >= 16) {
			__m128i block = _mm_loadu_si128(
				(const __m128i *)(const void *)at);
			unsigned mask = (unsigned)_mm_movemask_epi8(
				_mm_or_si128(_mm_cmpeq_epi8(block, quote),
					_mm_cmpeq_epi8(block, backslash)));

			if (mask) {
				at += __builtin_ctz(mask);
				break;
			}
			at += 16;
		}
#endif
		while (at < end && *at != '"' && *at != '\\')
			at++;
		if (at == end || *at == '"')
			return at < end ? at + 1 : end;
		at = end - at > 2 ? at + 2 : end;
	}
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

void
json_append_compact(struct buf *out, struct str text)
{
	const char *at = text.ptr, *end = at + text.len, *kept = at;

	if (text.len == 0)
		return;
	while ((at = skip_tokens(at, end)) < end) {
		if (*at == '"') {
			at = skip_string(at + 1, end);
		} else if (is_blank(*at)) {
			buf_append(out, str_make(kept, (size_t)(at - kept)));
			kept = ++at;
		} else {
			at++; /* no JSON: as it is */
		}
	}
	buf_append(out, str_make(kept, (size_t)(end - kept)));
}
