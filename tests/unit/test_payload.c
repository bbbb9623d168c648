#include "pipeline/payload.h"

#include "check.h"
#include "pipeline/state.h"

static struct state_spare spare; /* the test's; a process each */

static struct state *
make_state(struct str body, struct arena *arena)
{
	struct json_doc doc;

	CHECK_OK(json_read(body, arena, &doc, NULL));
	return state_copy(&spare, body, json_root(&doc));
}

static struct payload_facts
facts_of(const struct state *state)
{
	return (struct payload_facts){.event = 1,
		.id = STR("e-1"),
		.type = STR("t"),
		.body = state->doc.text,
		.text = state->text};
}

TEST(payload, one_that_shares_its_body_holds_the_same_bytes)
{
	struct arena arena = {0};
	struct state *state = make_state(STR("{\"a\":1}"), &arena);
	struct payload_facts facts = facts_of(state);
	struct payload *payload = payload_new(&facts);

	CHECK(payload->body.ptr == state->doc.text.ptr);
	CHECK_STR(payload->id, STR("e-1"));
	state_leave(&spare, state);
	/* Neither freed nor used again while the payload holds it. */
	state = make_state(STR("{\"b\":2}"), &arena);
	CHECK(payload->body.ptr != state->doc.text.ptr);
	CHECK_STR(payload->body, STR("{\"a\":1}"));
	payload_unref(payload);
	state_leave(&spare, state);
	state_spare_release(&spare);
	arena_release(&arena);
}

TEST(payload, a_shared_body_counts_like_one_of_its_own)
{
	struct arena arena = {0};
	struct state *state = make_state(STR("{\"a\":1}"), &arena);
	struct payload_facts facts = facts_of(state);
	size_t before = payload_memory(), shared;
	struct payload *payload = payload_new(&facts);

	shared = payload_memory() - before;
	CHECK_INT(payload_size(payload), shared);
	payload_unref(payload);
	CHECK_INT(payload_memory(), before);
	facts.text = NULL;
	payload = payload_new(&facts);
	CHECK_INT(payload_memory() - before, shared);
	CHECK(payload->body.ptr != state->doc.text.ptr);
	payload_unref(payload);
	CHECK_INT(payload_memory(), before);
	payload_set_memory_max(before + shared - 1);
	facts.text = state->text;
	CHECK(payload_new_bounded(&facts) == NULL);
	payload_set_memory_max(before + shared);
	payload = payload_new_bounded(&facts);
	CHECK(payload != NULL);
	payload_unref(payload);
	state_unref(state);
	arena_release(&arena);
}

TEST(state, what_it_leaves_behind_is_used_for_the_next)
{
	struct arena arena = {0};
	struct state *state = make_state(STR("{\"a\":1}"), &arena);
	const struct shared_text *text = state->text;

	state_leave(&spare, state);
	CHECK(spare.state == state && spare.text == text);
	CHECK(make_state(STR("{\"a\":2}"), &arena) == state);
	CHECK(state->text == text);
	CHECK_STR(state->doc.text, STR("{\"a\":2}"));
	CHECK(spare.state == NULL && spare.text == NULL);
	state_unref(state);
	arena_release(&arena);
}
