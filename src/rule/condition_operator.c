#include "rule/condition_operator.h"

#include "base/zone.h"
#include "rule/filter_text.h"
#include "rule/regex.h"

/*
 * An operator is what it compares (`compare`, which gives the order of two
 * values or says whether one is in the other) and which answers make it true.
 */
enum answer {
	ANSWER_LESS = 1,
	ANSWER_EQUAL = 2, /* and "yes" of those that only say yes or no */
	ANSWER_GREATER = 4,
	ANSWER_NONE = 8, /* no order, and "no" */
};

struct comparison {
	struct template_run *run;
	struct value a, b;
	bool ignores_case;
};

struct condition_operator {
	const char *name;
	enum answer (*compare)(const struct comparison *comparison);
	unsigned holds_for;
	bool ignores_case;
	bool is_unary;
};

static enum answer
answer_of_order(int order)
{
	if (order == 0)
		return ANSWER_EQUAL;
	return order < 0 ? ANSWER_LESS : ANSWER_GREATER;
}

static enum answer
yes_or_no(bool is_yes)
{
	return is_yes ? ANSWER_EQUAL : ANSWER_NONE;
}

/* ---- existence ---- */

static enum answer
compare_existence(const struct comparison *c)
{
	return yes_or_no(!value_is_blank(c->a));
}

/* ---- text ---- */

/** Lower case of the upper case: what differs only in case is the same. */
static struct str
fold(struct template_run *run, struct str text)
{
	if (!template_run_bytes(run, text.len * 4))
		return STR("");
	return filter_text_lower(
		filter_text_upper(text, run->arena), run->arena);
}

static bool
texts_of(const struct comparison *c, struct str *a, struct str *b)
{
	if (!template_run_to_text(c->run, c->a, a) ||
		!template_run_to_text(c->run, c->b, b))
		return false;
	if (c->ignores_case) {
		*a = fold(c->run, *a);
		*b = fold(c->run, *b);
	}
	return true;
}

static enum answer
compare_text(const struct comparison *c)
{
	struct str a, b;

	return yes_or_no(texts_of(c, &a, &b) && str_equal(a, b));
}

static enum answer
compare_part(const struct comparison *c)
{
	struct str a, b;

	return yes_or_no(texts_of(c, &a, &b) && str_find(a, b) != SIZE_MAX);
}

static enum answer
compare_start(const struct comparison *c)
{
	struct str a, b;

	return yes_or_no(texts_of(c, &a, &b) && str_starts_with(a, b));
}

static enum answer
compare_end(const struct comparison *c)
{
	struct str a, b;

	return yes_or_no(texts_of(c, &a, &b) && str_ends_with(a, b));
}

static enum answer
compare_emptiness(const struct comparison *c)
{
	struct str a;

	return yes_or_no(template_run_to_text(c->run, c->a, &a) && a.len == 0);
}

static enum answer
compare_pattern(const struct comparison *c)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct template_run *run = c->run;
	const struct regex *regex;
	struct regex_match match;
	struct str text, pattern;
	enum err err;

	if (!template_run_to_text(run, c->a, &text) ||
		!template_run_to_text(run, c->b, &pattern) ||
		!template_run_bytes(run, pattern.len * 64))
		return ANSWER_NONE;
	if (regex_compile(pattern, c->ignores_case ? REGEX_IGNORE_CASE : 0,
		    run->arena, &regex, &why)) {
		template_run_fail(run, "this is no regular expression: %s",
			buf_text(&why));
		return ANSWER_NONE;
	}
	err = regex_search(regex, text, 0, &run->steps_left, &match);
	if (err == ERR_LIMIT)
		template_run_steps(run, SIZE_MAX);
	return yes_or_no(err == ERR_OK);
}

/* ---- numbers, dates, times, booleans ---- */

static enum answer
compare_number(const struct comparison *c)
{
	double a, b;

	if (!template_run_to_number(c->run, c->a, &a) ||
		!template_run_to_number(c->run, c->b, &b))
		return ANSWER_NONE;
	return answer_of_order((a > b) - (a < b));
}

static enum answer
compare_date(const struct comparison *c)
{
	const struct zone *zone = c->run->scope->zone;
	int64_t a, b;

	if (!value_to_date(c->a, zone, &a) || !value_to_date(c->b, zone, &b))
		return ANSWER_NONE;
	return answer_of_order((a > b) - (a < b));
}

static enum answer
compare_time(const struct comparison *c)
{
	int32_t a, b;

	if (!value_to_time(c->a, &a) || !value_to_time(c->b, &b))
		return ANSWER_NONE;
	return answer_of_order(a - b);
}

static enum answer
compare_boolean(const struct comparison *c)
{
	return yes_or_no(value_to_boolean(c->a) == value_to_boolean(c->b));
}

/* ---- arrays ---- */

static enum answer
compare_items(const struct comparison *c)
{
	struct comparison one = *c;
	struct value array = template_run_to_array(c->run, c->a);

	for (size_t i = 0; i < array.as.array.count && !c->run->err; i++) {
		one.a = array.as.array.items[i];
		if (compare_text(&one) == ANSWER_EQUAL)
			return ANSWER_EQUAL;
	}
	return ANSWER_NONE;
}

