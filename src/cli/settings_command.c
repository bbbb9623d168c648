#include "cli/settings_command.h"

#include <unistd.h>

#include "base/log.h"
#include "cli/config_file.h"
#include "cli/output.h"
#include "cli/serve_command.h"
#include "cli/settings_stray.h"
#include "cli/settings_text.h"

struct option_table
settings_command_options(void)
{
	static struct option rows[SETTINGS_COUNT];
	static size_t count;

	if (count > 0)
		return (struct option_table){rows, count};
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		const struct setting *setting = &settings_table[i];
		bool is_boolean = setting->kind == SETTING_BOOLEAN;

		if (setting->is_secret)
			continue;
		rows[count++] = (struct option){
			.name = setting->name,
			.placeholder = is_boolean ? NULL : setting->placeholder,
			.help = setting->doc,
			.fallback = setting->derived ? NULL : setting->fallback,
			.choices = setting->choices,
			.is_repeatable = setting->kind == SETTING_LIST,
			.is_boolean = is_boolean,
		};
	}
	return (struct option_table){rows, count};
}

/** Takes the flags of one setting, if there are any. */
static enum err
apply_flag(struct settings *settings, const struct args *args,
	const struct setting *setting, struct buf *why)
{
	struct setting_origin origin = {SETTING_FROM_FLAG, NULL};
	struct str values[SETTING_LIST_MAX + 1];
	const char *value;
	size_t count = 0;
	size_t at = 0;

	if (setting->is_secret || !args_is_given(args, setting->name))
		return ERR_OK;
	origin.place =
		arena_printf(&settings->arena, "--%s", setting->name).ptr;
	while ((value = args_next(args, setting->name, &at)) != NULL) {
		/* The last place is for one too many, or the last use. */
		if (count == COUNT_OF(values))
			count--;
		values[count++] = str_of(value);
	}
	/* Of all but a list the last use counts. */
	if (setting->kind != SETTING_LIST) {
		values[0] = values[count - 1];
		count = 1;
	}
	return settings_set(settings, setting, origin, values, count, why);
}

enum err
settings_command_load(struct settings *settings, const struct args *args,
	char *const *environment, struct buf *why)
{
	const char *file = args_value(args, "config");
	enum err err = ERR_OK;

	if (file != NULL && *file == '\0') {
		buf_append(why, STR("--config: is empty; expected a file"));
		return ERR_INVALID;
	}
	if (file != NULL)
		err = config_file_read(settings, file, why);
	if (err == ERR_OK)
		err = settings_from_environment(settings, environment, why);
	for (size_t i = 0; err == ERR_OK && i < SETTINGS_COUNT; i++)
		err = apply_flag(settings, args, &settings_table[i], why);
	return err == ERR_OK ? settings_finish(settings, why) : err;
}

static void
warn_of_strays(char *const *environment)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct settings_stray stray;

	while (settings_stray_next(&environment, &arena, &stray))
		log_warning("serve.variable",
			"name=%s advice=\"no setting has this variable; %s is "
			"one\"",
			stray.name, stray.near_variable);
}

int
settings_command_serve(const struct args *args)
{
	CLEANUP(settings_release) struct settings settings;
	CLEANUP(buf_release) struct buf text = buf_make(0);
	bool is_check = args_is_true(args, "check-config");

	settings_init(&settings);
	if (settings_command_load(&settings, args, environ, &text) != ERR_OK) {
		output_error("%s", buf_text(&text));
		return is_check ? EXIT_NO : EXIT_USAGE;
	}
	warn_of_strays(environ);
	if (!is_check)
		return serve_command(&settings);
	settings_text_effective(&settings, &text);
	output_write(buf_str(&text));
	return EXIT_DONE;
}
