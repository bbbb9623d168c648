#include "base/buf.h"
#include "flow/cookies.h"

/* An address and a Set-Cookie, a line each: what is read can be sent back. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct str line = str_make((const char *)data, size);
	struct str url = str_split(&line, '\n');
	struct cookies *cookies;
	struct cookie cookie;

	if (cookie_read(line, url, 0, &arena, &cookie))
		return 0;
	if (!str_starts_with(cookie.path, STR("/")) || cookie.name.len == 0)
		__builtin_trap();
	cookies = cookies_new();
	cookies_set(cookies, &cookie);
	if (cookies_for(cookies, url, 0, &arena).len > size + 1)
		__builtin_trap();
	cookies_free(cookies);
	return 0;
}
