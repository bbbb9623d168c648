#pragma once
#include "base/uuid.h"
#include "flow/blueprint.h"
#include "pipeline/writer.h"
#include "rule/schedule.h"
#include "store/object.h"

/*
 * The scenarios there are: kept as objects (OBJECT_SCENARIO, every revision
 * also as OBJECT_SCENARIO_VERSION, the last SCENARIO_VERSIONS_MAX and those
 * that an execution goes on with), read and compiled once, handed out as
 * snapshots that never change and are counted by references. A change is on
 * disk before anybody sees it. Any thread; changing blocks on the disk.
 */
struct scenarios;
struct announcement; /* pipeline/announce.h */
struct ingest;

enum { SCENARIO_VERSIONS_MAX = 50 };

struct scenario {
	struct uuid id;
	uint32_t workspace;
	uint64_t revision;
	struct str name;
	bool is_enabled;
	struct str status_reason; /* why it was switched off, or empty */
	const struct blueprint *blueprint;
	struct schedule schedule;
	struct str schedule_text; /* its JSON, or empty */
	struct str zone_name;	  /* "Europe/Prague", or empty: UTC */
	const struct zone *zone;
	uint32_t parallel_max; /* runs at once; 1 when sequential */
	int64_t created;
	int64_t updated;
};

struct scenarios_options {
	struct store *store;   /* borrowed */
	struct writer *writer; /* borrowed */
	size_t scenarios_max;  /* in a workspace; 0: 1000 */
	void *context;
	/** A scenario is new, has changed (former is what it was) or is gone
	   (`scenario` is NULL). On the changing thread, in the order of
	   changes. */
	void (*changed)(void *context, const struct scenario *former,
		const struct scenario *scenario);
};

/** Loads all there are. A stored one that cannot be read is logged and stays
 * off. */
enum err scenarios_open(const struct scenarios_options *options,
	struct scenarios **ret, struct buf *why) MUST_USE;
/** NULL is harmless. */
void scenarios_close(struct scenarios *scenarios);

/** What a user says; members without their has_ flag stay as they are. */
struct scenario_draft {
	bool has_name, has_blueprint, has_enabled, has_schedule, has_zone;
	struct str name;      /* else the blueprint's */
	struct str blueprint; /* JSON text */
	bool is_enabled;
	struct str schedule; /* JSON of rule/schedule.h */
	struct str zone;
	struct str reason; /* with is_enabled false */
};

/**
 * Creates or changes one. ERR_INVALID with the member in `field` and problems
 * of the blueprint in *ret_problems (in `arena`); an enabled one must be
 * runnable. ERR_CONFLICT: `revision` (0: any) is not the present one.
 * ERR_NOT_FOUND, ERR_LIMIT, ERR_IO. `*ret` is a reference. A change after
 * which all is as it was makes no revision, and tells nobody.
 */
struct scenario_problem {
	const char *field;
	struct buf why;
	const struct template_problem *problems;
};
enum err scenarios_create(struct scenarios *scenarios, uint32_t workspace,
	const struct scenario_draft *draft, struct arena *arena,
	const struct scenario **ret, struct scenario_problem *problem) MUST_USE;
struct scenario_change {
	uint32_t workspace;
	struct uuid id;
	uint64_t revision;
	const struct scenario_draft *draft;
	/* Told in the same unit (pipeline/announce.h), when both are there. */
	struct ingest *ingest;
	const struct announcement *announcement;
};
enum err scenarios_change(struct scenarios *scenarios,
	const struct scenario_change *change, struct arena *arena,
	const struct scenario **ret, struct scenario_problem *problem) MUST_USE;
enum err scenarios_remove(struct scenarios *scenarios, uint32_t workspace,
	struct uuid id) MUST_USE;

/** A reference, or NULL. */
const struct scenario *scenarios_get(
	struct scenarios *scenarios, uint32_t workspace, struct uuid id);

/**
 * The scenario as it was at a revision, for runs that began with it: a
 * reference, or NULL.
 */
const struct scenario *scenarios_get_revision(struct scenarios *scenarios,
	uint32_t workspace, struct uuid id, uint64_t revision);

/** References to a workspace's (0: all), ordered by name, in the arena. */
struct scenario_list {
	const struct scenario **items;
	size_t count;
};
void scenarios_list(struct scenarios *scenarios, uint32_t workspace,
	struct arena *arena, struct scenario_list *ret);

/**
 * How many the hub has switched off, because they failed. Counted where they
 * change: costs the same however many there are, and waits for nobody.
 */
size_t scenarios_switched_off(const struct scenarios *scenarios);

/** Whether its first module takes what a hook brings. */
bool scenario_has_hook(const struct scenario *scenario);

/** Whether it starts by itself, at times. */
bool scenario_is_timed(const struct scenario *scenario);

const struct scenario *scenario_ref(const struct scenario *scenario);
/** NULL is harmless. */
void scenario_unref(const struct scenario *scenario);
