#include "check.h"
#include "flow/header_parameter.h"
#include "flow/multipart.h"

static struct arena arena;

static struct str
parameter(const char *header, const char *name)
{
	struct str value;

	if (header_parameter(str_of(header), str_of(name), &arena, &value))
		return STR("(none)");
	return value;
}

TEST(header_parameter, values_are_found_in_every_spelling)
{
	CHECK_STR(
		parameter("text/html; Charset=utf-8", "charset"), STR("utf-8"));
	CHECK_STR(parameter("a; x=\"1;y=2\\\"\\\\\"; y = 3", "x"),
		STR("1;y=2\"\\"));
	CHECK_STR(parameter("a; x=\"1;y=2\"; y = 3", "y"), STR("3"));
	CHECK_STR(parameter("a; f=b; f*=UTF-8'en'%E2%82%AC.txt", "f"),
		STR("\xE2\x82\xAC.txt"));
	CHECK_STR(parameter("a; f*=latin1''%E2; f=b", "f"), STR("b"));
	CHECK_STR(parameter("a; x=\"open", "x"), STR("open"));
	CHECK_STR(parameter("a", "x"), STR("(none)"));
	CHECK_STR(header_main(STR("Text/HTML ;a=b"), &arena), STR("text/html"));
	arena_release(&arena);
}

/** `name=data` or `name=filename:type:data`, one a line; or the sentence. */
static struct str
read_form(struct str body)
{
	static struct buf out;
	struct multipart_list form;

	buf_clear(&out);
	if (multipart_read(body, STR("b"), &arena, &form, &out))
		return buf_str(&out);
	buf_clear(&out);
	for (size_t i = 0; i < form.count; i++) {
		const struct multipart_part *part = &form.parts[i];

		buf_printf(&out, "%.*s=", STR_ARG(part->name));
		if (part->is_file)
			buf_printf(&out, "%.*s:%.*s:", STR_ARG(part->filename),
				STR_ARG(part->mime));
		buf_printf(&out, "%.*s\n", STR_ARG(part->data));
	}
	return buf_str(&out);
}

TEST(multipart, form_that_is_written_is_read_with_names_as_browsers_quote_them)
{
	static const struct multipart_part parts[] = {
		{.name = STR_INIT("a\"\r\n"), .data = STR_INIT("1")},
		{.name = STR_INIT("f"),
			.filename = STR_INIT("b\".txt"),
			.mime = STR_INIT("text/plain"),
			.is_file = true,
			.data = STR_INIT("\r\n--")},
	};
	struct buf text = {0};

	for (size_t i = 0; i < COUNT_OF(parts); i++)
		multipart_append(&text, STR("b"), &parts[i]);
	multipart_end(&text, STR("b"));
	CHECK_STR(read_form(buf_str(&text)),
		STR("a%22%0D%0A=1\nf=b%22.txt:text/plain:\r\n--\n"));
	buf_release(&text);
	arena_release(&arena);
}
