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
	struct multipart form;

	buf_clear(&out);
	if (multipart_read(body, STR("b"), &arena, &form, &out))
		return buf_str(&out);
	buf_clear(&out);
	for (size_t i = 0; i < form.count; i++) {
		const struct multipart_part *part = &form.parts[i];

		buf_printf(&out, "%.*s=", STR_ARG(part->name));
		if (part->is_file)
			buf_printf(&out, "%.*s:%.*s:", STR_ARG(part->filename),
				STR_ARG(part->type));
		buf_printf(&out, "%.*s\n", STR_ARG(part->data));
	}
	return buf_str(&out);
}

#define READ(body_, expected_) \
	CHECK_STR(read_form(str_of(body_)), str_of(expected_))
#define NAMED(name_) "\r\nContent-Disposition: form-data; name=\"" name_ "\""

TEST(multipart, parts_come_with_their_names_and_files)
{
	READ("before\r\n--b" NAMED("a") "\r\n\r\n1\r\n2--b\r\n--b  " NAMED(
		     "f\"; filename=\"x.txt") "\r\ncontent-type: text/plain"
					      "\r\n\r\n\r\n--b--after",
		"a=1\r\n2--b\nf=x.txt:text/plain:\n");
	READ("--b\r\n\r\n--b--", "=\n");
	READ("--b--", "");
	arena_release(&arena);
}

TEST(multipart, what_is_no_form_is_told_with_its_part)
{
	READ("hello",
		"the boundary that Content-Type names is not in the body");
	READ("--b\r\n\r\n1\r\n--b\r\n\r\n2",
		"part 2: it does not end with the boundary");
	READ("--b\r\nA: b\r\n", "part 1: its headers do not end");
	READ("--bc\r\n\r\n1\r\n--bc--",
		"part 1: expected the end of the line behind the boundary");
	arena_release(&arena);
}

TEST(multipart, form_that_is_written_is_read_as_it_was)
{
	static const struct multipart_part parts[] = {
		{.name = STR_INIT("a\"\r\n"), .data = STR_INIT("1")},
		{.name = STR_INIT("f"),
			.filename = STR_INIT("b\".txt"),
			.type = STR_INIT("text/plain"),
			.is_file = true,
			.data = STR_INIT("\r\n--")},
	};
	struct buf text = {0};

	for (size_t i = 0; i < COUNT_OF(parts); i++)
		multipart_append(&text, STR("b"), &parts[i]);
	multipart_end(&text, STR("b"));
	CHECK_STR(read_form(buf_str(&text)),
		STR("a\"\r\n=1\nf=b\".txt:text/plain:\r\n--\n"));
	buf_release(&text);
	arena_release(&arena);
}

TEST(multipart, boundary_is_that_of_the_content_type)
{
	struct str boundary;

	CHECK_OK(
		multipart_boundary(STR("Multipart/Form-Data; boundary=\"a b\""),
			&arena, &boundary));
	CHECK_STR(boundary, STR("a b"));
	CHECK_INT(multipart_boundary(STR("multipart/mixed; boundary=a"), &arena,
			  &boundary),
		ERR_INVALID);
	CHECK_INT(multipart_boundary(
			  STR("multipart/form-data"), &arena, &boundary),
		ERR_INVALID);
	arena_release(&arena);
}

TEST(multipart, parts_are_limited)
{
	struct buf text = {0};

	for (int i = 0; i <= MULTIPART_PARTS_MAX; i++)
		buf_append(&text, STR("--b\r\n\r\n\r\n"));
	buf_append(&text, STR("--b--"));
	CHECK_STR(read_form(buf_str(&text)), STR("part 1001: too many parts"));
	buf_release(&text);
	arena_release(&arena);
}
