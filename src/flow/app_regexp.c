#include "flow/apps.h"
#include "flow/field.h"
#include "flow/html_text.h"
#include "rule/regex_replace.h"

/* The text parser: regular expressions and HTML. */

enum {
	STEPS_MAX = 4 * 1000 * 1000,
	MATCHES_MAX = 10 * 1000,
	TEXT_MAX = 16 << 20,
};

#define FLAGS() \
	{.name = "global", .type = "boolean"}, \
		{.name = "sensitive", .type = "boolean"}, \
		{.name = "multiline", .type = "boolean"}, \
		{.name = "singleline", .type = "boolean"}, \
	{ \
		.name = "continueWhenNoRes", .type = "boolean" \
	}

static const struct module_field parser_parameters[] = {
	{.name = "pattern", .type = "text", .is_required = true}, FLAGS(),
	{.name = NULL}};
static const struct module_field parser_mapper[] = {
	{.name = "text", .type = "text"}, {.name = NULL}};
static const struct module_field advanced_parameters[] = {
	FLAGS(), {.name = NULL}};
static const struct module_field advanced_mapper[] = {
	{.name = "pattern", .type = "text", .is_required = true},
	{.name = "text", .type = "text"}, FLAGS(), {.name = NULL}};
static const struct module_field replace_mapper[] = {
	{.name = "pattern", .type = "text", .is_required = true},
	{.name = "value", .type = "text"}, {.name = "text", .type = "text"},
	FLAGS(), {.name = NULL}};
static const char *const newlines[] = {"lf", "crlf", "cr", NULL};
static const struct module_field html_mapper[] = {
	{.name = "html", .type = "text"},
	{.name = "newline", .type = "text", .choices = newlines},
	{.name = "uppercaseHeadings", .type = "boolean"}, {.name = NULL}};

/** Fields stand in the mapper or, in older forms, in the parameters. */
static bool
flag(const struct module_call *call, const char *name, bool fallback)
{
	return field_flag(call->input, name,
		field_flag(call->parameters, name, fallback));
}

static enum failure_kind
compile(const struct module_call *call, const struct regex **ret,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct str pattern = field_text(call->input, "pattern", call->arena);
	unsigned flags = 0;

	if (pattern.len == 0)
		pattern = field_text(call->parameters, "pattern", call->arena);
	if (!flag(call, "sensitive", true))
		flags |= REGEX_IGNORE_CASE;
	if (flag(call, "multiline", false))
		flags |= REGEX_MULTILINE;
	if (flag(call, "singleline", false))
		flags |= REGEX_DOT_ALL;
	if (regex_compile(pattern, flags, call->arena, ret, &why))
		return failure_set(failure, call->arena, FAILURE_DATA,
			"pattern: this is no regular expression: %s",
			buf_text(&why));
	return FAILURE_NONE;
}

static enum failure_kind
refuse_slow(const struct module_call *call, struct failure *failure)
{
	return failure_set(failure, call->arena, FAILURE_DATA,
		"pattern: it takes too many steps on this text");
}

/* ---- matching ---- */

static struct value
group_value(struct str text, const struct regex_match *match, size_t group)
{
	if (match->start[group] == SIZE_MAX)
		return value_empty();
	return value_text(str_make(text.ptr + match->start[group],
		match->end[group] - match->start[group]));
}

static struct value
match_bundle(const struct module_call *call, const struct regex *regex,
	struct str text, const struct regex_match *match, size_t number)
{
	struct value_builder bundle = value_builder_make(call->arena);
	struct value_builder all = value_builder_make(call->arena);
	size_t groups = regex_groups(regex);

	for (size_t i = 0; i <= groups; i++) {
		struct value value = group_value(text, match, i);
		struct str name = i ? regex_group_name(regex, i) : STR("");

		value_builder_add(&all, value);
		if (i)
			value_builder_set(&bundle,
				arena_printf(call->arena, "$%zu", i), value);
		if (name.len)
			value_builder_set(&bundle, name, value);
	}
	value_builder_set(&bundle, STR("i"), value_number((double)number));
	value_builder_set(
		&bundle, STR("__IMTMATCH__"), value_builder_array(&all));
	return value_builder_collection(&bundle);
}

