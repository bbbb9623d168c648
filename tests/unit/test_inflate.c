#include "base/inflate.h"

#include "check.h"

#define GZIP \
	STR("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\x57" \
	    "\xc8\x40\x90\x00\x80\x88\xf9\xe5\x11\x00\x00\x00")
#define ZLIB \
	STR("\x78\x9c\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x90\x00\x3a\x2e\x06\x7d")
#define BARE STR("\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x90\x00")

TEST(inflate, each_frame_is_read)
{
	const struct str texts[] = {GZIP, ZLIB, BARE};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		CLEANUP(buf_release) struct buf out = {0};

		CHECK_OK(inflate_append(&out, texts[i]));
		CHECK_STR(buf_str(&out), STR("hello hello hello"));
	}
}

TEST(inflate, what_is_broken_or_too_short_is_refused)
{
	CLEANUP(buf_release) struct buf out = {0};

	CHECK_OK(inflate_append(&out, STR("")));
	CHECK_INT(inflate_append(&out, STR("no")), ERR_INVALID);
	for (size_t len = 1; len < GZIP.len; len++) {
		buf_clear(&out);
		CHECK_INT(
			inflate_append(&out, str_head(GZIP, len)), ERR_INVALID);
	}
}

TEST(inflate, the_buffers_limit_bounds_what_comes_out)
{
	CLEANUP(buf_release) struct buf out = buf_make(16);

	CHECK_INT(inflate_append(&out, GZIP), ERR_LIMIT);
	CHECK_INT(out.len, 0);
}

TEST(inflate, all_members_of_gzip_are_read)
{
	CLEANUP(buf_release) struct buf out = {0};
	CLEANUP(buf_release) struct buf two = {0};

	buf_append(&two, GZIP);
	buf_append(&two, GZIP);
	CHECK_OK(inflate_append(&out, buf_str(&two)));
	CHECK_STR(buf_str(&out), STR("hello hello hellohello hello hello"));
	two.len -= 3;
	CHECK_INT(inflate_append(&out, buf_str(&two)), ERR_INVALID);
}

TEST(inflate, what_is_known_is_known_in_any_case)
{
	CHECK(inflate_knows(STR("gzip")) && inflate_knows(STR("GZip")));
	CHECK(inflate_knows(STR("x-gzip")) && inflate_knows(STR("deflate")));
	CHECK(!inflate_knows(STR("br")) && !inflate_knows(STR("")));
	CHECK(!inflate_knows(STR("gzip, gzip")));
}
