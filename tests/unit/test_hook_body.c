#include "flow/hook_body.h"

#include "check.h"
#include "flow/multipart_read.h"

static struct arena arena;

static enum err
read_with(struct hook_body_request options, const char *type, const char *query,
	struct str body, struct str *ret)
{
	const struct inbound_field fields[] = {
		{STR("Content-Type"), str_of(type)},
		{STR("X-Tag"), STR("a\xff")}};
	struct inbound_request request = {.method = STR("PUT"),
		.headers = fields,
		.header_count = COUNT_OF(fields),
		.body = body};
	CLEANUP(buf_release) struct buf out = {0};
	struct value value;
	enum err err;

	options.request = &request;
	options.query = str_of(query);
	err = hook_body_read(&options, &arena, &value, &out);
	if (err == ERR_OK)
		value_append_json(&out, value, VALUE_JSON_TYPED);
	*ret = arena_copy(&arena, buf_str(&out));
	return err;
}

static const struct {
	const char *type, *query, *body, *bundle;
} cases[] = {
	{"application/json", "", "{\"a\":1,\"b\":{\"c\":[true,null]}}",
		"{\"a\":1,\"b\":{\"c\":[true,null]}}"},
	{"Application/CloudEvents+JSON; charset=utf-8", "", "{\"a\":\"x\"}",
		"{\"a\":\"x\"}"},
	{"application/json", "", "[1,2]", "{\"value\":[1,2]}"},
	{"application/json", "", "\"x\"", "{\"value\":\"x\"}"},
	{"application/json", "", " ", "{}"},
	{"application/json", "a=2&c=%20x", "{\"a\":1,\"b\":1}",
		"{\"a\":\"2\",\"b\":1,\"c\":\" x\"}"},
	{"", "", "{\"a\":1}", "{\"a\":1}"},
	{"", "", "{a", "{\"value\":\"{a\"}"},
	{"", "", "", "{}"},
	{"application/x-www-form-urlencoded", "", "a=1&b=x+y%26&a=2&c&&d=",
		"{\"a\":[\"1\",\"2\"],\"b\":\"x y&\",\"c\":\"\",\"d\":\"\"}"},
	{"application/x-www-form-urlencoded", "a=q", "a=1&a=2",
		"{\"a\":\"q\"}"},
	{"application/xml", "", "<a>1</a>", "{\"value\":\"<a>1</a>\"}"},
	{"text/plain", "k=v", "hi", "{\"value\":\"hi\",\"k\":\"v\"}"},
	{"application/octet-stream", "", "\xff\xfe",
		"{\"value\":{\"$buffer\":\"//4=\"}}"},
	/* Not taken for a typed value when it is read back. */
	{"application/json", "", "{\"x\":{\"$date\":\"2020-01-01T00:00:00Z\"}}",
		"{\"x\":{\"$collection\":{\"$date\":"
		"\"2020-01-01T00:00:00Z\"}}}"},
	{"multipart/form-data; boundary=b", "",
		"--b\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\n"
		"x\r\ny\r\n--b\r\n"
		"Content-Type: image/png\r\nContent-Disposition: form-data; "
		"name=f; filename=\"C:\\a \\\"b\\\".png\"\r\n\r\n"
		"\xff\r\n--b--\r\n",
		"{\"t\":\"x\\r\\ny\",\"f\":{\"name\":\"C:\\\\a "
		"\\\"b\\\".png\",\"mime\":\"image/png\",\"data\":"
		"{\"$buffer\":\"/w==\"}}}"},
};

TEST(hook_body, each_kind_of_body_gives_its_bundle)
{
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct str bundle;
		enum err err =
			read_with((struct hook_body_request){0}, cases[i].type,
				cases[i].query, str_of(cases[i].body), &bundle);

		if (err || !str_equal(bundle, str_of(cases[i].bundle)))
			check_failed(__FILE__, __LINE__, "case %zu: %.*s", i,
				STR_ARG(bundle));
	}
	arena_release(&arena);
}

static const struct {
	const char *type, *query, *body, *why;
} bad[] = {
	{"application/json", "", "{\"a\":", "line 1"},
	{"application/json", "", "{\"a\":\"\xff\"}", "line 1"},
	{"application/json", "a=%zz", "{}", "the query has a broken"},
	{"application/x-www-form-urlencoded", "", "a=%0", "the form has a"},
	{"multipart/form-data", "", "--b--", "no boundary"},
	{"multipart/form-data; boundary=\"\"", "", "--b--", "no boundary"},
	{"multipart/form-data; boundary=b", "", "hello", "nowhere"},
	{"multipart/form-data; boundary=b", "",
		"--b\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nx",
		"does not end with the boundary"},
	{"multipart/form-data; boundary=b", "",
		"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
		"expected Content-Disposition"},
	{"multipart/form-data; boundary=b", "",
		"--b\r\nContent-Type: a/b\r\n\r\nx\r\n--b--", "no name"},
	{"multipart/form-data; boundary=b", "", "--bc\r\n", "end of the line"},
	{"multipart/form-data; boundary=b", "", "--b\r\nno colon",
		"head does not end"},
};

