#include "cli/args.h"

#include <stdlib.h>

#include "cli/command.h"
#include "cli/setting_value.h"
#include "cli/suggest.h"

struct reader {
	struct args *args;
	int argc;
	char **argv;
	int at;
	struct buf *why;
};

static const struct option *
find_option(const struct command *command, struct str name)
{
	const struct option *option;
	size_t at = 0;

	while ((option = command_next_option(command, &at)) != NULL) {
		if (str_equal(str_of(option->name), name))
			return option;
	}
	return NULL;
}

static const struct option *
find_letter(const struct command *command, char letter)
{
	const struct option *option;
	size_t at = 0;

	while ((option = command_next_option(command, &at)) != NULL) {
		if (option->letter == letter)
			return option;
	}
	return NULL;
}

static enum err
refuse_unknown(struct reader *reader, struct str name)
{
	struct suggest suggest = suggest_make(name);
	const struct option *option;
	const char *near;
	size_t at = 0;

	while ((option = command_next_option(reader->args->command, &at)) !=
		NULL)
		suggest_consider(&suggest, option->name);
	near = suggest_best(&suggest);
	buf_printf(reader->why, "there is no option --%.*s",
		STR_ARG(str_head(name, 80)));
	if (near != NULL)
		buf_printf(reader->why, "; did you mean --%s?", near);
	return ERR_INVALID;
}

static enum err
check_choice(const struct option *option, const char *value, struct buf *why)
{
	size_t before = why->len;
	unsigned index;

	if (option->choices == NULL)
		return ERR_OK;
	buf_printf(why, "--%s: ", option->name);
	if (setting_value_choice(str_of(value), option->choices, &index, why))
		return ERR_INVALID;
	buf_truncate(why, before);
	return ERR_OK;
}

static enum err
take(struct reader *reader, const struct option *option, const char *value)
{
	struct args *args = reader->args;

	args->given[args->given_count++] = (struct arg){option, value};
	return check_choice(option, value, reader->why);
}

/** The value that stands in the next argument. */
static enum err
take_next(struct reader *reader, const struct option *option)
{
	const char *value;

	if (reader->at + 1 < reader->argc) {
		value = reader->argv[reader->at + 1];
		if (strncmp(value, "--", 2) != 0) {
			reader->at++;
			return take(reader, option, value);
		}
	}
	buf_printf(reader->why, "--%s needs a value: --%s %s", option->name,
		option->name, option->placeholder);
	if (reader->at + 1 < reader->argc)
		buf_printf(reader->why,
			" (write --%s=… if it begins with two dashes)",
			option->name);
	return ERR_INVALID;
}

static enum err
read_long(struct reader *reader, const char *text)
{
	const char *equals = strchr(text, '=');
	struct str name =
		equals ? str_make(text, (size_t)(equals - text)) : str_of(text);
	const struct option *option = find_option(reader->args->command, name);

	if (option == NULL)
		return refuse_unknown(reader, name);
	if (option->placeholder != NULL)
		return equals ? take(reader, option, equals + 1)
			      : take_next(reader, option);
	if (equals == NULL)
		return take(reader, option, "true");
	if (option->is_boolean)
		return take(reader, option, equals + 1);
	buf_printf(reader->why, "--%s takes no value", option->name);
	return ERR_INVALID;
}

static enum err
read_short(struct reader *reader, const char *text)
{
	const struct option *option =
		find_letter(reader->args->command, text[0]);

	if (option == NULL) {
		buf_printf(reader->why, "there is no option -%s", text);
		if (find_option(reader->args->command, str_of(text)))
			buf_printf(reader->why, "; did you mean --%s?", text);
		return ERR_INVALID;
	}
	if (option->placeholder == NULL && text[1] == '\0')
		return take(reader, option, "true");
	if (option->placeholder == NULL) {
		buf_printf(reader->why,
			"-%c takes no value; give short options one by one",
			text[0]);
		return ERR_INVALID;
	}
	return text[1] ? take(reader, option, text + 1)
		       : take_next(reader, option);
}

