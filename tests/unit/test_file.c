#include "cli/file.h"

#include "check.h"

TEST(file, as_long_as_the_maximum_is_not_too_long)
{
	const char *path = check_write_file("text", "12345");
	CLEANUP(buf_release) struct buf fits = buf_make(5);
	CLEANUP(buf_release) struct buf small = buf_make(4);
	CLEANUP(buf_release) struct buf why = buf_make(0);

	CHECK_OK(file_read(path, &fits, &why));
	CHECK_TEXT(buf_text(&fits), "12345");
	CHECK_INT(file_read(path, &small, &why), ERR_LIMIT);
	CHECK(str_starts_with(buf_str(&why), str_of(path)));
	CHECK(str_ends_with(buf_str(&why), STR("is longer than 4 bytes")));
}

TEST(file, error_at_the_maximum_is_told_as_what_it_is)
{
	CLEANUP(buf_release) struct buf out = buf_make(1);
	CLEANUP(buf_release) struct buf why = buf_make(0);

	buf_append_char(&out, 'x');
	CHECK_INT(file_read(check_temp_dir(), &out, &why), ERR_INVALID);
	CHECK(str_ends_with(buf_str(&why), STR("Is a directory")));
}

TEST(file, text_ends_with_a_nul_whatever_was_in_its_memory)
{
	CLEANUP(buf_release) struct buf out = buf_make(0);
	CLEANUP(buf_release) struct buf why = buf_make(0);
	size_t size = 100 * 1000;

	memset(buf_reserve(&out, size), 'x', size);
	CHECK_OK(file_read(check_write_file("text", "12345"), &out, &why));
	CHECK_TEXT(buf_text(&out), "12345");
	buf_clear(&out);
	memset(buf_reserve(&out, size), 'x', size);
	CHECK_OK(file_read(check_write_file("empty", ""), &out, &why));
	CHECK_TEXT(buf_text(&out), "");
}
