#pragma once
#include "flow/failure.h"
#include "rule/template.h"

/*
 * Modules: what the steps of a scenario do. Each kind is a row in the table of
 * its app (module_apps[] in module.c joins them; one file flow/app_<app>.c an
 * app). A module is called once for each bundle that reaches it, on a runner's
 * thread, where it may block; the engine has evaluated its mapper, checks the
 * fields that the row names, stores what comes back, and calls nothing twice
 * whose result is stored.
 */
struct module_call;
struct module_result;
struct connection; /* flow/connection.h */
struct outgoing;   /* flow/outgoing.h */
struct run;	   /* flow/run.h */

enum module_nature {
	/* Depends on its input only. Its results are stored together with
	   those of effects; after a crash it may be computed again. */
	MODULE_PURE,
	/* Changes something or asks somebody. Its result is on disk before
	   the next such step is called, before the hook is answered and
	   before a sleep; at the latest with the end of the run. */
	MODULE_EFFECT,
	/* Part of the engine: triggers, router, iterator, aggregators,
	   variables, directives, … `run` is NULL. */
	MODULE_CONTROL,
};

/** What the loader checks and the engine coerces; names as blueprints have. */
struct module_field {
	const char *name;
	const char *type; /* of value_coerce(); NULL: anything */
	bool is_required;
	const char *const *choices; /* NULL-terminated, or NULL */
	double minimum, maximum;    /* of numbers; both 0: no limits */
};

struct module_kind {
	const char *name; /* "http:ActionSendData" */
	enum module_nature nature;
	const char *connection; /* type of connection it needs, or NULL */
	const struct module_field *parameters; /* ends with a NULL name */
	const struct module_field *mapper;     /* likewise; may be NULL */
	bool is_trigger;		       /* only as the first module */
	bool is_aggregator;		       /* has a feeder */
	bool is_response;		       /* answers the hook's request */
	/**
	 * Does the work. FAILURE_NONE with *result set (no bundle ends the
	 * path quietly), or the failure's kind with *failure filled in.
	 */
	enum failure_kind (*run)(const struct module_call *call,
		struct module_result *result, struct failure *failure);
};

struct module_call {
	const struct module_kind *kind;
	struct value parameters;	     /* as in the blueprint */
	struct value input;		     /* the evaluated mapper, coerced */
	const struct connection *connection; /* NULL: the row needs none */
	struct outgoing *outgoing;	     /* the way out, this thread's */
	struct run *run;
	const struct template_scope *scope; /* now, zone */
	struct arena *arena;		    /* lives as long as the step */
	int64_t timeout;		    /* microseconds for all of it */
	/* The same for every try of this step of this execution, and of no
	   other: sent to services that take one. Visible ASCII. */
	struct str idempotency_key;
};

/** Bundles are collections in the call's arena. */
struct module_result {
	const struct value *bundles;
	size_t count;
	/* More than one is possible: they get __IMTINDEX__ and
	   __IMTLENGTH__. */
	bool is_many;
	/* For history and "run once": request and response as sent, secrets
	   masked; or empty. */
	struct value trace;
};

/** One bundle; the trace stays. */
void module_result_one(const struct module_call *call,
	struct module_result *result, struct value bundle);

/** The row of "app:Module", or NULL; "http-agent:X" is "http:X". */
const struct module_kind *module_find(struct str name);

/** All rows in turn, by number from 0; NULL behind the last. For lists. */
const struct module_kind *module_at(size_t number);
