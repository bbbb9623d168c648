#include "check.h"
#include "store/attempt_pack.h"

/*
 * Bytes that nobody wrote: the first attempt's failure is "abc", and the
 * second one's is told in ways that reach beyond what there is.
 */

#define NUMBERS "\1\0\0\0\0\0\0\0"
#define OTHER_TEXTS "\0\0\0\0\0"
#define FIRST NUMBERS "\3\0\3abc" OTHER_TEXTS

static enum err
find(struct str text, struct str *ret_failure)
{
	static struct arena arena;
	CLEANUP(buf_release) struct buf bytes = {0};
	struct attempt_row row;
	enum err err;

	buf_append(&bytes, STR(FIRST NUMBERS));
	buf_append(&bytes, text);
	buf_append(&bytes, STR(OTHER_TEXTS));
	err = attempt_pack_find(buf_str(&bytes), 1, 2, &arena, &row);
	if (err == ERR_OK)
		*ret_failure = row.failure;
	return err;
}

TEST(attempt_pack_damage, texts_are_read_as_the_header_says)
{
	static const struct {
		struct str text, expected;
	} cases[] = {
		{STR_INIT("\0"), STR_INIT("")},
		{STR_INIT("\3\3\0"), STR_INIT("abc")},
		{STR_INIT("\2\2\0"), STR_INIT("ab")},
		{STR_INIT("\4\3\1x"), STR_INIT("abcx")},
		{STR_INIT("\3\1\1x\1\0"), STR_INIT("axc")},
		{STR_INIT("\5\0\5wxyzw"), STR_INIT("wxyzw")},
		{STR_INIT("\3\0\2xy\1\0"), STR_INIT("xyc")},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct str failure;

		CHECK_OK(find(cases[i].text, &failure));
		CHECK_STR(failure, cases[i].expected);
	}
}

TEST(attempt_pack_damage, what_reaches_beyond_is_refused)
{
	static const struct str cases[] = {
		STR_INIT("\4\4\0"),	    /* one more than it has */
		STR_INIT("\7\0\4wxyz\3\0"), /* behind its end */
		STR_INIT("\5\0\3xyz\2\0"),  /* at its end */
		STR_INIT("\3\2\0\2\0"),	    /* two and two are not three */
		STR_INIT("\3\0\4xyzw"),	    /* more others than the text */
		STR_INIT("\3\0\0\3\0"),	    /* a run of nothing */
		STR_INIT("\12\0\12x"),	    /* others that are not there */
		STR_INIT("\3\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\1x"),
		STR_INIT("\3\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\1x"),
		STR_INIT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\3\0"),
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct str failure;

		CHECK_INT(find(cases[i], &failure), ERR_INVALID);
	}
}
