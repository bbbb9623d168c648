#include "pipeline/callback.h"

#include "check.h"

static const struct seal_key key = {{1, 2, 3}};

TEST(callback, what_was_written_is_read_and_nothing_else)
{
	static const struct seal_key other = {{1, 2, 4}};
	const struct callback written = {.webhook = 7, .handshake = 12};
	CLEANUP(buf_release) struct buf text = buf_make(0);
	struct callback got = {0};

	callback_append(&key, &written, &text);
	CHECK_OK(callback_read(&key, buf_str(&text), &got));
	CHECK_INT(got.webhook, 7);
	CHECK_INT(got.handshake, 12);
	CHECK_INT(callback_read(&other, buf_str(&text), &got), ERR_INVALID);
	for (size_t i = 0; i < text.len; i++) {
		text.ptr[i] ^= 1;
		CHECK_INT(
			callback_read(&key, buf_str(&text), &got), ERR_INVALID);
		text.ptr[i] ^= 1;
		CHECK_INT(
			callback_read(&key, str_head(buf_str(&text), i), &got),
			ERR_INVALID);
	}
}

TEST(callback, one_is_not_good_for_another_handshake)
{
	const struct callback written = {.webhook = 7, .handshake = 12};
	CLEANUP(buf_release) struct buf text = buf_make(0);
	struct callback got;

	callback_append(&key, &written, &text);
	text.ptr[0] = '8';
	CHECK_INT(callback_read(&key, buf_str(&text), &got), ERR_INVALID);
	CHECK_INT(callback_read(&key, STR(""), &got), ERR_INVALID);
	CHECK_INT(callback_read(&key, STR("07-12-"), &got), ERR_INVALID);
}
