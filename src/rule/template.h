#pragma once
#include "rule/value.h"

/*
 * Templates: the texts of a scenario's mappers and filters, with expressions
 * in them: `Server {{1.name}} is {{if(1.on; "on"; "off")}}`. docs/template.md
 * tells the language; it is that of Make's blueprints.
 *
 * A text is compiled once into an arena, is immutable from then on, and may be
 * evaluated by any number of threads. A template that is one `{{…}}` and
 * nothing else keeps the value's type; any other gives a text.
 *
 * Everything is bounded: the length and depth of the source here, and each
 * evaluation by a budget of steps and of bytes made, so that no expression can
 * stall or fill the memory, whatever it is given.
 */
enum {
	TEMPLATE_TEXT_MAX = 256 * 1024, /* bytes of source */
	TEMPLATE_DEPTH_MAX = 100,	/* brackets in each other */
	TEMPLATE_STEPS_MAX = 4 * 1000 * 1000,
	TEMPLATE_BYTES_MAX = 32 * 1024 * 1024, /* made by one evaluation */
	TEMPLATE_WARNINGS_MAX = 20,	       /* of one evaluation */
};

/**
 * Something to tell a person. Lists of them live in the arena that the call
 * got. `path` is the leaf of a tree ("blocks[2].text"), else empty.
 */
struct template_problem {
	bool is_error; /* else a warning: it works, but look at it */
	struct str path;
	size_t column; /* characters of the leaf's text, from 1; 0: all of it */
	struct str text;
	const struct template_problem *next;
};

/** Appends `path: text (column 12)`. */
void template_problem_append(
	struct buf *out, const struct template_problem *problem);

/**
 * A module's output that is read: what an import checks, and from which it
 * learns whether a hook's headers are wanted. `member` is the first step
 * ("__IMTHEADERS__"); empty when the whole bundle is meant or the step is no
 * name.
 */
struct template_reference {
	uint32_t module;
	struct str member;
	struct str path; /* as above */
	size_t column;
	const struct template_reference *next;
};

/**
 * What expressions can see. Values that callbacks return must live as long as
 * the result. Callbacks are called on the evaluating thread, may be called
 * more than once for the same thing, and may be NULL: nothing is there.
 */
struct template_scope {
	void *context;
	/** The present bundle of a module; empty when it did not run. */
	struct value (*module)(void *context, uint32_t id);
	/**
	 * All variables of `var.SCOPE` as a collection: "scenario" (id, name,
	 * url, executionId), "input", "organization", "team", … The bare
	 * variables executionId, scenarioID, scenarioName, triggerTimestamp
	 * and operationsConsumed are members of "scenario" too (id, name and
	 * otherwise of the same name).
	 */
	struct value (*variables)(void *context, struct str scope);
	int64_t now;		 /* `now`: milliseconds since 1970 */
	const struct zone *zone; /* the scenario's; NULL: UTC */
};

struct template;

/**
 * Compiles into `arena`; `text` is copied. ERR_INVALID when something is
 * wrong, ERR_LIMIT when it is too long or too deep. In every case *ret is set,
 * since a scenario with a broken template can be imported: evaluating it gives
 * the first of its errors. *ret_problems has all errors and warnings in the
 * order of their columns, or is NULL.
 */
enum err template_compile(struct str text, struct arena *arena,
	const struct template **ret,
	const struct template_problem **ret_problems) MUST_USE;

/** What it reads, in the order of the text. */
const struct template_reference *template_references(
	const struct template *template);

/** Without an expression: it always gives its own text. */
bool template_is_constant(const struct template *template);

/**
 * The value, in `arena`, where it may also point into the template and into
 * what the scope's callbacks returned. ERR_INVALID: the data does not fit (a
 * DataError); ERR_LIMIT: the budget was used up. *ret_problems, unless NULL,
 * gets the error, if any, and then warnings.
 */
enum err template_evaluate(const struct template *template,
	const struct template_scope *scope, struct arena *arena,
	struct value *ret, const struct template_problem **ret_problems)
	MUST_USE;

/*
 * A whole mapper: JSON whose text leaves are templates. Booleans, numbers and
 * nulls stay as they are, names of members are never templates.
 */
struct template_tree;

/** As template_compile(); all leaves are compiled, all problems listed. */
enum err template_tree_compile(struct json mapper, struct arena *arena,
	const struct template_tree **ret,
	const struct template_problem **ret_problems) MUST_USE;

const struct template_reference *template_tree_references(
	const struct template_tree *tree);

/**
 * Evaluates every leaf at the same `now`, within one budget. A member or an
 * item that comes to `ignore` is left out; one that comes to `erase` is an
 * empty value of shade VALUE_ERASE. The first leaf that fails ends it.
 */
enum err template_tree_evaluate(const struct template_tree *tree,
	const struct template_scope *scope, struct arena *arena,
	struct value *ret, const struct template_problem **ret_problems)
	MUST_USE;
