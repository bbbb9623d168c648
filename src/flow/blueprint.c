#include <stdarg.h>
#include <stdlib.h>

#include "flow/blueprint_private.h"

/* ---- problems ---- */

static void
append_problem(struct blueprint_reading *reading,
	const struct template_problem *problem)
{
	struct template_problem *copy =
		arena_alloc(reading->arena, sizeof(*copy));

	*copy = *problem;
	copy->next = NULL;
	if (reading->last_problem)
		reading->last_problem->next = copy;
	else
		reading->first_problem = copy;
	reading->last_problem = copy;
	reading->has_error |= problem->is_error;
}

enum { PROBLEM_TEXT_MAX = 1000 };

void
blueprint_problem(struct blueprint_reading *reading, bool is_error,
	struct str path, const char *format, ...)
{
	CLEANUP(buf_release) struct buf text = buf_make(PROBLEM_TEXT_MAX);
	struct template_problem problem = {.is_error = is_error, .path = path};
	va_list arguments;

	va_start(arguments, format);
	if (buf_vprintf(&text, format, arguments))
		buf_append(&text, STR("is wrong"));
	va_end(arguments);
	problem.text = arena_copy(reading->arena, buf_str(&text));
	append_problem(reading, &problem);
}

void
blueprint_problems(struct blueprint_reading *reading, struct str path,
	const struct template_problem *problems)
{
	for (; problems; problems = problems->next) {
		struct template_problem problem = *problems;
		bool is_index = str_starts_with(problem.path, STR("["));

		problem.path = arena_printf(reading->arena, "%.*s%s%.*s",
			STR_ARG(path), problem.path.len && !is_index ? "." : "",
			STR_ARG(problem.path));
		append_problem(reading, &problem);
	}
}

/* ---- small values ---- */

uint32_t
blueprint_number(struct json value, uint32_t fallback)
{
	uint64_t number = 0;
	int64_t integer = 0;

	if (json_to_integer(value, &integer))
		return integer >= 0 && integer <= UINT32_MAX ? (uint32_t)integer
							     : fallback;
	if (json_kind(value) == JSON_STRING &&
		str_to_u64(json_raw_string(value), &number) == ERR_OK &&
		number <= UINT32_MAX)
		return (uint32_t)number;
	return fallback;
}

bool
blueprint_flag(struct json value, bool fallback)
{
	switch (json_kind(value)) {
	case JSON_TRUE: return true;
	case JSON_FALSE: return false;
	case JSON_STRING: return json_string_equal(value, STR("true"));
	case JSON_MISSING:
	case JSON_NULL:
	case JSON_NUMBER:
	case JSON_ARRAY:
	case JSON_OBJECT: break;
	}
	return fallback;
}

/* ---- the modules by their ids ---- */

bool
blueprint_note_module(
	struct blueprint_reading *reading, struct blueprint_module *module)
{
	if (reading->module_count == BLUEPRINT_MODULES_MAX) {
		blueprint_problem(reading, true, module->place,
			"there are more than %d modules",
			BLUEPRINT_MODULES_MAX);
		return false;
	}
	if (!reading->modules)
		reading->modules = arena_alloc_array(reading->arena,
			BLUEPRINT_MODULES_MAX, sizeof(*reading->modules));
	reading->modules[reading->module_count++] = module;
	return true;
}

static int
compare_ids(const void *a, const void *b)
{
	const struct blueprint_module *left =
		*(const struct blueprint_module *const *)a;
	const struct blueprint_module *right =
		*(const struct blueprint_module *const *)b;

	return (left->id > right->id) - (left->id < right->id);
}