static enum answer
compare_length(const struct comparison *c)
{
	struct value array = template_run_to_array(c->run, c->a);
	double length = (double)array.as.array.count;
	double wanted;

	if (!template_run_to_number(c->run, c->b, &wanted))
		return ANSWER_NONE;
	return answer_of_order((length > wanted) - (length < wanted));
}

#define YES ANSWER_EQUAL
#define NO (ANSWER_LESS | ANSWER_GREATER | ANSWER_NONE)

/** A comparison of texts, both ways, with case and without. */
#define TEXT(yes_, no_, compare_) \
	{yes_, compare_, YES, false, false}, \
		{no_, compare_, NO, false, false}, \
		{yes_ ":ci", compare_, YES, true, false}, \
	{ \
		no_ ":ci", compare_, NO, true, false \
	}

#define ORDER(group_, compare_) \
	{group_ ":equal", compare_, ANSWER_EQUAL, false, false}, \
		{group_ ":notequal", compare_, NO, false, false}, \
		{group_ ":less", compare_, ANSWER_LESS, false, false}, \
		{group_ ":greater", compare_, ANSWER_GREATER, false, false}, \
		{group_ ":lessorequal", compare_, ANSWER_LESS | ANSWER_EQUAL, \
			false, false}, \
	{ \
		group_ ":greaterorequal", compare_, \
			ANSWER_GREATER | ANSWER_EQUAL, false, false \
	}

static const struct condition_operator operators[] = {
	{"exist", compare_existence, YES, false, true},
	{"notexist", compare_existence, NO, false, true},
	TEXT("text:equal", "text:notequal", compare_text),
	TEXT("text:contain", "text:notcontain", compare_part),
	TEXT("text:startwith", "text:notstartwith", compare_start),
	TEXT("text:endwith", "text:notendwith", compare_end),
	TEXT("text:pattern", "text:notpattern", compare_pattern),
	{"text:isempty", compare_emptiness, YES, false, true},
	{"text:isnotempty", compare_emptiness, NO, false, true},
	ORDER("number", compare_number),
	ORDER("date", compare_date),
	ORDER("time", compare_time),
	{"boolean:equal", compare_boolean, YES, false, false},
	{"boolean:notequal", compare_boolean, NO, false, false},
	TEXT("array:contain", "array:notcontain", compare_items),
	ORDER("array", compare_length),
};

/* Spellings that blueprints written by hand use. */
static const struct {
	const char *alias;
	const char *name;
} aliases[] = {
	{"text:startswith", "text:startwith"},
	{"text:endswith", "text:endwith"},
	{"text:contains", "text:contain"},
	{"text:notEqual", "text:notequal"},
	{"text:matchCI", "text:pattern:ci"},
	{"date:before", "date:less"},
	{"date:after", "date:greater"},
	{"array:contains", "array:contain"},
};

static const struct condition_operator *
find(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(operators); i++) {
		if (str_equal(name, str_of(operators[i].name)))
			return &operators[i];
	}
	return NULL;
}

const struct condition_operator *
condition_operator_find(struct str name, bool *ret_is_alias)
{
	const struct condition_operator *op = find(name);

	if (ret_is_alias)
		*ret_is_alias = op == NULL;
	for (size_t i = 0; op == NULL && i < COUNT_OF(aliases); i++) {
		if (str_equal(name, str_of(aliases[i].alias)))
			op = find(str_of(aliases[i].name));
	}
	return op;
}

struct str
condition_operator_name(const struct condition_operator *op)
{
	return str_of(op->name);
}

bool
condition_operator_is_unary(const struct condition_operator *op)
{
	return op->is_unary;
}

bool
condition_operator_run(const struct condition_operator *op,
	struct template_run *run, struct value a, struct value b)
{
	struct comparison comparison = {run, a, b, op->ignores_case};

	return (op->holds_for & op->compare(&comparison)) && !run->err;
}

enum err
condition_holds(const struct condition_operator *op, struct value a,
	struct value b, const struct zone *zone, bool *ret, struct buf *why)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct template_scope scope = {.zone = zone};
	struct template_run run = template_run_make(&scope, &arena);
	bool holds = condition_operator_run(op, &run, a, b);

	if (!run.err)
		*ret = holds;
	else if (why)
		template_problem_append(why, run.error);
	return run.err;
}

void
condition_operator_document(struct buf *out)
{
	buf_append(out, STR("| operator | also written |\n|---|---|\n"));
	for (size_t i = 0; i < COUNT_OF(operators); i++) {
		const char *separator = "";

		buf_printf(out, "| `%s` | ", operators[i].name);
		for (size_t j = 0; j < COUNT_OF(aliases); j++) {
			if (strcmp(aliases[j].name, operators[i].name) != 0)
				continue;
			buf_printf(out, "%s`%s`", separator, aliases[j].alias);
			separator = ", ";
		}
		buf_append(out, STR(" |\n"));
	}
}
