#pragma once
#include "pipeline/webhooks.h"

/*
 * Which webhooks an event reaches. Holds a reference to every webhook, sorted
 * by the types its filter ties itself to, so that an event is held only
 * against filters that ask for its type. Any thread may match; a change
 * excludes matching for the moment it takes to edit a list.
 */
struct match;

struct match *match_new(void);
void match_free(struct match *match);

/** Adds the webhook, or puts this snapshot in place of its former one. */
void match_set(struct match *match, const struct webhook *webhook);
void match_remove(struct match *match, uint64_t webhook_number);

struct match_list {
	const struct webhook **webhooks; /* references; unref each */
	size_t count;
};

/**
 * All webhooks of the workspace whose filter is true for the event, whatever
 * their state, in no order. The array is in `arena`, which also serves as
 * scratch.
 */
void match_event(struct match *match, uint32_t workspace,
	const struct filter_event *event, struct arena *arena,
	struct match_list *ret);