static enum err
read_all(struct reader *reader)
{
	struct args *args = reader->args;
	bool is_over = false;

	for (; reader->at < reader->argc; reader->at++) {
		const char *text = reader->argv[reader->at];
		enum err err = ERR_OK;

		if (is_over || text[0] != '-' || text[1] == '\0')
			args->operands[args->operand_count++] = text;
		else if (strcmp(text, "--") == 0)
			is_over = true;
		else if (text[1] == '-')
			err = read_long(reader, text + 2);
		else
			err = read_short(reader, text + 1);
		if (err != ERR_OK || args_is_true(args, "help"))
			return err;
	}
	return ERR_OK;
}

static enum err
count_operands(const struct args *args, struct buf *why)
{
	const struct command *command = args->command;
	size_t count = args->operand_count;

	if (count >= command->operands_min && count <= command->operands_max)
		return ERR_OK;
	if (count > command->operands_max && command->operands_max == 0)
		buf_printf(why, "\"%.80s\" is too much: %s takes no operands",
			args->operands[0], command->name);
	else if (count > command->operands_max)
		buf_printf(why, "\"%.80s\" is too much: expected %s",
			args->operands[command->operands_max],
			command->operands);
	else
		buf_printf(why, "something is missing: expected %s",
			command->operands);
	return ERR_INVALID;
}

enum err
args_read(struct args *args, const struct command *command, int argc,
	char **argv, struct buf *why)
{
	struct reader reader = {args, argc, argv, 0, why};
	enum err err;

	*args = (struct args){.command = command};
	if (argc > ARGS_MAX) {
		buf_printf(why, "more than %d arguments", ARGS_MAX);
		return ERR_INVALID;
	}
	args->given = arena_alloc_array(
		&args->arena, (size_t)argc + 1, sizeof(*args->given));
	args->operands = arena_alloc_array(
		&args->arena, (size_t)argc + 1, sizeof(*args->operands));
	err = read_all(&reader);
	if (err != ERR_OK || args_is_true(args, "help"))
		return err;
	return count_operands(args, why);
}

void
args_release(struct args *args)
{
	if (args == NULL)
		return;
	arena_release(&args->arena);
	*args = (struct args){0};
}

static const struct arg *
find_last(const struct args *args, const char *name)
{
	for (size_t i = args->given_count; i-- > 0;) {
		if (strcmp(args->given[i].option->name, name) == 0)
			return &args->given[i];
	}
	return NULL;
}

bool
args_is_given(const struct args *args, const char *name)
{
	return find_last(args, name) != NULL;
}

bool
args_is_true(const struct args *args, const char *name)
{
	const struct arg *arg = find_last(args, name);
	CLEANUP(buf_release) struct buf why = buf_make(0);
	bool value = false;

	return arg != NULL &&
	       setting_value_boolean(str_of(arg->value), &value, &why) ==
		       ERR_OK &&
	       value;
}

const char *
args_value(const struct args *args, const char *name)
{
	const struct arg *arg = find_last(args, name);
	const struct option *option;
	const char *value;

	if (arg != NULL)
		return arg->value;
	option = find_option(args->command, str_of(name));
	if (option == NULL)
		return NULL;
	value = option->environment ? getenv(option->environment) : NULL;
	return value && *value ? value : option->fallback;
}

const char *
args_next(const struct args *args, const char *name, size_t *at)
{
	while (*at < args->given_count) {
		const struct arg *arg = &args->given[(*at)++];

		if (strcmp(arg->option->name, name) == 0)
			return arg->value;
	}
	return NULL;
}

enum err
args_integer(const struct args *args, const char *name, int64_t minimum,
	int64_t maximum, int64_t *ret, struct buf *why)
{
	size_t before = why->len;
	enum err err;

	buf_printf(why, "--%s: ", name);
	err = setting_value_integer(
		str_of(args_value(args, name)), minimum, maximum, ret, why);
	if (err == ERR_OK)
		buf_truncate(why, before);
	return err;
}

enum err
args_duration(const struct args *args, const char *name, int64_t minimum,
	int64_t maximum, int64_t *ret, struct buf *why)
{
	size_t before = why->len;
	enum err err;

	buf_printf(why, "--%s: ", name);
	err = setting_value_duration(
		str_of(args_value(args, name)), minimum, maximum, ret, why);
	if (err == ERR_OK)
		buf_truncate(why, before);
	return err;
}
