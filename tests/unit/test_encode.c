#include "base/encode.h"

#include "base/random.h"
#include "check.h"

TEST(encode, base64_meets_the_vectors_of_rfc_4648)
{
	static const struct {
		const char *plain, *padded, *url;
	} rows[] = {
		{"", "", ""},
		{"f", "Zg==", "Zg"},
		{"fo", "Zm8=", "Zm8"},
		{"foo", "Zm9v", "Zm9v"},
		{"foob", "Zm9vYg==", "Zm9vYg"},
		{"fooba", "Zm9vYmE=", "Zm9vYmE"},
		{"foobar", "Zm9vYmFy", "Zm9vYmFy"},
		{"\xFB\xEF\xFF", "++//", "--__"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_release) struct buf out = buf_make(0);

		encode_base64(&out, str_of(rows[i].plain));
		CHECK_TEXT(buf_text(&out), rows[i].padded);
		buf_clear(&out);
		encode_base64_url(&out, str_of(rows[i].plain));
		CHECK_TEXT(buf_text(&out), rows[i].url);
		buf_clear(&out);
		CHECK_OK(encode_base64_read(str_of(rows[i].padded), &out));
		CHECK_OK(encode_base64_read(str_of(rows[i].url), &out));
		CHECK_INT(out.len, 2 * strlen(rows[i].plain));
	}
}

TEST(encode, everything_is_read_back)
{
	char bytes[300];

	for (size_t len = 0; len <= sizeof(bytes); len++) {
		CLEANUP(buf_release) struct buf text = buf_make(0);
		CLEANUP(buf_release) struct buf back = buf_make(0);
		struct str plain = str_make(bytes, len);
		struct arena arena = {0};
		uint8_t hex[300];
		struct str got;

		random_bytes(bytes, sizeof(bytes));
		encode_base64(&text, plain);
		CHECK_OK(encode_base64_read(buf_str(&text), &back));
		CHECK_STR(buf_str(&back), plain);
		buf_clear(&text);
		encode_hex(&text, plain);
		CHECK_OK(encode_hex_read(buf_str(&text), hex, len));
		CHECK_STR(str_make((char *)hex, len), plain);
		for (size_t i = 0; i < len; i++)
			bytes[i] = bytes[i] ? bytes[i] : 'x';
		buf_clear(&text);
		encode_percent(&text, plain);
		CHECK_OK(encode_percent_read(
			buf_str(&text), false, &arena, &got));
		CHECK_STR(got, plain);
		arena_release(&arena);
	}
}

TEST(encode, broken_base64_is_refused_and_appends_nothing)
{
	static const char *const texts[] = {"A", "=",
		"==", "===", "====", "A===", "AA=", "AAA==", "AAAAA",
		"AA==AA==", "A A=", "AA\n=", "AA!A",
		"A=A=", "AAAA====", "\xC3\xA4=="};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		CLEANUP(buf_release) struct buf out = buf_make(0);

		buf_append(&out, STR("x"));
		CHECK_INT(encode_base64_read(str_of(texts[i]), &out),
			ERR_INVALID);
		CHECK_TEXT(buf_text(&out), "x");
	}
}

TEST(encode, base64_past_the_maximum_is_a_limit)
{
	CLEANUP(buf_release) struct buf out = buf_make(2);

	CHECK_INT(encode_base64_read(STR("Zm9v"), &out), ERR_LIMIT);
}

TEST(encode, hex_is_exact)
{
	uint8_t bytes[2];

	CHECK_OK(encode_hex_read(STR("0fF0"), bytes, 2));
	CHECK_INT(bytes[0], 0x0F);
	CHECK_INT(bytes[1], 0xF0);
	CHECK(encode_hex_read(STR("0fF"), bytes, 2));
	CHECK(encode_hex_read(STR("0fF00"), bytes, 2));
	CHECK(encode_hex_read(STR("0fFg"), bytes, 2));
	CHECK(encode_hex_read(STR("0x11"), bytes, 2));
}

TEST(encode, percent_escapes_are_undone_once)
{
	static const struct {
		const char *text, *plain, *with_plus;
	} rows[] = {
		{"", "", ""},
		{"abc", "abc", "abc"},
		{"a%20b%2Fc%2fd", "a b/c/d", "a b/c/d"},
		{"a+b", "a+b", "a b"},
		{"%2541", "%41", "%41"},
		{"%C3%a9", "\xC3\xA9", "\xC3\xA9"},
		{"a%2Bb+c", "a+b+c", "a+b c"},
	};
	static const char *const broken[] = {
		"%", "%4", "%4x", "%x4", "abc%", "a%00b", "%%20"};
	CLEANUP(buf_release) struct buf out = buf_make(0);
	struct arena arena = {0};
	struct str got;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct str text = str_of(rows[i].text);

		CHECK_OK(encode_percent_read(text, false, &arena, &got));
		CHECK_STR(got, str_of(rows[i].plain));
		CHECK_OK(encode_percent_read(text, true, &arena, &got));
		CHECK_STR(got, str_of(rows[i].with_plus));
	}
	for (size_t i = 0; i < COUNT_OF(broken); i++)
		CHECK_INT(encode_percent_read(
				  str_of(broken[i]), false, &arena, &got),
			ERR_INVALID);
	encode_percent(&out, STR("aZ09-._~ /?+%\xC3\xA9"));
	CHECK_TEXT(buf_text(&out), "aZ09-._~%20%2F%3F%2B%25%C3%A9");
	arena_release(&arena);
}
