#include <assert.h>
#include <string.h>

#include "fuzz.h"
#include "net/wire_response.h"

enum { BODY_MAX = 100 };

/** Reads the bytes in pieces of this length; the connection then ends. */
static enum wire_verdict
read_all(struct wire_response *response, struct str bytes, size_t piece,
	size_t *ret_used)
{
	enum wire_verdict verdict = WIRE_MORE;
	size_t used;

	wire_response_begin(response, bytes.len % 5 == 4, BODY_MAX);
	for (*ret_used = 0; verdict == WIRE_MORE && *ret_used < bytes.len;
		*ret_used += used)
		verdict = wire_response_take(response,
			str_head(str_skip(bytes, *ret_used), piece), &used);
	return verdict == WIRE_MORE ? wire_response_end(response) : verdict;
}

/*
 * How the network cuts a response into pieces makes no difference, and what
 * is said to be whole is within its limits.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = str_make((const char *)data, size);
	struct wire_response whole = {0}, pieces = {0};
	size_t used, used_in_pieces;
	enum wire_verdict verdict = read_all(&whole, bytes, SIZE_MAX, &used);

	for (size_t piece = 1; piece < 4; piece++) {
		enum wire_verdict again =
			read_all(&pieces, bytes, piece, &used_in_pieces);

		assert(again == verdict);
		if (verdict != WIRE_DONE)
			continue;
		assert(used == used_in_pieces);
		assert(whole.status == pieces.status);
		assert(whole.can_keep == pieces.can_keep);
		assert(str_equal(buf_str(&whole.head), buf_str(&pieces.head)));
		assert(str_equal(buf_str(&whole.body), buf_str(&pieces.body)));
	}
	assert(verdict != WIRE_MORE);
	assert((verdict == WIRE_BROKEN) == (whole.error != NULL));
	assert(whole.head.len <= WIRE_HEAD_MAX && whole.body.len <= BODY_MAX);
	if (verdict == WIRE_DONE) {
		assert(whole.status >= 200 && whole.status <= 999);
		assert(memcmp(whole.head.ptr, "HTTP/1.", 7) == 0);
		assert(whole.body_seen >= whole.body.len);
	}
	wire_response_release(&whole);
	wire_response_release(&pieces);
	return 0;
}
