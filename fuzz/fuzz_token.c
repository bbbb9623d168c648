#include "api/token.h"
#include "base/encode.h"
#include "base/seal.h"

/*
 * Access tokens: what is no token of ours is denied; nothing else happens.
 * The input is tried as it is, and as the claims of a token with our head.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct seal_key key = {{1}};
	CLEANUP(arena_release) struct arena arena = {0};
	struct str text = str_make((const char *)data, size), id;

	if (!token_verify(&key, text, 0, &arena, &id))
		__builtin_trap();
	text = token_make(&key, text, STR("admin"), 0, &arena);
	if (text.len <= TOKEN_TEXT_MAX &&
		token_verify(&key, text, 0, &arena, &id))
		__builtin_trap();
	return 0;
}