TEST(hook_body, what_is_wrong_is_told_in_a_sentence)
{
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct str why;
		enum err err = read_with((struct hook_body_request){0},
			bad[i].type, bad[i].query, str_of(bad[i].body), &why);

		if (err != ERR_INVALID ||
			str_find(why, str_of(bad[i].why)) == SIZE_MAX)
			check_failed(__FILE__, __LINE__, "case %zu: %s %.*s", i,
				err_name(err), STR_ARG(why));
	}
	arena_release(&arena);
}

TEST(hook_body, headers_and_method_are_there_when_they_are_wanted)
{
	struct str bundle;

	CHECK_OK(read_with((struct hook_body_request){.wants_headers = true,
				   .wants_method = true},
		"application/json", "__IMTMETHOD__=GET",
		STR("{\"__IMTHEADERS__\":[]}"), &bundle));
	CHECK_STR(bundle,
		STR("{\"__IMTHEADERS__\":[{\"name\":\"content-type\",\"value\":"
		    "\"application/json\"},{\"name\":\"x-tag\",\"value\":"
		    "\"a\xef\xbf\xbd\"}],\"__IMTMETHOD__\":\"PUT\"}"));
	arena_release(&arena);
}

TEST(hook_body, passed_through_json_stays_text)
{
	struct str bundle;

	CHECK_OK(read_with((struct hook_body_request){.passes_json = true},
		"application/json", "", STR("{\"a\": 1"), &bundle));
	CHECK_STR(bundle, STR("{\"value\":\"{\\\"a\\\": 1\"}"));
	arena_release(&arena);
}

/** `levels` arrays in each other. */
static struct str
nested(size_t levels)
{
	char *text = arena_alloc(&arena, 2 * levels);

	memset(text, '[', levels);
	memset(text + levels, ']', levels);
	return str_make(text, 2 * levels);
}

TEST(hook_body, depth_has_an_end_and_what_is_let_in_can_be_read_back)
{
	struct str bundle;
	struct json_doc doc;
	struct value value;

	CHECK_OK(read_with((struct hook_body_request){0}, "application/json",
		"", nested(HOOK_BODY_DEPTH_MAX), &bundle));
	CHECK_OK(json_read(bundle, &arena, &doc, NULL));
	CHECK_OK(value_from_json(
		json_root(&doc), VALUE_JSON_TYPED, &arena, &value));
	CHECK_INT(read_with((struct hook_body_request){0}, "application/json",
			  "", nested(HOOK_BODY_DEPTH_MAX + 1), &bundle),
		ERR_INVALID);
	CHECK_INT(read_with((struct hook_body_request){0}, "application/json",
			  "", nested(100000), &bundle),
		ERR_INVALID);
	arena_release(&arena);
}

TEST(hook_body, a_form_has_so_many_fields_at_most)
{
	struct buf form = {0};
	struct str bundle;

	for (int i = 0; i < HOOK_BODY_FIELDS_MAX; i++)
		buf_printf(&form, "f%d=1&", i);
	CHECK_OK(read_with((struct hook_body_request){0},
		"application/x-www-form-urlencoded", "", buf_str(&form),
		&bundle));
	buf_append(&form, STR("x=1"));
	CHECK_INT(read_with((struct hook_body_request){0},
			  "application/x-www-form-urlencoded", "",
			  buf_str(&form), &bundle),
		ERR_INVALID);
	buf_release(&form);
	arena_release(&arena);
}

TEST(multipart_read, parts_and_heads_have_an_end)
{
	struct buf body = {0}, why = {0};
	struct multipart_list list;

	buf_append(&body, STR("preamble\r\n--b"));
	for (int i = 0; i < MULTIPART_PARTS_MAX; i++)
		buf_append(&body, STR("\r\nContent-Disposition: form-data; "
				      "name=\"\"\r\n\r\n\r\n--b"));
	buf_append(&body, STR("--\r\nepilogue"));
	CHECK_OK(multipart_read(buf_str(&body), STR("b"), &arena, &list, &why));
	CHECK_INT(list.count, MULTIPART_PARTS_MAX);
	buf_truncate(&body, body.len - strlen("--\r\nepilogue"));
	buf_append(&body, STR("\r\nContent-Disposition: form-data; name=a"
			      "\r\n\r\n\r\n--b--"));
	CHECK_INT(multipart_read(buf_str(&body), STR("b"), &arena, &list, &why),
		ERR_LIMIT);
	buf_clear(&body);
	buf_append(&body, STR("--b\r\n"));
	while (body.len < MULTIPART_HEAD_MAX + 100)
		buf_append(&body, STR("X-Long: header\r\n"));
	CHECK_INT(multipart_read(buf_str(&body), STR("b"), &arena, &list, &why),
		ERR_LIMIT);
	buf_release(&body);
	buf_release(&why);
	arena_release(&arena);
}
