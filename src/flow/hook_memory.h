#pragma once
#include "flow/hooks.h"
#include "store/hook.h"

/*
 * What of a hook's life outlasts the program. That a request was accepted, and
 * its id, is stored in the unit that stores the request: both or neither. The
 * other counts follow in small writes of their own, a hook's every few seconds
 * at most and at the end; so a crash may take the last seconds of them.
 */

/** Into the hook's life, at a start. What cannot be read is logged. */
void hook_memory_load(struct store *store, const struct hook *hook);

/** hook_life_note(), and what is due is stored. Any thread; does not block. */
void hook_memory_note(struct hooks *hooks, const struct hook *hook,
	const struct hook_note *note);

/** Stores all that is not yet; blocks on the disk. */
void hook_memory_flush(struct writer *writer, const struct hook *hook);

/** What is stored with an accepted request; not moved until it is. */
struct hook_memory {
	struct hook_change changes[2];
	struct store_change list[2];
	size_t count;
	char hook[UUID_TEXT_SIZE];
	uint8_t id[HOOK_SEEN_LEN];
};

/** `id`: what it is told apart by, claimed; NULL: nothing. */
void hook_memory_accept(struct hook_memory *memory, const struct hook *hook,
	const uint8_t id[HOOK_SEEN_LEN]);

/** With a hook's removal: the change that forgets all. */
struct hook_change hook_memory_forget(struct str hook);
