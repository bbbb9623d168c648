#include "rule/trace_context.h"

#include "check.h"

#define PARENT "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

TEST(trace_context, a_parent_has_the_form_of_the_standard)
{
	static const struct {
		const char *text;
		bool is_valid;
	} cases[] = {
		{PARENT, true},
		{"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
			true},
		{"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
			true},
		{"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
			true},
		{PARENT "-x", false},
		{"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
			false},
		{"00-00000000000000000000000000000000-b7ad6b7169203331-01",
			false},
		{"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
			false},
		{"00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
			false},
		{"00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-011",
			false},
		{"", false},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		CHECK_INT(trace_parent_is_valid(str_of(cases[i].text)),
			cases[i].is_valid);
}

TEST(trace_context, a_state_goes_with_a_parent_only)
{
	struct trace_context trace =
		trace_context_make(STR(PARENT), STR("a=1,b=2"));

	CHECK_STR(trace.parent, STR(PARENT));
	CHECK_STR(trace.state, STR("a=1,b=2"));
	trace = trace_context_make(STR("x"), STR("a=1"));
	CHECK_INT(trace.parent.len + trace.state.len, 0);
	trace = trace_context_make(STR(PARENT), STR("a=1\r\nx: y"));
	CHECK_STR(trace.parent, STR(PARENT));
	CHECK_INT(trace.state.len, 0);
}

TEST(trace_context, it_is_found_among_an_events_attributes)
{
	struct arena arena = {0};
	struct trace_context trace =
		trace_context_read(STR("{\"a\":1,\"traceparent\":\"" PARENT
				       "\",\"tracestate\":\"k=v\"}"),
			&arena);

	CHECK_STR(trace.parent, STR(PARENT));
	CHECK_STR(trace.state, STR("k=v"));
	CHECK_INT(trace_context_read(STR(""), &arena).parent.len, 0);
	CHECK_INT(trace_context_read(STR("{\"traceparent\":5}"), &arena)
			  .parent.len,
		0);
	arena_release(&arena);
}
