#include "run_world.h"

/* The app csv:*. */

#define PARSE(mapper_, text_, expected_) \
	CHECK_CALL("csv:ParseCSV", "{}", "{\"csv\":\"{{1.t}}\"" mapper_ "}", \
		"{\"t\":\"" text_ "\"}", expected_)
#define PLACE(at_, of_) "\"__IMTINDEX__\":" #at_ ",\"__IMTLENGTH__\":" #of_ "}"

TEST(app_csv, rows_are_bundles_with_the_names_of_the_first_line)
{
	run_world_begin();
	PARSE(",\"containsHeaders\":true",
		"name,size\\r\\n\\\"Rack, 7\\\",2\\r\\n\\r\\nx\\r\\n",
		"[{\"name\":\"Rack, 7\",\"size\":\"2\"," PLACE(1,
			2) ",{\"name\":\"x\",\"size\":null," PLACE(2, 2) "]");
	PARSE(",\"delimiter\":\"semicolon\"", "a;b",
		"[{\"col1\":\"a\",\"col2\":\"b\"," PLACE(1, 1) "]");
	run_world_end();
}

TEST(app_csv, table_that_is_not_as_told_is_a_data_error)
{
	run_world_begin();
	PARSE("", "a\\n\\\"b",
		"DataError: csv: line 2: the quote is not closed");
	PARSE(",\"columns\":2", "a,b\\nc",
		"DataError: csv: line 2: it has 1 columns, not 2");
	PARSE(",\"delimiter\":\"ab\"", "a",
		"DataError: delimiter: expected comma, semicolon, tab, pipe, "
		"space or one character other than a quote");
	run_world_end();
}

TEST(app_csv, collections_become_a_table)
{
	run_world_begin();
	CHECK_CALL("csv:TransformToCSV", "{}",
		"{\"rows\":\"{{1.r}}\",\"delimiter\":\"tab\"}",
		"{\"r\":[{\"a\":1,\"b\":\"x\\ty\"},{\"b\":true}]}",
		"[{\"csv\":\"a\\tb\\r\\n1\\t\\\"x\\ty\\\"\\r\\n\\ttrue\\r\\n\"}"
		"]");
	run_world_end();
}

TEST(app_csv, aggregator_makes_a_line_of_each_bundle)
{
	run_world_begin();
	run_world_run("{\"name\":\"n\",\"flow\":[{\"id\":1,\"module\":"
		      "\"gateway:CustomWebHook\",\"mapper\":{}},{\"id\":2,"
		      "\"module\":\"builtin:BasicFeeder\",\"mapper\":{"
		      "\"array\":\"{{1.a}}\"}},{\"id\":3,\"module\":"
		      "\"csv:CreateCSV\",\"parameters\":{\"feeder\":2,"
		      "\"includeHeaders\":true},\"mapper\":{\"n\":"
		      "\"{{2.value}}\",\"t\":\"x\"}},{\"id\":4,\"module\":"
		      "\"util:ComposeTransformer\",\"mapper\":{\"value\":"
		      "\"{{3.csv}}\"}}]}",
		"{\"a\":[1,\"a,b\"]}");
	CHECK_STR(run_world.steps[run_world.step_count - 1].output,
		STR("[{\"value\":\"n,t\\r\\n1,x\\r\\n\\\"a,b\\\",x\\r\\n\"}]"));
	run_world_end();
}
