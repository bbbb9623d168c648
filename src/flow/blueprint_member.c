#include "flow/blueprint_member.h"

/* Members that exports have and that do nothing here. */
static const struct note {
	const char *app; /* NULL: of all apps */
	const char *member;
	const char *why;      /* NULL: only the editor reads it */
	const char *harmless; /* values that ask for nothing; or NULL */
} notes[] = {
	/* What an import binds to a connection, whatever it is called. */
	{NULL, "connection", NULL, NULL},
	{NULL, "account", NULL, NULL},
	{NULL, "auth", NULL, NULL},
	{NULL, "key", NULL, NULL},
	{NULL, "hook", NULL, NULL},
	{NULL, "apiKeyKeychain", NULL, NULL},
	{NULL, "basicAuthKeychain", NULL, NULL},
	{NULL, "oAuthAccount", NULL, NULL},
	{NULL, "makeConnectionId", NULL, NULL},
	{"http", "useNewZLibDeCompress", NULL, NULL},
	{"http", "rejectUnauthorized",
		"certificates are always verified; give the authority that "
		"signed it as ca",
		"true"},
	{"http", "paginationType", "one page is asked for", NULL},
	{"builtin", "target", NULL, NULL},
	{"util", "reset", "the count begins with each run", "run execution"},
	{"slack", "channelWType", NULL, NULL},
	{"slack", "channelType", NULL, NULL},
	{"slack", "idType", NULL, NULL},
	{"email", "saveAfterSent",
		"what is sent is not kept in a folder of the mail server",
		"false"},
	{"google-email", "signature", "no signature is added", NULL},
	{"google-sheets", "from", NULL, NULL},
	{"google-sheets", "includesHeaders", NULL, NULL},
	{"google-sheets", "useColumnHeaders", NULL, NULL},
	{"google-sheets", "insertUnformatted",
		"how new rows look is left to the sheet", "false"},
	{"notion", "select", NULL, NULL},
	{"notion", "updateBy", NULL, NULL},
	{"discord", "select", NULL, NULL},
	{"discord", "moduleWebhookUrl",
		"the webhookUrl of the connection is used", NULL},
};

static const struct module_field *
find_field(const struct module_field *field, struct str name)
{
	for (; field && field->name; field++) {
		if (str_equal(name, str_of(field->name)))
			return field;
	}
	return NULL;
}

static const struct note *
find_note(struct str app, struct str member)
{
	for (size_t i = 0; i < COUNT_OF(notes); i++) {
		if ((!notes[i].app || str_equal(app, str_of(notes[i].app))) &&
			str_equal(member, str_of(notes[i].member)))
			return &notes[i];
	}
	return NULL;
}

static bool
is_among(const char *words, struct str word)
{
	struct str rest = str_of(words);

	while (rest.ptr != NULL) {
		if (str_equal(str_split(&rest, ' '), word))
			return true;
	}
	return false;
}

/** The text of what is fixed, as it stands; false for what is evaluated. */
static bool
is_fixed(struct json value, struct arena *arena, struct str *ret)
{
	enum json_kind kind = json_kind(value);

	*ret = kind == JSON_STRING ? json_string(value, arena)
				   : json_raw(value);
	if (kind == JSON_NULL)
		*ret = STR("");
	return kind != JSON_OBJECT && kind != JSON_ARRAY &&
	       str_find(*ret, STR("{{")) == SIZE_MAX;
}

/** It is not in the module's row. */
static void
check_unknown(struct blueprint_reading *reading,
	const struct blueprint_module *module, struct str path,
	struct str member, struct json value)
{
	struct str name = str_of(module->kind->name);
	struct str app = str_head(name, str_find_char(name, ':'));
	const struct note *note = find_note(app, member);
	struct str text;
	bool asks = !is_fixed(value, reading->arena, &text) || text.len > 0;

	if (str_starts_with(member, STR("__IMT")) || (note && !note->why))
		return;
	if (note && asks && note->harmless)
		asks = !is_among(note->harmless, text);
	if (note && asks)
		blueprint_problem(reading, false, path,
			"it does nothing here: %s", note->why);
	else if (!note)
		blueprint_problem(reading, false, path,
			"%.*s does not know it, and it does nothing",
			STR_ARG(module->name));
}

static bool
is_choice(const char *const *choices, struct str text)
{
	for (; *choices; choices++) {
		if (str_equal_nocase(text, str_of(*choices)))
			return true;
	}
	return false;
}

/** It is in the module's row. */
static void
check_value(struct blueprint_reading *reading, struct str path,
	const struct module_field *field, struct json value)
{
	bool has_limits = field->minimum < field->maximum;
	struct str text;
	double number;

	if (!is_fixed(value, reading->arena, &text) || text.len == 0)
		return;
	if (field->choices && !is_choice(field->choices, text))
		blueprint_problem(reading, false, path,
			"\"%.*s\" is not one of its values",
			STR_ARG(str_head(text, 100)));
	if (has_limits &&
		(!value_to_number(value_text(text), &number) ||
			number < field->minimum || number > field->maximum))
		blueprint_problem(reading, false, path,
			"expected a number from %g to %g", field->minimum,
			field->maximum);
}

static void
check_mapper(struct blueprint_reading *reading,
	const struct blueprint_module *module, struct json mapper)
{
	struct json_walk walk = json_walk(mapper);
	const struct module_field *field = module->kind->mapper;

	while (json_kind(mapper) == JSON_OBJECT && json_walk_next(&walk)) {
		struct str name = json_string(walk.key, reading->arena);
		const struct module_field *known = find_field(field, name);
		struct str path = arena_printf(reading->arena,
			"%.*s.mapper.%.*s", STR_ARG(module->place),
			STR_ARG(str_head(name, 100)));

		if (known)
			check_value(reading, path, known, walk.value);
		else
			check_unknown(reading, module, path, name, walk.value);
	}
	for (; field->name; field++) {
		struct json value = json_member(mapper, str_of(field->name));
		struct str text;

		if (field->is_required &&
			(json_is_missing(value) ||
				(is_fixed(value, reading->arena, &text) &&
					text.len == 0)))
			blueprint_problem(reading, false,
				arena_printf(reading->arena, "%.*s.mapper.%s",
					STR_ARG(module->place), field->name),
				"must be given, or this module fails");
	}
}

static void
check_parameters(struct blueprint_reading *reading,
	const struct blueprint_module *module, struct json parameters)
{
	struct json_walk walk = json_walk(parameters);

	while (json_kind(parameters) == JSON_OBJECT && json_walk_next(&walk)) {
		struct str name = json_string(walk.key, reading->arena);
		struct str path = arena_printf(reading->arena,
			"%.*s.parameters.%.*s", STR_ARG(module->place),
			STR_ARG(str_head(name, 100)));

		if (!find_field(module->kind->parameters, name))
			check_unknown(reading, module, path, name, walk.value);
	}
}

void
blueprint_check_members(struct blueprint_reading *reading,
	const struct blueprint_module *module, struct json json)
{
	if (!module->kind)
		return;
	check_parameters(reading, module, json_member(json, STR("parameters")));
	/* A row without a mapper takes what it is given. */
	if (module->kind->mapper)
		check_mapper(reading, module, json_member(json, STR("mapper")));
}
