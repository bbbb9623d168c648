#pragma once
#include "base/json.h"
#include "pipeline/shared_text.h"

/** A parsed state; immutable, counted. Any thread. */
struct state {
	_Atomic unsigned refs;
	size_t size; /* of its block */
	struct shared_text
		*text;	     /* … but for the text, which others may hold */
	struct json_doc doc; /* the tape is in the block */
};

/*
 * What a state leaves behind, for the next one: a resource's states are mostly
 * of one size, and the blocks are still in the processor's caches. One thread
 * at a time.
 */
struct state_spare {
	struct state *state;
	struct shared_text *text;
};

void state_spare_release(struct state_spare *spare);

/**
 * A copy of `value` with the text `body` around it (blanks and all), with one
 * reference.
 */
struct state *state_copy(
	struct state_spare *spare, struct str body, struct json value);

/** Bytes that it takes, its text's included. */
size_t state_size(const struct state *state);

struct state *state_ref(struct state *state);
void state_unref(struct state *state);
/** The same; what becomes free is kept in `spare`. */
void state_leave(struct state_spare *spare, struct state *state);

/** The value itself. */
static inline struct json
state_json(const struct state *state)
{
	return state ? json_root(&state->doc) : (struct json){NULL, 0};
}
