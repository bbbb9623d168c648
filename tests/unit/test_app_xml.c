#include "flow/xml.h"
#include "run_world.h"

/* The app xml:*. */

#define PARSE(parameters_, text_, expected_) \
	CHECK_CALL("xml:ParseXML", parameters_, "{\"xml\":\"{{1.t}}\"}", \
		"{\"t\":\"" text_ "\"}", expected_)

TEST(app_xml, elements_are_arrays_with_attributes_and_texts)
{
	run_world_begin();
	PARSE("{\"preserveNumbersAsText\":true}",
		"<a x='1' n:y='&lt;'>t<b>2</b><c/>\\n<b><![CDATA[<&]]></b>"
		"<!-- no --></a>",
		"[{\"a\":{\"_attributes\":{\"x\":\"1\",\"n:y\":\"<\"},"
		"\"_value\":\"t\",\"b\":[{\"_value\":\"2\"},{\"_value\":"
		"\"<&\"}],\"c\":[{}]}}]");
	run_world_end();
}

TEST(app_xml, numbers_are_read_only_when_they_are_written_so)
{
	run_world_begin();
	PARSE("{\"preserveNumbersAsText\":false}",
		"<a><b>7.5</b><b>007</b><b>x</b></a>",
		"[{\"a\":{\"b\":[{\"_value\":7.5},{\"_value\":\"007\"},"
		"{\"_value\":\"x\"}]}}]");
	run_world_end();
}

TEST(app_xml, paths_of_blueprints_lead_through_the_arrays)
{
	run_world_begin();
	CHECK_CALL("xml:ParseXML", "{}",
		"{\"xml\":\"<r><i><t>{{1.t}}</t></i></r>\"}", "{\"t\":\"x\"}",
		"[{\"r\":{\"i\":[{\"t\":[{\"_value\":\"x\"}]}]}}]");
	run_world_end();
}

TEST(app_xml, what_is_no_xml_is_a_data_error)
{
	run_world_begin();
	PARSE("{}", "<a>\\n</b>",
		"DataError: Source is not valid XML: line 2: Opening and "
		"ending tag mismatch: a line 1 and b");
	PARSE("{}", "hello",
		"DataError: Source is not valid XML: line 1: Document is "
		"empty");
	PARSE("{}", "<a/><b/>",
		"DataError: Source is not valid XML: line 1: Extra content at "
		"the end of the document");
	run_world_end();
}

TEST(app_xml, document_types_and_their_entities_are_refused)
{
	run_world_begin();
	PARSE("{}", "<!DOCTYPE a [<!ENTITY e 'x'>]><a b='&e;'>&e;</a>",
		"DataError: Source is not valid XML: line 1: a document type "
		"and its entities are not read");
	PARSE("{}", "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
		"DataError: Source is not valid XML: line 1: a document type "
		"and its entities are not read");
	run_world_end();
}

/** libxml2 lets an overlong form pass in CDATA. */
TEST(app_xml, what_is_no_utf8_is_refused_wherever_it_stands)
{
	static const char *const texts[] = {"<a><![CDATA[\xC1\xA2]]></a>",
		"<a>\xC1\xA2</a>", "<a x='\xC1\xA2'/>", "<\xC1\xA2/>"};
	static const struct xml_options options = {0};
	struct arena arena = {0};
	struct buf why = {0};
	struct value value;

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		CHECK_INT(xml_read(str_of(texts[i]), &options, &arena, &value,
				  &why),
			ERR_INVALID);
	CHECK(str_starts_with(
		buf_str(&why), STR("line 1: this is not UTF-8line 1: ")));
	buf_release(&why);
	arena_release(&arena);
}

TEST(app_xml, elements_named_like_attributes_and_texts_are_refused)
{
	run_world_begin();
	PARSE("{}", "<a>\\nt<_value>u</_value></a>",
		"DataError: Source is not valid XML: line 2: elements "
		"_attributes and _value cannot be told from the attributes "
		"and the text of the one around them");
	PARSE("{}", "<_attributes/>",
		"DataError: Source is not valid XML: line 1: elements "
		"_attributes and _value cannot be told from the attributes "
		"and the text of the one around them");
	PARSE("{}", "<a _value='1'/>",
		"[{\"a\":{\"_attributes\":{\"_value\":\"1\"}}}]");
	run_world_end();
}

TEST(app_xml, documents_are_bounded)
{
	struct buf text = {0};
	struct str result;

	run_world_begin();
	for (int i = 0; i < 90; i++)
		buf_append(&text, STR("<a>"));
	buf_append(&text, STR("\"}"));
	result = arena_printf(
		&run_world.arena, "{\"xml\":\"%s", buf_text(&text));
	CHECK_CALL("xml:ParseXML", "{}", result.ptr, "{}",
		"DataError: Source is not valid XML: line 1: elements are "
		"nested over 80 deep");
	buf_release(&text);
	run_world_end();
}

TEST(app_xml, fields_become_a_document)
{
	run_world_begin();
	CHECK_CALL("xml:CreateXML", "{}",
		"{\"a\":{\"_attributes\":{\"x\":\"\\\"<\\n\"},\"_value\":"
		"\"1 & 2\",\"b\":[\"{{1.n}}\",{\"c\":true}]}}",
		"{\"n\":7}",
		"[{\"xml\":\"<?xml version=\\\"1.0\\\" encoding=\\\"UTF-8\\\"?>"
		"\\n<a x=\\\"&quot;&lt;&#10;\\\">1 &amp; 2<b>7</b><b><c>true"
		"</c></b></a>\"}]");
	CHECK_CALL("xml:CreateXML", "{}", "{\"a\":1,\"b\":2}", "{}",
		"[{\"xml\":\"<?xml version=\\\"1.0\\\" encoding=\\\"UTF-8\\\"?>"
		"\\n<root><a>1</a><b>2</b></root>\"}]");
	CHECK_CALL("xml:CreateXML", "{}", "{\"a b\":1}", "{}",
		"DataError: \"a b\" cannot be a name in XML");
	run_world_end();
}