static enum failure_kind
find_all(const struct module_call *call, const struct regex *regex,
	struct value_builder *bundles, struct failure *failure)
{
	struct str text = field_text(call->input, "text", call->arena);
	bool is_global = flag(call, "global", false);
	size_t steps = STEPS_MAX, from = 0;
	struct regex_match match;

	while (from <= text.len) {
		enum err err = regex_search(regex, text, from, &steps, &match);

		if (err == ERR_LIMIT)
			return refuse_slow(call, failure);
		if (err)
			break;
		if (bundles->count == MATCHES_MAX)
			return failure_set(failure, call->arena,
				FAILURE_MAX_RESULTS,
				"the text has over %d matches", MATCHES_MAX);
		value_builder_add(bundles, match_bundle(call, regex, text,
						   &match, bundles->count + 1));
		if (!is_global)
			break;
		from = regex_next(text, &match);
	}
	return FAILURE_NONE;
}

static enum failure_kind
run_parser(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	struct value_builder bundles = value_builder_make(call->arena);
	const struct regex *regex;
	enum failure_kind kind = compile(call, &regex, failure);
	struct value all;

	if (!kind)
		kind = find_all(call, regex, &bundles, failure);
	if (kind)
		return kind;
	if (bundles.count == 0 && flag(call, "continueWhenNoRes", false))
		value_builder_add(&bundles, value_collection(NULL, 0));
	all = value_builder_array(&bundles);
	*result = (struct module_result){.bundles = all.as.array.items,
		.count = all.as.array.count,
		.is_many = true};
	return FAILURE_NONE;
}

/* ---- replacing ---- */

static enum failure_kind
run_replace(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf out = buf_make(TEXT_MAX);
	CLEANUP(buf_release) struct buf why = {0};
	const struct regex *regex;
	enum failure_kind kind = compile(call, &regex, failure);
	size_t steps = STEPS_MAX;
	enum err err;

	if (kind)
		return kind;
	err = regex_replace(regex, field_text(call->input, "text", call->arena),
		field_text(call->input, "value", call->arena),
		flag(call, "global", false), &steps, &out, &why);
	if (err == ERR_INVALID)
		return failure_set(failure, call->arena, FAILURE_DATA,
			"value: %s", buf_text(&why));
	if (buf_is_overflown(&out))
		return failure_set(failure, call->arena,
			FAILURE_DATA_SIZE_LIMIT, "the text is over %d MiB",
			TEXT_MAX >> 20);
	if (err)
		return refuse_slow(call, failure);
	module_result_one(call, result,
		field_one(call->arena, "text",
			value_text(arena_copy(call->arena, buf_str(&out)))));
	return FAILURE_NONE;
}

/* ---- HTML ---- */

static struct str
newline(const struct module_call *call)
{
	struct str name = field_text(call->input, "newline", call->arena);

	if (str_equal(name, STR("crlf")))
		return STR("\r\n");
	return str_equal(name, STR("cr")) ? STR("\r") : STR("\n");
}

static enum failure_kind
run_html(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf out = buf_make(TEXT_MAX);
	struct html_text_options options = {.newline = newline(call),
		.has_big_headings = flag(call, "uppercaseHeadings", true)};

	html_text(field_text(call->input, "html", call->arena), &options,
		call->arena, &out);
	if (buf_is_overflown(&out))
		return failure_set(failure, call->arena,
			FAILURE_DATA_SIZE_LIMIT, "the text is over %d MiB",
			TEXT_MAX >> 20);
	module_result_one(call, result,
		field_one(call->arena, "text",
			value_text(arena_copy(call->arena, buf_str(&out)))));
	return FAILURE_NONE;
}

const struct module_kind app_regexp[] = {
	{.name = "regexp:Parser",
		.nature = MODULE_PURE,
		.parameters = parser_parameters,
		.mapper = parser_mapper,
		.run = run_parser},
	{.name = "regexp:AdvancedParser",
		.nature = MODULE_PURE,
		.parameters = advanced_parameters,
		.mapper = advanced_mapper,
		.run = run_parser},
	{.name = "regexp:Replace",
		.nature = MODULE_PURE,
		.mapper = replace_mapper,
		.run = run_replace},
	{.name = "regexp:HTMLToText",
		.nature = MODULE_PURE,
		.mapper = html_mapper,
		.run = run_html},
	{.name = NULL},
};
