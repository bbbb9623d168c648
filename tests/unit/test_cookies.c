#include "flow/cookies.h"

#include "base/clock.h"
#include "check.h"

#define NOW (1000 * SECONDS)

static struct arena arena;

static enum err
read(const char *line, const char *url, struct cookie *ret)
{
	return cookie_read(str_of(line), str_of(url), NOW, &arena, ret);
}

static void
set(struct cookies *cookies, const char *line, const char *url)
{
	struct cookie cookie;

	CHECK_OK(read(line, url, &cookie));
	cookies_set(cookies, &cookie);
}

#define CHECK_SENT(url_, expected_) \
	CHECK_STR(cookies_for(jar, STR(url_), NOW, &arena), STR(expected_))

TEST(cookies, attributes_are_read)
{
	struct cookie cookie;

	CHECK_OK(read("a=b=c; Domain=.Example.COM; Path=/x; Secure; Max-Age=9",
		"https://api.example.com/y/z?q", &cookie));
	CHECK_STR(cookie.name, STR("a"));
	CHECK_STR(cookie.value, STR("b=c"));
	CHECK_STR(cookie.domain, STR("example.com"));
	CHECK_STR(cookie.path, STR("/x"));
	CHECK(cookie.is_for_secure && !cookie.is_for_host);
	CHECK_INT(cookie.expires, NOW + 9 * SECONDS);
	CHECK_OK(read("a=; path=x; expires=Wed, 21-Oct-2015 07:28:00 GMT",
		"http://h:80/y/z", &cookie));
	CHECK_STR(cookie.path, STR("/y"));
	CHECK_STR(cookie.domain, STR("h"));
	CHECK(cookie.is_for_host);
	CHECK_INT(cookie.expires, INT64_C(1445412480) * SECONDS);
	/* Max-Age wins, whichever comes first. */
	CHECK_OK(read("a=1; max-age=0; expires=Wed, 21 Oct 2099 07:28:00 GMT",
		"http://h", &cookie));
	CHECK_INT(cookie.expires, 0);
}

TEST(cookies, what_is_none_or_not_the_hosts_to_set_is_refused)
{
	static const char *const lines[] = {"", "a", "=b", "a=b; Domain=com",
		"a=b; Domain=other.example", "a=b; Domain=x.h.example",
		"a=\x01"};
	struct cookie cookie;

	for (size_t i = 0; i < COUNT_OF(lines); i++)
		CHECK_INT(read(lines[i], "http://h.example/", &cookie),
			ERR_INVALID);
	CHECK_INT(read("a=b; Domain=0.0.1", "http://127.0.0.1/", &cookie),
		ERR_INVALID);
}

TEST(cookies, are_sent_to_where_they_belong_and_nowhere_else)
{
	struct cookies *jar = cookies_new();

	set(jar, "host=1", "http://a.example.com/");
	set(jar, "domain=2; Domain=example.com", "http://a.example.com/");
	set(jar, "deep=3; Path=/x", "http://a.example.com/");
	set(jar, "safe=4; Secure", "https://a.example.com/");
	CHECK_SENT("http://a.example.com:81/x/y", "deep=3; host=1; domain=2");
	CHECK_SENT("https://a.example.com", "host=1; domain=2; safe=4");
	CHECK_SENT("http://b.example.com/xy", "domain=2");
	CHECK_SENT("http://a.example.com/xy", "host=1; domain=2");
	CHECK_SENT("http://badexample.com/", "");
	cookies_free(jar);
	cookies_free(NULL);
}

TEST(cookies, a_new_value_takes_the_place_and_what_is_over_is_not_sent)
{
	struct cookies *jar = cookies_new();

	set(jar, "a=1", "http://h/");
	set(jar, "b=2", "http://h/");
	set(jar, "a=3", "http://h/");
	CHECK_SENT("http://h/", "a=3; b=2");
	set(jar, "a=; Max-Age=0", "http://h/");
	CHECK_SENT("http://h/", "b=2");
	cookies_free(jar);
}

TEST(cookies, the_oldest_goes_when_there_are_too_many)
{
	struct cookies *jar = cookies_new();

	for (int i = 0; i <= COOKIES_MAX; i++)
		set(jar, arena_printf(&arena, "c%d=x; Path=/%d", i, i).ptr,
			"http://h/");
	CHECK_SENT("http://h/0", "");
	CHECK_SENT("http://h/1", "c1=x");
	CHECK_SENT("http://h/100", "c100=x");
	cookies_free(jar);
}

TEST(cookies, come_back_from_their_values)
{
	struct cookie cookie, back;

	CHECK_OK(read("a=b; Secure; Max-Age=60", "https://h/p/q", &cookie));
	CHECK_OK(cookie_from_value(
		cookie_to_value(&cookie, &arena), &arena, &back));
	CHECK_STR(back.name, STR("a"));
	CHECK_STR(back.value, STR("b"));
	CHECK_STR(back.domain, STR("h"));
	CHECK_STR(back.path, STR("/p"));
	CHECK(back.is_for_secure && back.is_for_host);
	CHECK_INT(back.expires, cookie.expires);
	CHECK_INT(cookie_from_value(value_empty(), &arena, &back), ERR_INVALID);
}
