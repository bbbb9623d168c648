#pragma once
#include "flow/module.h"
#include "rule/condition.h"

/*
 * A scenario as it is run: a Make blueprint, read once, checked whole, every
 * expression compiled. Immutable, in one arena, for any number of threads.
 * docs/scenarios.md tells the format; YAML with the same members is read as
 * well (blueprint_from_yaml).
 */
enum {
	BLUEPRINT_BYTES_MAX = 4 << 20,
	BLUEPRINT_MODULES_MAX = 2000,
	BLUEPRINT_DEPTH_MAX = 50, /* flows in flows */
};

struct blueprint_module;

struct blueprint_flow {
	const struct blueprint_module *modules;
	size_t count;
};

/** A router's route or an if-else's branch. */
struct blueprint_route {
	struct blueprint_flow flow;
	bool is_disabled;
	bool is_else; /* a branch without conditions, run last */
	bool merges;  /* a branch that goes on in the merge */
	const struct condition *condition; /* of branches; NULL: none */
	struct str label;
};

struct blueprint_output { /* of a merge */
	struct str name;
	const struct template *const *mappings; /* one a merging branch */
	size_t count;
};

struct blueprint_module {
	uint32_t id;
	struct str name;		/* "http:ActionSendData" */
	struct str label;		/* the user's, or empty */
	struct str place;		/* "flow[3].routes[1].flow[0]" */
	const struct module_kind *kind; /* NULL: not known here */
	struct value parameters;
	const struct template_tree *mapper; /* NULL: none */
	const struct condition *filter;	    /* NULL: passes */
	struct str filter_name;
	const struct blueprint_route *routes; /* router, if-else */
	size_t route_count;
	size_t fallback; /* index of the router's, or route_count: none */
	const struct blueprint_output *outputs; /* merge */
	size_t output_count;
	const struct blueprint_flow *onerror; /* NULL: no handler */
	uint32_t feeder; /* aggregators: the module where collecting starts */
	const struct template *group_by; /* aggregators; NULL: none */
	bool stops_if_empty;		 /* aggregators */
	bool is_feeder;	     /* some aggregator collects from here */
	size_t index;	     /* in blueprint->modules */
	struct value expect; /* metadata.expect, for coercions; or empty */
};

struct blueprint_settings {
	uint32_t roundtrips;
	uint32_t errors_max;
	bool auto_commit;
	bool is_sequential;
	bool is_confidential;
	bool may_lose_data;    /* dataloss */
	bool keeps_incomplete; /* dlq */
};

struct blueprint {
	struct str name;
	struct blueprint_flow flow;
	struct blueprint_settings settings;
	bool wants_headers; /* some expression reads the hook's headers */
	bool wants_method;
	bool is_runnable;  /* every module is known and nothing is broken */
	bool has_response; /* some module answers the hook's request */
	struct str source; /* the blueprint's own JSON text */
	/* Every module wherever it stands, in order of their ids. */
	const struct blueprint_module *const *modules;
	size_t module_count;
};

/**
 * Reads and checks. Problems (in `arena`, in the order of their places, all
 * of them) have paths like `flow[3].routes[1].flow[0].mapper.text`; those that
 * are warnings do not keep it from being run. ERR_INVALID when it is no
 * blueprint at all (then *ret is NULL) or has an error (then *ret is set: it
 * may be stored and mended, but not run); ERR_LIMIT beyond the limits above.
 * Accepts the bare object, `{"blueprint":…}` and the API's wrapper, with or
 * without a byte-order mark.
 */
enum err blueprint_read(struct str json, struct arena *arena,
	const struct blueprint **ret,
	const struct template_problem **ret_problems) MUST_USE;

/** YAML to JSON text for blueprint_read(); ERR_INVALID with line and column. */
enum err blueprint_from_yaml(struct str yaml, struct arena *arena,
	struct str *ret_json, struct buf *why) MUST_USE;

/** The module of an id, wherever it stands, or NULL. */
const struct blueprint_module *blueprint_find(
	const struct blueprint *blueprint, uint32_t id);
