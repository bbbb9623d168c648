#include "check.h"
#include "cli/execution_print.h"
#include "cli/output.h"

/* What people see of an execution. */

static struct buf out;

static void
print(const char *text)
{
	struct client client = {0};
	struct buf why = buf_make(0);
	FILE *no_terminal = tmpfile();
	struct json_doc doc;

	output_test_streams(no_terminal, NULL);
	CHECK_OK(json_read(str_of(text), &client.arena, &doc, &why));
	execution_append(&client, json_root(&doc), &out);
	output_test_streams(NULL, NULL);
	fclose(no_terminal);
	buf_release(&why);
	arena_release(&client.arena);
}

TEST(execution_print, steps_tell_what_went_in_and_came_out)
{
	print("{\"id\":\"7\",\"state\":\"SUCCESS\",\"trigger\":{\"n\":1},"
	      "\"steps\":[{\"ordinal\":1,\"module\":2,\"name\":\"a:B\","
	      "\"label\":\"first\",\"place\":\"flow[1]\","
	      "\"input\":{\"x\":\"y\"},\"output\":[{\"z\":2}]},"
	      "{\"ordinal\":2,\"name\":\"c:D\",\"place\":\"flow[2]\"}]}");
	CHECK_TEXT(buf_text(&out), "id            7\n"
				   "state         SUCCESS\n"
				   "trigger       {\"n\":1}\n"
				   "\n"
				   "1  a:B: first  flow[1]\n"
				   "    in      {\"x\":\"y\"}\n"
				   "    out     [{\"z\":2}]\n"
				   "\n"
				   "2  c:D  flow[2]\n");
	buf_release(&out);
}

TEST(execution_print, failed_step_tells_why_and_what_was_answered)
{
	print("{\"steps\":[{\"ordinal\":1,\"name\":\"a:B\","
	      "\"place\":\"flow[1]\",\"failure\":\"RateLimitError\","
	      "\"message\":\"[429] slow\\u001b[2J\",\"output\":[],"
	      "\"trace\":{\"request\":{\"method\":\"POST\",\"url\":\"u\"},"
	      "\"response\":{\"status\":429,\"body\":{\"ok\":false}}}}]}");
	CHECK_TEXT(buf_text(&out),
		"\n"
		"1  a:B  flow[1]\n"
		"    failed  RateLimitError: [429] slow?[2J\n"
		"    sent    POST u\n"
		"    answer  429 {\"ok\":false}\n");
	buf_release(&out);
}
