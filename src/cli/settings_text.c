#include "cli/settings_text.h"

#include "base/json_out.h"
#include "cli/setting_value.h"
#include "cli/settings.h"

static const void *
field_of(const struct settings *settings, const struct setting *setting)
{
	return (const char *)settings + setting->offset;
}

/** As a YAML flow sequence; JSON strings are YAML. */
static void
append_list(struct buf *out, const struct setting_list *list)
{
	struct json_out json = json_out_make(out);

	json_out_array(&json, NULL);
	for (size_t i = 0; i < list->count; i++)
		json_out_text(&json, NULL, list->items[i]);
	json_out_end(&json);
}

static void
append_value(struct buf *out, const struct settings *settings,
	const struct setting *setting)
{
	const void *field = field_of(settings, setting);

	switch (setting->kind) {
	case SETTING_TEXT:
	case SETTING_PATH:
		json_out_quote(out, str_of(*(const char *const *)field));
		break;
	case SETTING_INTEGER:
		buf_printf(out, "%u", *(const unsigned *)field);
		break;
	case SETTING_SIZE:
		setting_value_print_size(
			out, (int64_t) * (const size_t *)field);
		break;
	case SETTING_DURATION:
		setting_value_print_duration(out, *(const int64_t *)field);
		break;
	case SETTING_BOOLEAN:
		buf_append(
			out, *(const bool *)field ? STR("true") : STR("false"));
		break;
	case SETTING_CHOICE:
		setting_value_print_choice(
			out, setting->choices, *(const unsigned *)field);
		break;
	case SETTING_LIST: append_list(out, field); break;
	}
}

static bool
is_unset(const struct settings *settings, const struct setting *setting)
{
	const void *field = field_of(settings, setting);

	if (setting->kind != SETTING_TEXT && setting->kind != SETTING_PATH)
		return false;
	return *(const char *const *)field == NULL;
}

static void
append_line(struct buf *out, const struct settings *settings,
	const struct setting *setting)
{
	const char *place = settings->origins[setting - settings_table].place;

	if (is_unset(settings, setting)) {
		buf_printf(out, "# %s: not set (%s)\n", setting->name,
			setting->derived);
		return;
	}
	if (setting->is_secret) {
		buf_printf(out, "# %s: ********  (%s)\n", setting->name, place);
		return;
	}
	buf_printf(out, "%s: ", setting->name);
	append_value(out, settings, setting);
	buf_printf(out, "  # %s\n", place ? place : "default");
}

void
settings_text_effective(const struct settings *settings, struct buf *out)
{
	for (size_t i = 0; i < settings_line_count; i++) {
		const struct settings_line *line = &settings_lines[i];

		if (line->title != NULL)
			buf_printf(out, "%s# %s\n", i ? "\n" : "", line->title);
		else
			append_line(out, settings, line->setting);
	}
}

static const char config_head[] =
	"<!-- Made by `grapnel help --format config` from src/cli/settings.def."
	" Change it there. -->\n"
	"# Configuration of `grapnel serve`\n\n"
	"Every setting can be given in three places. What is said in one place "
	"counts before\nwhat is said in the places below it:\n\n"
	"1. a flag: `--body-max 2MiB`\n"
	"2. an environment variable: `GRAPNEL_BODY_MAX=2MiB` (an empty one "
	"does not count)\n"
	"3. a line of the configuration file named by `--config FILE` or "
	"`GRAPNEL_CONFIG`: `body-max: 2MiB`\n\n"
	"The file is YAML: one mapping, the names below as its keys. Unknown "
	"keys, repeated keys\nand values that do not fit are refused with "
	"file, line and column. `grapnel serve\n--check-config` prints the "
	"settings that are in force and where each came from, and\nends "
	"with 0, or says what is wrong and ends with 1.\n\n"
	"```yaml\n"
	"# /etc/grapnel/grapnel.yaml\n"
	"data: /var/lib/grapnel\n"
	"listen: 0.0.0.0:8443\n"
	"tls-certificate: /etc/grapnel/tls.crt\n"
	"tls-key: /etc/grapnel/tls.key\n"
	"allow-private:\n"
	"  - 10.20.0.0/16\n"
	"  - fd00:20::/32\n"
	"```\n\n"
	"Sizes are whole numbers with `B`, `KiB`, `MiB` or `GiB`; durations "
	"with `ms`, `s`, `m`, `h`\nor `d`; booleans are `true` or `false` (a "
	"flag alone means `true`). A list is a YAML\nsequence, a repeated "
	"flag, or a variable with commas; the list of one place replaces\n"
	"that of the places below it.\n";

static const char *
kind_name(enum setting_kind kind)
{
	switch (kind) {
	case SETTING_TEXT: return "text";
	case SETTING_PATH: return "path";
	case SETTING_INTEGER: return "whole number";
	case SETTING_SIZE: return "size";
	case SETTING_DURATION: return "duration";
	case SETTING_BOOLEAN: return "boolean";
	case SETTING_CHOICE: return "word";
	case SETTING_LIST: return "list";
	}
	return "";
}

/** ", 1KiB to 1GiB": what is allowed beyond the kind. */
static void
append_range(struct buf *out, const struct setting *setting)
{
	bool is_size = setting->kind == SETTING_SIZE;

	if (setting->kind == SETTING_CHOICE)
		buf_printf(out, ", one of `%s`", setting->choices);
	if (setting->kind == SETTING_LIST)
		buf_printf(out, ", at most %lld items",
			(long long)setting->maximum);
	if (setting->kind == SETTING_INTEGER)
		buf_printf(out, ", %lld to %lld", (long long)setting->minimum,
			(long long)setting->maximum);
	if (!is_size && setting->kind != SETTING_DURATION)
		return;
	buf_append(out, STR(", "));
	(is_size ? setting_value_print_size : setting_value_print_duration)(
		out, setting->minimum);
	buf_append(out, STR(" to "));
	(is_size ? setting_value_print_size : setting_value_print_duration)(
		out, setting->maximum);
}

static void
append_section(
	struct buf *out, const struct setting *setting, struct arena *arena)
{
	const char *variable = settings_variable(setting->name, arena);

	buf_printf(out, "\n### %s\n\n%s\n\n", setting->name, setting->doc);
	buf_printf(out, "- kind: %s", kind_name(setting->kind));
	append_range(out, setting);
	/* What is derived is told in words even where a text exists. */
	if (setting->derived != NULL)
		buf_printf(out, "\n- default: %s\n", setting->derived);
	else
		buf_printf(out, "\n- default: `%s`\n", setting->fallback);
	if (setting->is_secret)
		buf_append(out, STR("- flag: none\n"));
	else if (setting->kind == SETTING_BOOLEAN)
		buf_printf(out, "- flag: `--%s`\n", setting->name);
	else
		buf_printf(out, "- flag: `--%s %s`\n", setting->name,
			setting->placeholder);
	buf_printf(out, "- variable: `%s`\n", variable);
}

void
settings_text_manual(struct buf *out)
{
	struct arena arena = {0};

	buf_append(out, str_of(config_head));
	for (size_t i = 0; i < settings_line_count; i++) {
		const struct settings_line *line = &settings_lines[i];

		if (line->title != NULL)
			buf_printf(out, "\n## %s\n", line->title);
		else
			append_section(out, line->setting, &arena);
	}
	arena_release(&arena);
}
