#pragma once
#include "base/epoch.h"
#include "rule/filter.h"

/*
 * Many filters at once: which of them are true for an event, at a cost that
 * follows the number of those that may be true and not the number there are.
 * The answers are those of filter_matches(), but for filters that exhaust the
 * budget of its steps: here every part that the index does not take apart has
 * a budget of its own.
 *
 * Filters are known by ids that the caller gives, small numbers that are best
 * used densely. A filter is not needed any more once it was set.
 *
 * One thread at a time changes the index (the caller sees to that) and any
 * number match meanwhile, without waiting. An event is held against the
 * filters as they were at one moment: a filter that is replaced meanwhile
 * counts as the former or as the new one, never as both or as none. So that
 * this holds, changing one id a second time waits for readers that were inside
 * at the first; who cannot have that takes a new id. Who changes the index is
 * not inside.
 *
 *   how it works: docs/decisions/filter-index.md
 */
struct filter_index;

struct filter_index *filter_index_new(void);
void filter_index_free(struct filter_index *index);

enum { FILTER_INDEX_IDS_MAX = 1 << 26 };

/** Adds the filter, or puts it in place of the former one of that id. */
void filter_index_set(
	struct filter_index *index, uint32_t id, const struct filter *filter);
/**
 * An id without a filter is harmless. The id can be set again at once, but
 * without waiting only after two rounds of filter_index_retire(), the second
 * one from within the first one's release.
 */
void filter_index_remove(struct filter_index *index, uint32_t id);

/**
 * Calls `release` when nobody who is matching now does so any more, at the
 * latest when the index is freed. For what the caller keeps beside an id. By
 * whoever changes the index.
 */
void filter_index_retire(struct filter_index *index,
	void (*release)(void *owner, uint64_t thing), void *owner,
	uint64_t thing);

/**
 * Matching: enter, match once or more, use what the ids stand for, leave.
 * Soon: what is retired meanwhile waits for it.
 */
struct filter_reader;
struct filter_reader *filter_index_enter(struct filter_index *index);
void filter_index_leave(struct filter_reader *reader);

/**
 * The ids of all filters that are true, ascending, each once; valid until the
 * reader's next call. `arena` is used for decoded strings.
 */
const uint32_t *filter_index_match(struct filter_reader *reader,
	const struct filter_event *event, struct arena *arena,
	size_t *ret_count);

/** What there is, for metrics. By whoever changes the index. */
struct filter_index_counts {
	uint32_t filters;
	uint32_t rules;	     /* distinct filters */
	uint32_t scanned;    /* rules that every event is held against */
	uint32_t predicates; /* distinct */
	uint32_t slots;	     /* paths */
};
struct filter_index_counts filter_index_count(const struct filter_index *index);

/** What the reader's matching took so far. */
struct filter_index_work {
	uint64_t events;
	uint64_t candidates;  /* rules looked at */
	uint64_t evaluations; /* predicates found true or worked out */
};
struct filter_index_work filter_index_work_done(
	const struct filter_reader *reader);
