#pragma once
#include "rule/template_ast.h"

/*
 * One evaluation: what it sees, what it may still use, what went wrong. Once
 * `err` is set everything gives empty values, and the first error is the one
 * that is told. Internal to rule/template* and rule/condition*.
 */
struct template_run {
	const struct template_scope *scope;
	struct arena *arena;
	size_t steps_left;
	size_t bytes_left;
	enum err err;
	/* the expression in hand, for places of problems */
	const struct template *template;
	struct str path;
	uint32_t offset;
	struct template_problem *error;
	struct template_problem *first_warning, *last_warning;
	size_t warning_count;
};

struct template_run template_run_make(
	const struct template_scope *scope, struct arena *arena);

/** The error, if any, and then the warnings. */
const struct template_problem *template_run_problems(
	const struct template_run *run);

/** The values of a template and of a node; empty once the run failed. */
struct value template_run_template(struct template_run *run, struct str path,
	const struct template *template);
struct value template_run_node(
	struct template_run *run, const struct template_node *node);

/** Take from the budget; false when the run is over. */
bool template_run_steps(struct template_run *run, size_t steps);
bool template_run_bytes(struct template_run *run, size_t bytes);

/** The data does not fit: ends the run. Returns the empty value. */
struct value template_run_fail(
	struct template_run *run, const char *format, ...) PRINTF_LIKE(2, 3);

/** Something a person should know; the run goes on. Returns the empty value. */
struct value template_run_warn(
	struct template_run *run, const char *format, ...) PRINTF_LIKE(2, 3);

/* ---- what functions take ---- */

/** Its text; false when it has none (bytes) or the run is over. */
bool template_run_to_text(
	struct template_run *run, struct value value, struct str *ret);

/** A number; false when it is none. */
bool template_run_to_number(
	struct template_run *run, struct value value, double *ret);

/** An instant; a number counts as milliseconds. False when it is none. */
bool template_run_to_date(
	struct template_run *run, struct value value, int64_t *ret);

/** Its items; what is no array is one item, empty is none. */
struct value template_run_to_array(
	struct template_run *run, struct value value);

/** `get` and `map`'s way into a value, charged. */
struct value template_run_path(
	struct template_run *run, struct value value, struct str path);

/** `=`, charged. */
bool template_run_same(
	struct template_run *run, struct value a, struct value b);

/* ---- what functions give ---- */

/** A buffer that ends where the budget ends. */
struct buf template_run_buf(const struct template_run *run);

/** The buffer's text as a value, charged; ends the run if it overflowed. */
struct value template_run_text(
	struct template_run *run, const struct buf *text);

/** Appends a value's text, charged; what has no text ends the run. */
bool template_run_append(
	struct template_run *run, struct buf *out, struct value value);

/** The text of a buffer that was filled by the above: not charged again. */
struct value template_run_take(
	struct template_run *run, const struct buf *text);

/** value_builder_add and _set, charged. False when the run is over. */
bool template_run_add(struct template_run *run, struct value_builder *builder,
	struct value item);
bool template_run_set(struct template_run *run, struct value_builder *builder,
	struct str key, struct value value);

/** Refuses what is nested too deep. */
struct value template_run_array(
	struct template_run *run, struct value_builder *builder);
struct value template_run_collection(
	struct template_run *run, struct value_builder *builder);
