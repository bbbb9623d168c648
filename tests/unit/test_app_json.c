#include "run_world.h"

/* The app json:*. */

#define PARSE(json_, expected_) \
	CHECK_CALL("json:ParseJSON", "{}", "{\"json\":\"{{1.t}}\"}", json_, \
		expected_)

TEST(app_json, object_is_one_bundle)
{
	run_world_begin();
	PARSE("{\"t\":\"{\\\"a\\\":[1,{\\\"b\\\":null}]}\"}",
		"[{\"a\":[1,{\"b\":null}]}]");
	run_world_end();
}

TEST(app_json, array_gives_a_bundle_for_each_and_scalars_stand_under_value)
{
	run_world_begin();
	PARSE("{\"t\":\"[{\\\"a\\\":1},2]\"}",
		"[{\"a\":1,\"__IMTINDEX__\":1,\"__IMTLENGTH__\":2},"
		"{\"value\":2,\"__IMTINDEX__\":2,\"__IMTLENGTH__\":2}]");
	PARSE("{\"t\":\"7\"}", "[{\"value\":7}]");
	PARSE("{\"t\":\"[]\"}", "[]");
	run_world_end();
}

TEST(app_json, text_that_is_no_json_is_a_data_error)
{
	run_world_begin();
	PARSE("{\"t\":\"{a}\"}",
		"DataError: Source is not valid JSON: line 1 column 2: "
		"expected a member name in '\"'");
	PARSE("{\"t\":\"\"}", "BundleValidationError: json: must be given");
	run_world_end();
}

TEST(app_json, fields_become_a_text_laid_out_as_asked)
{
	run_world_begin();
	CHECK_CALL("json:CreateJSON", "{\"type\":5}",
		"{\"a\":\"{{1.n}}\",\"b\":[]}", "{\"n\":1.5}",
		"[{\"json\":\"{\\\"a\\\":1.5,\\\"b\\\":[]}\"}]");
	CHECK_CALL("json:CreateJSON", "{\"space\":\"2\"}",
		"{\"a\":{\"b\":\"x: {1}\"},\"c\":{}}", "{}",
		"[{\"json\":\"{\\n  \\\"a\\\": {\\n    \\\"b\\\": "
		"\\\"x: {1}\\\"\\n  },\\n  \\\"c\\\": {}\\n}\"}]");
	CHECK_CALL("json:TransformToJSON", "{\"space\":\"tab\"}",
		"{\"object\":\"{{1.o}}\"}", "{\"o\":[1,\"a\\\\\\\"]\"]}",
		"[{\"json\":\"[\\n\\t1,\\n\\t\\\"a\\\\\\\\\\\\\\\"]\\\"\\n]\"}]"
		"");
	run_world_end();
}

TEST(app_json, aggregator_joins_what_came_into_one_text)
{
	run_world_begin();
	run_world_run("{\"name\":\"n\",\"flow\":[{\"id\":1,\"module\":"
		      "\"gateway:CustomWebHook\",\"mapper\":{}},{\"id\":2,"
		      "\"module\":\"builtin:BasicFeeder\",\"mapper\":{"
		      "\"array\":\"{{1.a}}\"}},{\"id\":3,\"module\":"
		      "\"json:AggregateToJSON\",\"parameters\":{\"feeder\":2},"
		      "\"mapper\":{\"v\":\"{{2.value}}\"}},{\"id\":4,"
		      "\"module\":\"util:ComposeTransformer\",\"mapper\":{"
		      "\"value\":\"{{3.json}}\"}}]}",
		"{\"a\":[1,\"x\"]}");
	CHECK_STR(run_world.steps[run_world.step_count - 1].output,
		STR("[{\"value\":\"[{\\\"v\\\":1},{\\\"v\\\":\\\"x\\\"}]\"}]"));
	run_world_end();
}

#define EXPECTING(mapper_) \
	"{\"name\":\"n\",\"flow\":[{\"id\":1,\"module\":" \
	"\"gateway:CustomWebHook\",\"mapper\":{}},{\"id\":2,\"module\":" \
	"\"json:CreateJSON\",\"mapper\":" mapper_ ",\"metadata\":{\"expect\":" \
	"[\"rpc://x\",{\"name\":\"n\",\"type\":\"number\",\"required\":true}," \
	"{\"name\":\"b\",\"type\":\"boolean\",\"default\":true},{\"name\":" \
	"\"l\",\"type\":\"array\",\"spec\":[{\"name\":\"d\",\"type\":" \
	"\"date\"}]},{\"name\":\"c\",\"type\":\"collection\",\"spec\":7}]}}]}"

TEST(app_json, a_data_structures_fields_make_what_is_written_fit)
{
	run_world_begin();
	run_world_run(EXPECTING("{\"n\":\"{{1.n}}\",\"b\":\"false\",\"c\":{},"
				"\"l\":[{\"d\":\"2026-01-02\"}],\"x\":\"1\"}"),
		"{\"n\":\"7\"}");
	CHECK_STR(run_world.steps[0].output,
		STR("[{\"json\":\"{\\\"n\\\":7,\\\"b\\\":false,"
		    "\\\"l\\\":[{\\\"d\\\":\\\"2026-01-02T00:00:00.000Z"
		    "\\\"}],\\\"c\\\":{},\\\"x\\\":\\\"1\\\"}\"}]"));
	run_world_run(EXPECTING("{\"n\":\"\"}"), "{}");
	CHECK_STR(run_world.steps[0].failure, STR("BundleValidationError"));
	CHECK_STR(run_world.steps[0].message, STR("n: must be given"));
	run_world_end();
}

TEST(app_json, an_aggregate_is_laid_out_as_asked)
{
	run_world_begin();
	run_world_run(
		"{\"name\":\"n\",\"flow\":[{\"id\":1,\"module\":"
		"\"gateway:CustomWebHook\",\"mapper\":{}},{\"id\":2,"
		"\"module\":\"builtin:BasicFeeder\",\"mapper\":{\"array\":"
		"\"{{1.a}}\"}},{\"id\":3,\"module\":"
		"\"json:AggregateToJSON\",\"parameters\":{\"feeder\":2,"
		"\"space\":\"2\"},\"mapper\":{\"v\":\"{{2.value}}\"}},"
		"{\"id\":4,\"module\":\"util:ComposeTransformer\","
		"\"mapper\":{\"value\":\"{{3.json}}\"}}]}",
		"{\"a\":[1]}");
	CHECK_STR(run_world.steps[run_world.step_count - 1].output,
		STR("[{\"value\":\"[\\n  {\\n    \\\"v\\\": 1\\n  }\\n]"
		    "\"}]"));
	run_world_end();
}
