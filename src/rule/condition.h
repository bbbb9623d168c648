#pragma once
#include "rule/template.h"

/*
 * The filters of a blueprint: an OR of ANDs of comparisons,
 * [[{"a":"{{1.x}}","o":"text:equal","b":"y"}, …], …], where `a` and `b` are
 * templates. Nothing to check (null, [], [[]]) passes. docs/template.md has
 * the table of operators.
 *
 * Compiled once, immutable, for any number of threads; bounded as templates
 * are, by one budget for all comparisons.
 */
struct condition;

/**
 * Compiles the array `conditions` into `arena`. ERR_INVALID when its shape is
 * wrong, an operator is not known or a template is broken; ERR_LIMIT when it
 * is too large. *ret is set in every case and *ret_problems lists everything;
 * paths are like "[0][1].a".
 */
enum err condition_compile(struct json conditions, struct arena *arena,
	const struct condition **ret,
	const struct template_problem **ret_problems) MUST_USE;

/** What its templates read. */
const struct template_reference *condition_references(
	const struct condition *condition);

/**
 * Whether it passes. ERR_INVALID: a DataError, such as a regular expression
 * that is none; also when it did not compile. ERR_LIMIT as for templates.
 */
enum err condition_evaluate(const struct condition *condition,
	const struct template_scope *scope, struct arena *arena, bool *ret,
	const struct template_problem **ret_problems) MUST_USE;

/* ---- one comparison, for apps whose `a` names a column ---- */

struct condition_operator;

/**
 * The row of a name ("text:equal:ci") or of an alias that blueprints use, or
 * NULL. `*ret_is_alias` may be NULL.
 */
const struct condition_operator *condition_operator_find(
	struct str name, bool *ret_is_alias);

/** Its proper name. */
struct str condition_operator_name(const struct condition_operator *op);

/** Whether it has no `b` (exist, notexist, text:isempty, text:isnotempty). */
bool condition_operator_is_unary(const struct condition_operator *op);

/** Whether it holds for the two values; errors as condition_evaluate(). */
enum err condition_holds(const struct condition_operator *op, struct value a,
	struct value b, const struct zone *zone, bool *ret, struct buf *why)
	MUST_USE;
