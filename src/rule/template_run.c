#include "rule/template_run.h"

#include "rule/date.h"
#include "rule/template_compile.h"

enum {
	PROBLEM_TEXT_MAX = 1000,
	BYTES_PER_STEP = 64,   /* of a text that is looked at */
	MEMBERS_PER_STEP = 16, /* of a collection that is searched */
	BYTES_PER_ITEM = 96,   /* of an array or a collection being built */
};

struct template_run
template_run_make(const struct template_scope *scope, struct arena *arena)
{
	return (struct template_run){
		.scope = scope,
		.arena = arena,
		.steps_left = TEMPLATE_STEPS_MAX,
		.bytes_left = TEMPLATE_BYTES_MAX,
	};
}

/* ---- problems ---- */

static struct template_problem *
new_problem(struct template_run *run, bool is_error, struct str text)
{
	struct template_problem *problem =
		ARENA_NEW(run->arena, struct template_problem);

	problem->is_error = is_error;
	problem->path = run->path;
	problem->text = arena_copy(run->arena, text);
	if (run->template)
		problem->column =
			template_column(run->template->text, run->offset);
	return problem;
}

static void
end_run(struct template_run *run, enum err err, struct str text)
{
	if (run->err)
		return;
	run->err = err;
	run->error = new_problem(run, true, text);
}

struct value
template_run_fail(struct template_run *run, const char *format, ...)
{
	CLEANUP(buf_release) struct buf text = buf_make(PROBLEM_TEXT_MAX);
	va_list args;

	va_start(args, format);
	if (buf_vprintf(&text, format, args))
		buf_append(&text, STR("the data does not fit"));
	va_end(args);
	end_run(run, ERR_INVALID, buf_str(&text));
	return value_empty();
}

struct value
template_run_warn(struct template_run *run, const char *format, ...)
{
	CLEANUP(buf_release) struct buf text = buf_make(PROBLEM_TEXT_MAX);
	struct template_problem *problem;
	va_list args;

	if (run->err || run->warning_count++ >= TEMPLATE_WARNINGS_MAX)
		return value_empty();
	va_start(args, format);
	if (buf_vprintf(&text, format, args))
		buf_append(&text, STR("a value does not fit"));
	va_end(args);
	problem = new_problem(run, false, buf_str(&text));
	if (run->last_warning)
		run->last_warning->next = problem;
	else
		run->first_warning = problem;
	run->last_warning = problem;
	return value_empty();
}

const struct template_problem *
template_run_problems(const struct template_run *run)
{
	if (run->error == NULL)
		return run->first_warning;
	run->error->next = run->first_warning;
	return run->error;
}

/* ---- the budget ---- */

bool
template_run_steps(struct template_run *run, size_t steps)
{
	if (run->err)
		return false;
	if (steps <= run->steps_left) {
		run->steps_left -= steps;
		return true;
	}
	run->steps_left = 0;
	end_run(run, ERR_LIMIT,
		STR("this takes more steps than an evaluation may"));
	return false;
}

bool
template_run_bytes(struct template_run *run, size_t bytes)
{
	if (run->err)
		return false;
	if (bytes <= run->bytes_left) {
		run->bytes_left -= bytes;
		return true;
	}
	run->bytes_left = 0;
	end_run(run, ERR_LIMIT,
		STR("this makes more data than an evaluation may"));
	return false;
}

/* ---- what functions take ---- */

bool
template_run_to_text(
	struct template_run *run, struct value value, struct str *ret)
{
	CLEANUP(buf_release) struct buf text = {0};
	enum err err;

	if (value.kind == VALUE_TEXT) {
		*ret = value.as.text;
		return template_run_steps(run, ret->len / BYTES_PER_STEP + 1);
	}
	text = template_run_buf(run);
	err = value_append_text(&text, value);
	if (err == ERR_INVALID)
		return false;
	if (!template_run_bytes(run, err ? SIZE_MAX : text.len))
		return false;
	*ret = arena_copy(run->arena, buf_str(&text));
	return template_run_steps(run, ret->len / BYTES_PER_STEP + 1);
}

bool
template_run_to_number(
	struct template_run *run, struct value value, double *ret)
{
	return template_run_steps(run, 1) && value_to_number(value, ret);
}

