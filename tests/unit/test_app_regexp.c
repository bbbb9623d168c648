#include "run_world.h"

/* The app regexp:*. */

#define MATCH(parameters_, text_, expected_) \
	CHECK_CALL("regexp:Parser", parameters_, "{\"text\":\"{{1.t}}\"}", \
		"{\"t\":\"" text_ "\"}", expected_)

TEST(app_regexp, first_match_gives_its_groups_by_number_and_name)
{
	run_world_begin();
	MATCH("{\"pattern\":\"(?<key>\\\\w+)=(\\\\d+)?\"}", "a= b=2",
		"[{\"$1\":\"a\",\"key\":\"a\",\"$2\":null,\"i\":1,"
		"\"__IMTMATCH__\":[\"a=\",\"a\",null],\"__IMTINDEX__\":1,"
		"\"__IMTLENGTH__\":1}]");
	run_world_end();
}

TEST(app_regexp, global_gives_a_bundle_a_match)
{
	run_world_begin();
	MATCH("{\"pattern\":\"B(.)\",\"global\":true,\"sensitive\":false}",
		"b1B2",
		"[{\"$1\":\"1\",\"i\":1,\"__IMTMATCH__\":[\"b1\",\"1\"],"
		"\"__IMTINDEX__\":1,\"__IMTLENGTH__\":2},"
		"{\"$1\":\"2\",\"i\":2,\"__IMTMATCH__\":[\"B2\",\"2\"],"
		"\"__IMTINDEX__\":2,\"__IMTLENGTH__\":2}]");
	run_world_end();
}

TEST(app_regexp, nothing_found_ends_the_path_unless_told_otherwise)
{
	run_world_begin();
	MATCH("{\"pattern\":\"x\"}", "abc", "[]");
	MATCH("{\"pattern\":\"x\",\"continueWhenNoRes\":true}", "abc",
		"[{\"__IMTINDEX__\":1,\"__IMTLENGTH__\":1}]");
	run_world_end();
}

TEST(app_regexp, broken_and_slow_patterns_are_data_errors)
{
	run_world_begin();
	CHECK(str_starts_with(
		run_world_call("regexp:AdvancedParser", "{}",
			"{\"pattern\":\"a(\",\"text\":\"a\"}", "{}"),
		STR("DataError: pattern: this is no regular expression: ")));
	MATCH("{\"pattern\":\"(a+)+$\"}",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
		"DataError: pattern: it takes too many steps on this text");
	run_world_end();
}

TEST(app_regexp, replacement_knows_groups)
{
	run_world_begin();
	CHECK_CALL("regexp:Replace", "{}",
		"{\"pattern\":\"(\\\\w)-(\\\\w)\",\"value\":\"$2+$1$$\","
		"\"global\":true,\"text\":\"a-b c-d\"}",
		"{}", "[{\"text\":\"b+a$ d+c$\"}]");
	CHECK_CALL("regexp:Replace", "{}",
		"{\"pattern\":\"^b.\",\"value\":\"$<n>\",\"multiline\":true,"
		"\"singleline\":true,\"text\":\"a\\nb\\n\"}",
		"{}",
		"DataError: value: a replacement refers to groups by number "
		"($1), not by name");
	run_world_end();
}

TEST(app_regexp, html_becomes_lines)
{
	run_world_begin();
	CHECK_CALL("regexp:HTMLToText", "{}",
		"{\"html\":\"<html><head><title>t</title><style>p{}</style>"
		"</head><body><h1>Disk 90&#37;</h1>\\n<p>On  <b>rack</b>\\n"
		"&lt;7&gt; &mdash; <a href='https://h/?a=1'>see</a></p>"
		"<ul><li>one</li><li>two</li></ul><pre>a  b\\nc</pre>"
		"1 < 2 &co;<!-- no --></body>\",\"uppercaseHeadings\":true}",
		"{}",
		"[{\"text\":\"DISK 90%\\n\\nOn rack <7> \xE2\x80\x94 see "
		"[https://h/?a=1]\\n\\n* one\\n* two\\n\\na  b\\nc\\n\\n"
		"1 < 2 &co;\"}]");
	run_world_end();
}
