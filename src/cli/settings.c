#include "cli/settings.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>

#include "cli/setting_value.h"

const struct setting settings_table[SETTINGS_COUNT] = {
#define SETTING(kind_, field_, name_, ...) \
	[SETTING_INDEX_##field_] = {.name = (name_), \
		.kind = SETTING_##kind_, \
		.offset = offsetof(struct settings, field_), \
		__VA_ARGS__},
#define SETTING_GROUP(title_)
#include "cli/settings.def"
#undef SETTING
#undef SETTING_GROUP
};

const struct settings_line settings_lines[] = {
#define SETTING(kind_, field_, name_, ...) \
	{NULL, &settings_table[SETTING_INDEX_##field_]},
#define SETTING_GROUP(title_) {(title_), NULL},
#include "cli/settings.def"
#undef SETTING
#undef SETTING_GROUP
};

const size_t settings_line_count = COUNT_OF(settings_lines);

static void *
field_of(struct settings *settings, const struct setting *setting)
{
	return (char *)settings + setting->offset;
}

/** Reads a value of any kind but LIST into its field. */
static enum err
set_single(struct settings *settings, const struct setting *setting,
	struct str text, struct buf *why)
{
	void *field = field_of(settings, setting);
	int64_t number = 0;
	enum err err;

	switch (setting->kind) {
	case SETTING_INTEGER:
		err = setting_value_integer(
			text, setting->minimum, setting->maximum, &number, why);
		if (err == ERR_OK)
			*(unsigned *)field = (unsigned)number;
		return err;
	case SETTING_SIZE:
		err = setting_value_size(
			text, setting->minimum, setting->maximum, &number, why);
		if (err == ERR_OK)
			*(size_t *)field = (size_t)number;
		return err;
	case SETTING_DURATION:
		return setting_value_duration(
			text, setting->minimum, setting->maximum, field, why);
	case SETTING_BOOLEAN: return setting_value_boolean(text, field, why);
	case SETTING_CHOICE:
		return setting_value_choice(text, setting->choices, field, why);
	case SETTING_TEXT:
	case SETTING_PATH:
	case SETTING_LIST: break;
	}
	*(const char **)field = arena_copy(&settings->arena, text).ptr;
	return ERR_OK;
}

/** What holds for the text of every value, before its kind is asked. */
static enum err
check_text(const struct setting *setting, struct str value, struct buf *why)
{
	if (value.len == 0) {
		buf_append(why, STR("is empty; give it a value or leave it "
				    "out"));
		return ERR_INVALID;
	}
	if (value.len > SETTING_VALUE_MAX) {
		buf_printf(why, "is longer than %d bytes", SETTING_VALUE_MAX);
		return ERR_INVALID;
	}
	if (memchr(value.ptr, '\0', value.len) != NULL) {
		buf_append(why, STR("has a NUL character in it"));
		return ERR_INVALID;
	}
	return setting->check ? setting->check(value, why) : ERR_OK;
}

static enum err
set_list(struct settings *settings, const struct setting *setting,
	const struct str *values, size_t count)
{
	struct setting_list list = {NULL, count};

	list.items = arena_alloc_array(
		&settings->arena, count + 1, sizeof(*list.items));
	for (size_t i = 0; i < count; i++)
		list.items[i] = arena_copy(&settings->arena, values[i]).ptr;
	*(struct setting_list *)field_of(settings, setting) = list;
	return ERR_OK;
}

static enum err
set_values(struct settings *settings, const struct setting *setting,
	const struct str *values, size_t count, struct buf *why)
{
	size_t maximum =
		setting->kind == SETTING_LIST ? (size_t)setting->maximum : 1;

	if (count > maximum) {
		buf_printf(why, "has %zu values; expected at most %zu", count,
			maximum);
		return ERR_INVALID;
	}
	for (size_t i = 0; i < count; i++) {
		enum err err = check_text(setting, values[i], why);

		if (err != ERR_OK)
			return err;
	}
	if (setting->kind == SETTING_LIST)
		return set_list(settings, setting, values, count);
	return set_single(settings, setting, values[0], why);
}

void
settings_init(struct settings *settings)
{
	*settings = (struct settings){0};
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		const struct setting *row = &settings_table[i];
		CLEANUP(buf_release) struct buf why = buf_make(0);
		struct str text = str_of(row->fallback);
		enum err err = ERR_OK;

		if (row->fallback != NULL)
			err = set_values(settings, row, &text, 1, &why);
		if (err != ERR_OK)
			abort(); /* a default that breaks its own row */
	}
}

void
settings_release(struct settings *settings)
{
	if (settings == NULL)
		return;
	arena_release(&settings->arena);
	*settings = (struct settings){0};
}

const struct setting *
settings_find(struct str name)
{
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		if (str_equal(str_of(settings_table[i].name), name))
			return &settings_table[i];
	}
	return NULL;
}

enum err
settings_set(struct settings *settings, const struct setting *setting,
	struct setting_origin origin, const struct str *values, size_t count,
	struct buf *why)
{
	struct setting_origin *present =
		&settings->origins[setting - settings_table];
	size_t before = why->len;
	enum err err;

	if (present->source > origin.source)
		return ERR_OK;
	buf_printf(why, "%s: ", origin.place);
	err = set_values(settings, setting, values, count, why);
	if (err != ERR_OK)
		return err;
	buf_truncate(why, before);
	present->source = origin.source;
	present->place = arena_copy(&settings->arena, str_of(origin.place)).ptr;
	return ERR_OK;
}

const char *
settings_variable(const char *name, struct arena *arena)
{
	struct str variable = arena_printf(arena, "GRAPNEL_%s", name);
	char *text = arena_alloc(arena, variable.len + 1);

	for (size_t i = 0; i < variable.len; i++) {
		unsigned char c = (unsigned char)variable.ptr[i];

		text[i] = c == '-' ? '_' : (char)toupper(c);
	}
	return text;
}

/** Its value in `environment`; false when it is absent or empty. */
static bool
find_variable(char *const *environment, const char *variable, struct str *ret)
{
	size_t len = strlen(variable);

	for (; environment && *environment; environment++) {
		if (strncmp(*environment, variable, len) == 0 &&
			(*environment)[len] == '=' &&
			(*environment)[len + 1] != '\0') {
			*ret = str_of(*environment + len + 1);
			return true;
		}
	}
	return false;
}

/** Variables hold lists with commas between. */
static size_t
split_list(struct str text, struct str *items, size_t max)
{
	struct str rest = text;
	size_t count = 0;

	while (rest.ptr != NULL && count < max)
		items[count++] = str_trim(str_split(&rest, ','));
	return count;
}

enum err
settings_from_environment(
	struct settings *settings, char *const *environment, struct buf *why)
{
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		const struct setting *row = &settings_table[i];
		struct setting_origin origin = {SETTING_FROM_ENVIRONMENT, NULL};
		/* One more than allowed, so that set_values sees it. */
		struct str items[SETTING_LIST_MAX + 1];
		size_t count = 1;
		enum err err;

		origin.place = settings_variable(row->name, &settings->arena);
		if (!find_variable(environment, origin.place, &items[0]))
			continue;
		if (row->kind == SETTING_LIST)
			count = split_list(items[0], items, COUNT_OF(items));
		err = settings_set(settings, row, origin, items, count, why);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}
