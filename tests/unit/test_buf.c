#include "base/buf.h"

#include "check.h"

TEST(buf, append_past_max_changes_nothing)
{
	struct buf buf = buf_make(5);

	CHECK_OK(buf_append(&buf, STR("abc")));
	CHECK_INT(buf_append(&buf, STR("def")), ERR_LIMIT);
	CHECK_STR(buf_str(&buf), STR("abc"));
	CHECK(buf_is_overflown(&buf));
	buf_release(&buf);
}

TEST(buf, overflow_is_remembered_until_cleared)
{
	struct buf buf = buf_make(2);

	CHECK_INT(buf_append(&buf, STR("abc")), ERR_LIMIT);
	CHECK_INT(buf_append(&buf, STR("a")), ERR_LIMIT);
	buf_clear(&buf);
	CHECK_OK(buf_append(&buf, STR("a")));
	buf_release(&buf);
}

TEST(buf, room_that_is_filled_in_part_ends_with_a_nul)
{
	struct buf buf = buf_make(0);
	char *at = buf_reserve(&buf, 10);

	memset(at, 'x', 10);
	buf_filled(&buf, 3);
	CHECK_TEXT(buf_text(&buf), "xxx");
	buf_reserve(&buf, 7);
	buf_filled(&buf, 0);
	CHECK_TEXT(buf_text(&buf), "xxx");
	buf_release(&buf);
}

TEST(buf, printf_longer_than_its_stack_is_whole)
{
	struct buf buf = buf_make(0);

	CHECK_OK(buf_printf(&buf, "%0600d", 7));
	CHECK_INT(buf.len, 600);
	CHECK(buf.ptr[599] == '7' && buf.ptr[600] == '\0');
	buf_release(&buf);
}