const struct blueprint_module *
blueprint_find(const struct blueprint *blueprint, uint32_t id)
{
	size_t low = 0, high = blueprint->module_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (blueprint->modules[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < blueprint->module_count && blueprint->modules[low]->id == id)
		return blueprint->modules[low];
	return NULL;
}

static void
order_modules(struct blueprint_reading *reading)
{
	struct blueprint *blueprint = reading->blueprint;

	if (reading->module_count == 0)
		return;
	qsort(reading->modules, reading->module_count,
		sizeof(*reading->modules), compare_ids);
	blueprint->modules =
		(const struct blueprint_module *const *)reading->modules;
	blueprint->module_count = reading->module_count;
	for (size_t i = 0; i < reading->module_count; i++)
		reading->modules[i]->index = i;
	for (size_t i = 1; i < reading->module_count; i++) {
		if (reading->modules[i]->id == reading->modules[i - 1]->id)
			blueprint_problem(reading, true,
				reading->modules[i]->place,
				"the id %u is also that of %.*s",
				reading->modules[i]->id,
				STR_ARG(reading->modules[i - 1]->place));
	}
}

/* ---- the whole ---- */

/* Settings that do nothing here, unless they have their usual value. */
static const struct idle {
	const char *name;
	const char *usual; /* JSON */
	const char *why;
} idle[] = {
	{"roundtrips", "01",
		"each request is an execution of its own, and all that wait are "
		"run"},
	{"autoCommit", "true",
		"each module's changes stay, also when a later one fails"},
	{"autoCommitTriggerLast", "true",
		"a request leaves the queue when its run has ended"},
	{"freshVariables", "false", "there are no custom variables"},
};

static void
check_idle(struct blueprint_reading *reading, struct json given)
{
	for (size_t i = 0; i < COUNT_OF(idle); i++) {
		struct str text =
			json_raw(json_member(given, str_of(idle[i].name)));

		if (text.len && !str_equal(text, STR("null")) &&
			str_find(str_of(idle[i].usual), text) == SIZE_MAX)
			blueprint_problem(reading, false,
				arena_printf(reading->arena,
					"metadata.scenario.%s", idle[i].name),
				"it does nothing here: %s", idle[i].why);
	}
}

static void
read_settings(struct blueprint_reading *reading, struct json metadata)
{
	struct json given = json_member(metadata, STR("scenario"));
	struct blueprint_settings *settings = &reading->blueprint->settings;

	settings->roundtrips =
		blueprint_number(json_member(given, STR("roundtrips")), 1);
	if (settings->roundtrips == 0)
		settings->roundtrips = 1;
	settings->errors_max =
		blueprint_number(json_member(given, STR("maxErrors")), 3);
	settings->auto_commit =
		blueprint_flag(json_member(given, STR("autoCommit")), true);
	settings->is_sequential =
		blueprint_flag(json_member(given, STR("sequential")), false);
	settings->is_confidential =
		blueprint_flag(json_member(given, STR("confidential")), false);
	settings->may_lose_data =
		blueprint_flag(json_member(given, STR("dataloss")), false);
	settings->keeps_incomplete =
		blueprint_flag(json_member(given, STR("dlq")), false);
	check_idle(reading, given);
}

static bool
is_flag(struct json value)
{
	return json_kind(value) == JSON_TRUE ||
	       json_kind(value) == JSON_FALSE ||
	       json_string_equal(value, STR("true")) ||
	       json_string_equal(value, STR("false"));
}

/* No number is that large: it would be taken for the usual one. */
static bool
is_number(struct json value)
{
	return blueprint_number(value, UINT32_MAX) != UINT32_MAX;
}

static bool
is_anything(struct json value)
{
	(void)value;
	return true;
}

static const struct setting {
	const char *name;
	bool (*fits)(struct json value);
	const char *expected;
} settings_known[] = {
	{"roundtrips", is_number, "a number"},
	{"maxErrors", is_number, "a number"},
	{"autoCommit", is_flag, "true or false"},
	{"autoCommitTriggerLast", is_flag, "true or false"},
	{"sequential", is_flag, "true or false"},
	{"confidential", is_flag, "true or false"},
	{"dataloss", is_flag, "true or false"},
	{"dlq", is_flag, "true or false"},
	{"freshVariables", is_flag, "true or false"},
	{"slots", is_anything, ""},
};

static const struct setting *
find_setting(struct json key)
{
	for (size_t i = 0; i < COUNT_OF(settings_known); i++) {
		if (json_string_equal(key, str_of(settings_known[i].name)))
			return &settings_known[i];
	}
	return NULL;
}

/** A setting that is not taken as it was meant is told. */
static void
check_settings(struct blueprint_reading *reading, struct json metadata)
{
	struct json_walk walk =
		json_walk(json_member(metadata, STR("scenario")));

	while (json_walk_next(&walk)) {
		const struct setting *setting = find_setting(walk.key);
		struct str key = str_head(json_raw_string(walk.key), 64);
		struct str place = arena_printf(
			reading->arena, "metadata.scenario.%.*s", STR_ARG(key));

		if (json_kind(walk.value) == JSON_NULL)
			continue;
		if (!setting)
			blueprint_problem(reading, false, place,
				"there is no such setting: it does nothing");
		else if (!setting->fits(walk.value))
			blueprint_problem(reading, false, place, "expected %s",
				setting->expected);
	}
}

/** The blueprint itself, whatever it was wrapped in. */
static struct json
unwrap(struct json root)
{
	struct json response = json_member(root, STR("response"));
	struct json inner = json_member(root, STR("blueprint"));

	if (json_is_missing(inner))
		inner = json_member(response, STR("blueprint"));
	return json_is_missing(inner) ? root : inner;
}

enum { NAME_MAX_CHARACTERS = 120 };

static void
read_name(struct blueprint_reading *reading, struct json root)
{
	struct json name = json_member(root, STR("name"));
	struct str text = json_string(name, reading->arena);

	reading->blueprint->name = arena_copy(reading->arena, text);
	if (json_kind(name) != JSON_STRING || text.len == 0)
		blueprint_problem(reading, true, STR("name"),
			"expected the scenario's name, found %s",
			text.len ? "text" : json_kind_name(json_kind(name)));
	else if (str_characters(text) > NAME_MAX_CHARACTERS)
		blueprint_problem(reading, true, STR("name"),
			"is over %d characters long", NAME_MAX_CHARACTERS);
}

static void
read_root(struct blueprint_reading *reading, struct json root)
{
	struct json flow = json_member(root, STR("flow"));

	read_name(reading, root);
	read_settings(reading, json_member(root, STR("metadata")));
	blueprint_read_flow(
		reading, flow, STR("flow"), &reading->blueprint->flow);
	if (json_kind(flow) == JSON_ARRAY && json_count(flow) == 0)
		blueprint_problem(reading, true, STR("flow"),
			"expected at least one module");
	order_modules(reading);
	blueprint_check(reading);
	reading->blueprint->source = arena_copy(reading->arena, json_raw(root));
	check_settings(reading, json_member(root, STR("metadata")));
}

static enum err
refuse(struct blueprint_reading *reading, enum err err, const char *what)
{
	blueprint_problem(reading, true, STR(""), "%s", what);
	return err;
}

static struct str
skip_mark(struct str json)
{
	return str_starts_with(json, STR("\xEF\xBB\xBF")) ? str_skip(json, 3)
							  : json;
}

static enum err
read_text(struct blueprint_reading *reading, struct str text)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct json_doc doc;
	struct json root;
	enum err err;

	if (text.len > BLUEPRINT_BYTES_MAX)
		return refuse(reading, ERR_LIMIT,
			"the blueprint is over 4 MiB large");
	err = json_read(skip_mark(text), reading->arena, &doc, &why);
	if (err)
		return refuse(reading, err, buf_text(&why));
	root = unwrap(json_root(&doc));
	if (json_kind(json_member(root, STR("flow"))) != JSON_ARRAY)
		return refuse(reading, ERR_INVALID,
			"expected a blueprint: an object with the array "
			"\"flow\"");
	reading->blueprint =
		arena_alloc(reading->arena, sizeof(*reading->blueprint));
	reading->blueprint->is_runnable = true;
	read_root(reading, root);
	return reading->has_error ? ERR_INVALID : ERR_OK;
}

enum err
blueprint_read(struct str json, struct arena *arena,
	const struct blueprint **ret,
	const struct template_problem **ret_problems)
{
	struct blueprint_reading reading = {.arena = arena};
	enum err err = read_text(&reading, json);

	if (reading.blueprint)
		reading.blueprint->is_runnable &= !reading.has_error;
	*ret = reading.blueprint;
	*ret_problems = reading.first_problem;
	return err;
}