bool
template_run_to_date(struct template_run *run, struct value value, int64_t *ret)
{
	if (value.kind == VALUE_NUMBER) {
		double number = value.as.number;

		if (number < (double)DATE_MIN || number > (double)DATE_MAX)
			return false;
		*ret = (int64_t)number;
		return true;
	}
	return template_run_steps(run, 1) &&
	       value_to_date(value, run->scope->zone, ret);
}

struct value
template_run_to_array(struct template_run *run, struct value value)
{
	value = value_to_array(value, run->arena);
	template_run_steps(run, value.as.array.count / MEMBERS_PER_STEP + 1);
	return value;
}

static size_t
members_of(struct value value)
{
	return value.kind == VALUE_COLLECTION ? value.as.collection.count : 0;
}

/** A step on the way may search the members of what it comes by. */
struct value
template_run_path(struct template_run *run, struct value value, struct str path)
{
	struct value at = value;
	struct str rest = path;
	size_t steps = 1 + members_of(value) / MEMBERS_PER_STEP;

	while (rest.ptr != NULL && at.kind >= VALUE_ARRAY) {
		at = value_path(at, str_split(&rest, '.'));
		steps += 1 + members_of(at) / MEMBERS_PER_STEP;
	}
	if (!template_run_steps(run, steps + path.len / BYTES_PER_STEP))
		return value_empty();
	return value_path(value, path);
}

/** Steps for looking at all of it, once. */
static size_t
weight(struct value value)
{
	size_t sum = 1;

	if (value.kind == VALUE_TEXT || value.kind == VALUE_BUFFER)
		return value.as.text.len / BYTES_PER_STEP + 1;
	for (size_t i = 0;
		value.kind == VALUE_ARRAY && i < value.as.array.count; i++)
		sum += weight(value.as.array.items[i]);
	for (size_t i = 0; i < members_of(value); i++)
		sum += weight(value.as.collection.members[i].value);
	return sum;
}

bool
template_run_same(struct template_run *run, struct value a, struct value b)
{
	return template_run_steps(run, weight(a) + weight(b)) &&
	       value_is_same(a, b, run->scope->zone);
}

/* ---- what functions give ---- */

struct buf
template_run_buf(const struct template_run *run)
{
	return buf_make(run->bytes_left + 1);
}

struct value
template_run_text(struct template_run *run, const struct buf *text)
{
	size_t bytes = buf_is_overflown(text) ? SIZE_MAX : text->len;

	if (!template_run_bytes(run, bytes) ||
		!template_run_steps(run, bytes / BYTES_PER_STEP + 1))
		return value_empty();
	return value_text(arena_copy(run->arena, buf_str(text)));
}

bool
template_run_append(
	struct template_run *run, struct buf *out, struct value value)
{
	size_t before = out->len;
	enum err err;

	if (run->err)
		return false;
	err = value_append_text(out, value);
	if (err == ERR_INVALID)
		template_run_fail(run,
			"bytes that are not known to be text cannot be part "
			"of one");
	else if (err)
		template_run_bytes(run, SIZE_MAX);
	else
		template_run_bytes(run, out->len - before);
	return template_run_steps(
		run, (out->len - before) / BYTES_PER_STEP + 1);
}

struct value
template_run_take(struct template_run *run, const struct buf *text)
{
	if (run->err)
		return value_empty();
	return value_text(arena_copy(run->arena, buf_str(text)));
}

bool
template_run_add(struct template_run *run, struct value_builder *builder,
	struct value item)
{
	if (!template_run_steps(run, 1) ||
		!template_run_bytes(run, BYTES_PER_ITEM))
		return false;
	value_builder_add(builder, item);
	return true;
}

bool
template_run_set(struct template_run *run, struct value_builder *builder,
	struct str key, struct value value)
{
	if (!template_run_steps(run, 1) ||
		!template_run_bytes(run, 2 * BYTES_PER_ITEM))
		return false;
	value_builder_set(builder, key, value);
	return true;
}

static struct value
not_too_deep(struct template_run *run, struct value value)
{
	if (run->err)
		return value_empty();
	if (value.height > VALUE_HEIGHT_MAX) {
		end_run(run, ERR_LIMIT,
			STR("arrays and collections are nested too deep"));
		return value_empty();
	}
	return value;
}

struct value
template_run_array(struct template_run *run, struct value_builder *builder)
{
	return not_too_deep(run, value_builder_array(builder));
}

struct value
template_run_collection(struct template_run *run, struct value_builder *builder)
{
	return not_too_deep(run, value_builder_collection(builder));
}
