#pragma once
#include "pipeline/webhooks.h"

/*
 * Which webhooks an event reaches. Holds a reference to every webhook, and an
 * index over the filters of each workspace (rule/filter_index.h), so that the
 * cost of an event does not follow the number of webhooks. A webhook's own
 * filter leads to it, or any of its subscriptions: one event reaches it once.
 *
 * Any thread may match, at any time, and never waits for a change; changes
 * are made one at a time and take microseconds. An event meets a webhook that
 * is changed meanwhile as it was or as it is: never twice, never not at all.
 */
struct match;

struct match *match_new(void);
void match_free(struct match *match);

/** Adds the webhook, or puts this snapshot in place of its former one. */
void match_set(struct match *match, const struct webhook *webhook);
void match_remove(struct match *match, uint64_t webhook_number);

struct match_list {
	const struct webhook **webhooks;
	size_t count;
	struct filter_reader *reader; /* the match's own */
};

/**
 * All webhooks of the workspace whose filter, or a subscription's, is true for
 * the event, whatever their state, in no order, each once. The array is in
 * `arena`, which also serves as scratch. The webhooks are borrowed until
 * match_leave(), which must come soon and on the same thread: what was changed
 * meanwhile is kept until then.
 */
void match_look(struct match *match, uint32_t workspace,
	const struct filter_event *event, struct arena *arena,
	struct match_list *ret);
/** A zeroed list is harmless. */
void match_leave(struct match_list *list);

/** The same with a reference to each, to unref, and nothing to leave. */
void match_event(struct match *match, uint32_t workspace,
	const struct filter_event *event, struct arena *arena,
	struct match_list *ret);

/** Of all workspaces, for metrics. May wait for a change. */
struct match_counts {
	uint64_t filters;
	uint64_t scanned; /* distinct ones that every event is held against */
};
struct match_counts match_count(struct match *match);
