#include "rule/event_body.h"

#include "check.h"

/* Bodies with blanks, doubled members and odd numbers: what must survive. */
#define NEW "{ \"name\":\"ESX-1\",\t\"n\":1.50 }"
#define OLD "{\"name\" : \"ESX-0\", \"n\":1e2}"
#define CHANGE "{\"operation\":\"Updated\", \"new\": " NEW " ,\"old\":" OLD "}"

TEST(event_body, delivers_the_state_byte_for_byte)
{
	static const struct {
		enum event_form form;
		enum operation operation;
		const char *body, *previous, *expected;
	} rows[] = {
		{EVENT_STATE, OPERATION_CREATED, NEW, "", NEW},
		{EVENT_STATE, OPERATION_UPDATED, NEW, OLD, NEW},
		{EVENT_STATE, OPERATION_DELETED, "", OLD, OLD},
		{EVENT_CHANGE, OPERATION_CREATED, CHANGE, "", NEW},
		{EVENT_CHANGE, OPERATION_UPDATED, CHANGE, "", NEW},
		{EVENT_CHANGE, OPERATION_DELETED, CHANGE, "", OLD},
		{EVENT_DATA, OPERATION_NONE, "any <text>", "", "any <text>"},
		{EVENT_DATA, OPERATION_NONE, "", "", ""},
		{EVENT_DATA, OPERATION_DELETED, NEW, OLD, NEW},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct arena arena = {0};
		struct str got;

		CHECK_OK(event_body_delivered(rows[i].form, rows[i].operation,
			str_of(rows[i].body), str_of(rows[i].previous), &arena,
			&got));
		CHECK_STR(got, str_of(rows[i].expected));
		arena_release(&arena);
	}
}

TEST(event_body, without_the_state_there_is_nothing_to_deliver)
{
	static const struct {
		enum event_form form;
		enum operation operation;
		const char *body;
		enum err expected;
	} rows[] = {
		{EVENT_STATE, OPERATION_UPDATED, "", ERR_NOT_FOUND},
		{EVENT_STATE, OPERATION_DELETED, NEW, ERR_NOT_FOUND},
		{EVENT_CHANGE, OPERATION_CREATED, "{\"new\":null}",
			ERR_NOT_FOUND},
		{EVENT_CHANGE, OPERATION_DELETED, "{\"new\":{}}",
			ERR_NOT_FOUND},
		{EVENT_CHANGE, OPERATION_CREATED, "[]", ERR_INVALID},
		{EVENT_CHANGE, OPERATION_CREATED, "", ERR_INVALID},
		{EVENT_CHANGE, OPERATION_CREATED, "{\"new\":", ERR_INVALID},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct arena arena = {0};
		struct str got = STR("untouched");

		CHECK_INT(event_body_delivered(rows[i].form, rows[i].operation,
				  str_of(rows[i].body), STR(""), &arena, &got),
			rows[i].expected);
		CHECK_STR(got, STR("untouched"));
		arena_release(&arena);
	}
}

static void
expect_states(enum event_form form, enum operation operation, const char *body,
	const char *previous, const char *expected)
{
	struct arena arena = {0};
	struct event_states states;
	struct str got;

	CHECK_OK(event_body_states(form, operation, str_of(body),
		str_of(previous), &arena, &states));
	got = arena_printf(&arena, "%.*s | %.*s",
		STR_ARG(json_raw(states.new_state)),
		STR_ARG(json_raw(states.old_state)));
	CHECK_STR(got, str_of(expected));
	arena_release(&arena);
}

TEST(event_body, states_are_where_the_form_says)
{
	expect_states(EVENT_STATE, OPERATION_UPDATED, NEW, OLD, NEW " | " OLD);
	expect_states(EVENT_STATE, OPERATION_CREATED, NEW, "", NEW " | ");
	expect_states(EVENT_STATE, OPERATION_DELETED, "", OLD, " | " OLD);
	expect_states(
		EVENT_CHANGE, OPERATION_UPDATED, CHANGE, "", NEW " | " OLD);
	expect_states(EVENT_DATA, OPERATION_NONE, NEW, "", NEW " | ");
}

TEST(event_body, created_has_no_old_state_and_deleted_no_new_one)
{
	expect_states(EVENT_STATE, OPERATION_CREATED, NEW, OLD, NEW " | ");
	expect_states(EVENT_CHANGE, OPERATION_CREATED, CHANGE, "", NEW " | ");
	expect_states(EVENT_CHANGE, OPERATION_DELETED, CHANGE, "", " | " OLD);
	expect_states(EVENT_STATE, OPERATION_DELETED, NEW, OLD, " | " OLD);
}

TEST(event_body, data_that_is_not_json_has_no_states)
{
	expect_states(EVENT_DATA, OPERATION_NONE, "<xml/>", "", " | ");
	expect_states(EVENT_DATA, OPERATION_NONE, "", "", " | ");
}

TEST(event_body, broken_states_are_refused_and_nothing_is_set)
{
	static const struct {
		enum event_form form;
		const char *body, *previous;
	} rows[] = {
		{EVENT_STATE, "{", ""},
		{EVENT_STATE, "{}", "{"},
		{EVENT_CHANGE, "7", ""},
		{EVENT_CHANGE, "", ""},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct arena arena = {0};
		struct event_states states = {.new_state.index = 7};

		CHECK_INT(event_body_states(rows[i].form, OPERATION_UPDATED,
				  str_of(rows[i].body),
				  str_of(rows[i].previous), &arena, &states),
			ERR_INVALID);
		CHECK_INT(states.new_state.index, 7);
		arena_release(&arena);
	}
}
