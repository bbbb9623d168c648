#include "check.h"
#include "flow/http_url.h"

static struct arena arena;

TEST(http_url, what_cannot_stand_in_an_address_is_encoded)
{
	CHECK_STR(http_url_clean(
			  STR(" https://h/a b\"\xC3\xA4%20?x={1}#f "), &arena),
		STR("https://h/a%20b%22%C3%A4%20?x=%7B1%7D"));
	CHECK_STR(
		http_url_add(STR("https://h/a"), STR("b c"), STR("&"), &arena),
		STR("https://h/a?b%20c=%26"));
	CHECK_STR(http_url_add(STR("https://h/a?"), STR("b"), STR(""), &arena),
		STR("https://h/a?b="));
	arena_release(&arena);
}

TEST(http_url, redirects_lead_as_rfc_3986_says)
{
	static const struct {
		const char *location, *target;
	} cases[] = {
		{"https://o/x", "https://o/x"},
		{"//o/x", "http://o/x"},
		{"/x?y=a:b", "http://h:8/x?y=a:b"},
		{"x", "http://h:8/a/x"},
		{"?z", "http://h:8/a/b?z"},
		{"./x y", "http://h:8/a/./x%20y"},
		{"HTTP://o", "HTTP://o"},
		{"ftp://o/", NULL},
		{"javascript:1", NULL},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct str target = STR("");
		enum err err = http_url_follow(STR("http://h:8/a/b?c=d/e"),
			str_of(cases[i].location), &arena, &target);

		CHECK_INT(err, cases[i].target ? ERR_OK : ERR_INVALID);
		if (cases[i].target)
			CHECK_STR(target, str_of(cases[i].target));
	}
	CHECK_OK(http_url_follow(
		STR("http://h"), STR("x"), &arena, &(struct str){0}));
	arena_release(&arena);
}

TEST(http_url, origins_are_scheme_host_and_port)
{
	CHECK(http_url_is_same_origin(STR("http://H/a"), STR("HTTP://h?b")));
	CHECK(!http_url_is_same_origin(STR("http://h/a"), STR("https://h/a")));
	CHECK(!http_url_is_same_origin(STR("http://h/"), STR("http://h:8/")));
	CHECK(!http_url_is_same_origin(STR("http://h"), STR("http://h.o")));
}

TEST(http_url, file_name_is_the_last_segment)
{
	CHECK_STR(http_url_file_name(STR("http://h/a/b%20c.txt?d/e"), &arena),
		STR("b c.txt"));
	CHECK_STR(http_url_file_name(STR("http://h/a/"), &arena), STR(""));
	CHECK_STR(http_url_file_name(STR("http://h"), &arena), STR(""));
	arena_release(&arena);
}
