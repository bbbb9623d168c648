#include "pipeline/event_view.h"

#include "store_double.h"

/* What filters see of a stored event. */

static struct arena arena;

static struct filter_event
make(const struct event_row *event, const char *previous)
{
	struct filter_event view;

	CHECK_OK(event_view_make(event, str_of(previous), &arena, &view));
	return view;
}

static bool
matches(const struct filter_event *view, const char *text)
{
	const struct filter *filter;
	size_t column;

	CHECK_OK(filter_compile(str_of(text), &arena, &filter, &column, NULL));
	return filter_matches(filter, view, &arena);
}

TEST(event_view, state_has_its_old_state_from_the_event_before)
{
	struct event_row event = test_event(5, &arena);
	struct filter_event view = make(&event, "{\"n\":4}");

	CHECK(matches(&view,
		"type eq 'compute-ops/server' and operation eq 'Updated' and "
		"old/n eq 4 and n eq 5 and changed/n"));
	event.operation = OPERATION_DELETED;
	event.body = STR("");
	view = make(&event, "{\"n\":4}");
	CHECK(matches(&view, "new eq null and n eq 4"));
	event.operation = OPERATION_CREATED;
	event.body = STR("{\"n\":1}");
	view = make(&event, "");
	CHECK(matches(&view, "old eq null and n eq 1"));
	arena_release(&arena);
}

TEST(event_view, change_has_both_states_in_its_body)
{
	struct event_row event = test_event(5, &arena);
	struct filter_event view;

	event.form = EVENT_CHANGE;
	event.body = STR("{\"operation\":\"Updated\",\"new\":{\"n\":2},"
			 "\"old\":{\"n\":1}}");
	view = make(&event, "");
	CHECK(matches(&view, "old/n eq 1 and n eq 2"));
	event.body = STR("[]");
	CHECK_INT(event_view_make(&event, STR(""), &arena, &view), ERR_INVALID);
	arena_release(&arena);
}

TEST(event_view, attributes_are_those_of_the_envelope)
{
	struct event_row event = test_event(5, &arena);
	struct filter_event view;

	event.form = EVENT_DATA;
	event.operation = OPERATION_NONE;
	event.attributes = STR("{\"region\":\"eu\",\"traceparent\":\"1\"}");
	event.subject = STR("it's \"one\"");
	view = make(&event, "");
	CHECK(matches(&view,
		"source eq '/v1/resources' and subject eq 'it''s \"one\"' and "
		"region eq 'eu' and id ne null and operation eq null and "
		"time gt 2020-01-01 and n eq 5"));
	arena_release(&arena);
}

TEST(event_view, change_of_what_nobody_monitors_is_not_sent)
{
	struct event_row event = test_event(5, &arena);
	struct filter_event view;

	event.body = STR("{\"generation\":2,\"name\":\"a\"}");
	view = make(&event, "{\"generation\":1,\"name\":\"a\"}");
	CHECK(!event_view_is_sent(&view));
	view = make(&event, "{\"generation\":2,\"hardware\":{}}");
	CHECK(event_view_is_sent(&view));
	event.type = STR("shop/order");
	view = make(&event, "{\"generation\":1,\"name\":\"a\"}");
	CHECK(event_view_is_sent(&view));
	arena_release(&arena);
}
