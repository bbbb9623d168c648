#include <assert.h>

#include "pipeline/callback.h"
#include "rule/rate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The key is all zero: nobody finds a digest, but for those in the corpus. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct seal_key key;
	struct str text = str_make((const char *)data, size);
	struct buf again = buf_make(0);
	struct callback callback;
	unsigned rate;

	if (callback_read(&key, text, &callback) == ERR_OK) {
		callback_append(&key, &callback, &again);
		assert(str_equal(buf_str(&again), text));
	}
	if (rate_read(text, 100, &rate) == ERR_OK)
		assert(rate <= 100);
	buf_release(&again);
	return 0;
}
