#pragma once
#include "base/str.h"
#include "store/store.h"

/*
 * Events that the hub publishes itself: what became of its webhooks, and
 * whatever else people should be able to subscribe to. They are CloudEvents
 * like any other, stored, matched and delivered as if they had been POSTed,
 * except that
 *   - their source begins with ANNOUNCE_SOURCE, which nobody outside may use,
 *     so that it tells them apart (announce_is_own);
 *   - they may be written in the same unit as the change that they tell of,
 *     so that there is never one without the other;
 *   - a store that is full by store-max-bytes still takes them: they are few,
 *     and each is made by something bounded. Whoever announces sees to that.
 *
 * Any thread may make one. Whoever may block hands his changes to
 * announce_commit(), or announce_event() when there are none. Where outcomes
 * are written without waiting, the three steps are
 *
 *   announced = announce_new(ingest, &announcement);   numbers and matches
 *   announce_changes(announced, changes + count);      into the unit
 *   announce_end(announced, unit.result == ERR_OK);    when it was committed
 */
struct ingest;
struct webhook;
struct announced;

#define ANNOUNCE_SOURCE "/grapnel/"

struct announcement {
	uint32_t workspace;
	const char *type;     /* "grapnel.webhook.disabled" */
	const char *source;   /* "/grapnel/webhooks" */
	struct str id;	      /* unique with the source; empty: of its number */
	struct str subject;   /* what it is about, or empty */
	struct str data;      /* JSON */
	struct str publisher; /* id of the key that caused it, or empty */
	/* Gets none, whatever its filter: number, or 0. */
	uint64_t not_to;
	/* Gets one, whatever its filter; borrowed, may be NULL. */
	const struct webhook *also_to;
};

/** Holds it against the webhooks and numbers it; nothing is written yet. */
struct announced *announce_new(
	struct ingest *ingest, const struct announcement *announcement);

/** How many changes it is. */
size_t announce_count(const struct announced *announced);

/** Writes them to `changes`; what they point to lives until announce_end. */
void announce_changes(
	const struct announced *announced, struct store_change *changes);

/**
 * Its unit is on disk, or is not: tells of the deliveries, and frees it. NULL
 * is harmless.
 */
void announce_end(struct announced *announced, bool is_stored);

/**
 * Commits `count` changes (may be 0) and what is announced with them as one
 * unit, ends what was announced (entries may be NULL), and returns the unit's
 * result. Blocks.
 */
enum err announce_commit(struct ingest *ingest,
	const struct store_change *changes, size_t count,
	struct announced *const *take_announced, size_t announced_count)
	MUST_USE;

/** An announcement that belongs to no change. Blocks. */
enum err announce_event(struct ingest *ingest,
	const struct announcement *announcement) MUST_USE;

/** Whether an event with this source is the hub's own. */
bool announce_is_own(struct str source);
