#include "pipeline/state.h"

#include <stdatomic.h>

#include "base/mem.h"

enum {
	SPARE_MAX = 8192, /* bytes of a block that is kept */
	BLOCK_STEP = 128, /* blocks are multiples of this */
};

/** A block that is no smaller, and little larger: the spare or a new one. */
static struct state *
take_block(struct state_spare *spare, size_t size)
{
	struct state *state = spare->state;

	size = (size + BLOCK_STEP - 1) / BLOCK_STEP * BLOCK_STEP;
	if (state && state->size >= size && state->size <= size + size / 4) {
		spare->state = NULL;
		return state;
	}
	state = mem_resize(NULL, size);
	state->size = size;
	return state;
}

static struct shared_text *
take_text(struct state_spare *spare, size_t len)
{
	struct shared_text *text = spare->text;

	if (text == NULL || !shared_text_again(text, len))
		return shared_text_new(len);
	spare->text = NULL;
	return text;
}

static void
keep_text(struct state_spare *spare, struct shared_text *text)
{
	if (!shared_text_leave(text))
		return;
	if (shared_text_size(text) <= SPARE_MAX) {
		struct shared_text *former = spare->text;

		spare->text = text;
		text = former;
	}
	shared_text_free(text);
}

static bool
is_last(struct state *state)
{
	return atomic_fetch_sub_explicit(
		       &state->refs, 1, memory_order_acq_rel) == 1;
}

void
state_leave(struct state_spare *spare, struct state *state)
{
	if (state == NULL || !is_last(state))
		return;
	keep_text(spare, state->text);
	if (state->size <= SPARE_MAX) {
		struct state *former = spare->state;

		spare->state = state;
		state = former;
	}
	mem_free(state);
}

struct state *
state_copy(struct state_spare *spare, struct str body, struct json value)
{
	const struct json_node *from = &value.doc->nodes[value.index];
	uint32_t count = from->next - value.index;
	uint32_t shift = (uint32_t)(body.ptr - value.doc->text.ptr);
	struct state *state =
		take_block(spare, sizeof(*state) + count * sizeof(*from));
	struct json_node *nodes = (struct json_node *)(void *)(state + 1);

	atomic_init(&state->refs, 1);
	for (uint32_t i = 0; i < count; i++) {
		nodes[i] = from[i];
		nodes[i].offset -= shift;
		nodes[i].next -= value.index;
	}
	state->text = take_text(spare, body.len);
	memcpy(shared_text_bytes(state->text), body.ptr, body.len);
	state->doc = (struct json_doc){shared_text_str(state->text), nodes,
		count, value.doc->is_compact};
	return state;
}

size_t
state_size(const struct state *state)
{
	return state->size + shared_text_size(state->text);
}

struct state *
state_ref(struct state *state)
{
	if (state)
		atomic_fetch_add_explicit(
			&state->refs, 1, memory_order_relaxed);
	return state;
}

void
state_unref(struct state *state)
{
	if (state == NULL || !is_last(state))
		return;
	shared_text_unref(state->text);
	mem_free(state);
}

void
state_spare_release(struct state_spare *spare)
{
	mem_free(spare->state);
	shared_text_free(spare->text);
	*spare = (struct state_spare){0};
}
