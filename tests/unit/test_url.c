#include "net/url.h"

#include "check.h"

static const struct address_policy lab = {.allow_http = true};

static enum err
parse(const char *text, const struct address_policy *policy, struct url *ret,
	struct buf *why)
{
	static struct arena arena;

	arena_reset(&arena);
	buf_clear(why);
	return url_parse_destination(str_of(text), policy, &arena, ret, why);
}

TEST(url, every_case_of_the_list_has_its_verdict)
{
	struct str text = check_read_file(check_data_path("cases/egress.txt"));
	struct str rest = text;
	CLEANUP(buf_release) struct buf why = {0};
	int count = 0;

	while (rest.ptr != NULL) {
		struct str line = str_split(&rest, '\n');
		char url[128], verdict[32], copy[256];
		struct url parsed;
		enum err err;

		snprintf(copy, sizeof(copy), "%.*s", STR_ARG(line));
		if (sscanf(copy, "url %127s %31s", url, verdict) != 2)
			continue;
		err = parse(url, &lab, &parsed, &why);
		if (strcmp(verdict, err == ERR_OK	? "public"
				    : err == ERR_DENIED ? "denied"
							: "invalid"))
			check_failed(copy, 0, "%s %s", err_name(err),
				buf_text(&why));
		CHECK((err == ERR_OK) == (why.len == 0));
		count++;
	}
	CHECK(count > 100);
}

TEST(url, is_taken_apart)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct url url;

	CHECK_OK(parse("HTTPS://Hooks.Example.COM:8443/A/./b/../c?x=1&y=%2F",
		&lab, &url, &why));
	CHECK_STR(url.scheme, STR("https"));
	CHECK_STR(url.host, STR("hooks.example.com"));
	CHECK_INT(url.port, 8443);
	CHECK_STR(url.path, STR("/A/c"));
	CHECK_STR(url.query, STR("x=1&y=%2F"));
	CHECK_STR(url.origin, STR("https://hooks.example.com:8443"));
}

TEST(url, has_the_port_of_its_scheme_and_a_path)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct url url;

	CHECK_OK(parse("https://example.com", &lab, &url, &why));
	CHECK_INT(url.port, 443);
	CHECK_STR(url.path, STR("/"));
	CHECK_STR(url.query, STR(""));
	CHECK_STR(url.origin, STR("https://example.com:443"));
	CHECK_OK(parse("http://example.com?q", &lab, &url, &why));
	CHECK_INT(url.port, 80);
	CHECK_STR(url.path, STR("/"));
	CHECK_STR(url.query, STR("q"));
}

TEST(url, of_an_ipv6_host_has_brackets_in_its_origin_only)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct url url;

	CHECK_OK(parse("https://[2606:4700:0:0::1111]/", &lab, &url, &why));
	CHECK_STR(url.host, STR("2606:4700::1111"));
	CHECK_STR(url.origin, STR("https://[2606:4700::1111]:443"));
}

TEST(url, with_a_short_address_shows_the_one_that_is_meant)
{
	struct address_policy policy = {.allow_http = true, .allowed_count = 1};
	CLEANUP(buf_release) struct buf why = {0};
	struct url url;

	CHECK_OK(address_network_parse(
		STR("127.0.0.0/8"), &policy.allowed[0], &why));
	CHECK_OK(parse("http://0x7f.1:81/", &policy, &url, &why));
	CHECK_STR(url.host, STR("127.0.0.1"));
	CHECK_STR(url.origin, STR("http://127.0.0.1:81"));
}

TEST(url, of_plain_http_needs_to_be_allowed)
{
	struct address_policy strict = {0};
	CLEANUP(buf_release) struct buf why = {0};
	struct url url;

	CHECK_INT(
		parse("http://example.com/", &strict, &url, &why), ERR_DENIED);
	CHECK(str_find(buf_str(&why), STR("https")) != SIZE_MAX);
	CHECK_OK(parse("https://example.com/", &strict, &url, &why));
}

TEST(url, refused_for_its_address_names_address_and_class)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct url url;

	CHECK_INT(parse("https://10.1/", &lab, &url, &why), ERR_DENIED);
	CHECK_STR(buf_str(&why),
		STR("address 10.0.0.1 is private: not on the allow-list"));
}

TEST(url, refused_for_a_byte_names_its_column)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct url url;

	CHECK_INT(
		parse("https://u@example.com/", &lab, &url, &why), ERR_INVALID);
	CHECK(str_starts_with(buf_str(&why), STR("column 10: user info")));
	CHECK_INT(parse("https://example.com/a b", &lab, &url, &why),
		ERR_INVALID);
	CHECK(str_starts_with(buf_str(&why), STR("column 22: ")));
	CHECK_INT(parse("https://example.com/\r\nX: y", &lab, &url, &why),
		ERR_INVALID);
	CHECK(str_starts_with(buf_str(&why), STR("column 21: control")));
}

TEST(url, with_a_nul_is_refused)
{
	struct arena arena = {0};
	CLEANUP(buf_release) struct buf why = {0};
	struct url url;

	CHECK_INT(url_parse_destination(str_make("https://a\0b/", 12), &lab,
			  &arena, &url, &why),
		ERR_INVALID);
	arena_release(&arena);
}

TEST(url, may_have_its_full_length_and_not_a_byte_more)
{
	char text[URL_LEN_MAX + 2];
	CLEANUP(buf_release) struct buf why = {0};
	struct url url;

	memset(text, 'a', sizeof(text));
	memcpy(text, "https://example.com/", 20);
	text[URL_LEN_MAX + 1] = '\0';
	CHECK_INT(parse(text, &lab, &url, &why), ERR_INVALID);
	text[URL_LEN_MAX] = '\0';
	CHECK_OK(parse(text, &lab, &url, &why));
	CHECK_INT(url.path.len, URL_LEN_MAX - 19);
}

TEST(url, with_too_long_a_name_is_refused)
{
	char text[600];
	CLEANUP(buf_release) struct buf why = {0};
	struct url url;

	snprintf(text, sizeof(text), "https://%064d.example/", 0);
	CHECK_INT(parse(text, &lab, &url, &why), ERR_INVALID);
	snprintf(text, sizeof(text), "https://%063d.example/", 0);
	CHECK_OK(parse(text, &lab, &url, &why));
	snprintf(text, sizeof(text),
		"https://%060d.%060d.%060d.%060d.example.com/", 0, 0, 0, 0);
	CHECK_INT(parse(text, &lab, &url, &why), ERR_INVALID);
}
