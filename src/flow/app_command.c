#include "base/clock.h"
#include "flow/apps.h"
#include "flow/program.h"
#include "flow/service.h"

/* A program of this machine, if the connection allows it. */
enum { ARGUMENTS_MAX = 256, OUTPUT_DEFAULT = 1 << 20 };

static const struct module_field fields[] = {
	{.name = "program", .type = "text"}, {.name = "arguments"},
	{.name = "input"}, {.name = "timeout", .type = "uinteger"},
	{.name = "failOnExit", .type = "boolean"}, {.name = NULL}};

static bool
is_allowed(const struct module_call *call, struct str program)
{
	struct value programs =
		value_member(call->connection->members, STR("programs"));

	for (size_t i = 0;
		programs.kind == VALUE_ARRAY && i < programs.as.array.count;
		i++) {
		struct value allowed = programs.as.array.items[i];

		if (allowed.kind == VALUE_TEXT &&
			str_equal(allowed.as.text, program))
			return true;
	}
	return false;
}

static enum failure_kind
read_arguments(const struct module_call *call, struct str program,
	const char *const **ret, struct failure *failure)
{
	struct value arguments;
	const char **argv;
	enum failure_kind kind =
		service_json(call, "arguments", &arguments, failure);

	if (kind)
		return kind;
	if (!value_is_empty(arguments) && arguments.kind != VALUE_ARRAY)
		return failure_set(failure, call->arena, FAILURE_DATA,
			"arguments: expected an array, found %s",
			value_kind_name(arguments));
	arguments = value_to_array(arguments, call->arena);
	if (arguments.as.array.count > ARGUMENTS_MAX)
		return failure_set(failure, call->arena, FAILURE_DATA,
			"arguments: over %d", ARGUMENTS_MAX);
	argv = arena_alloc_array(
		call->arena, arguments.as.array.count + 2, sizeof(*argv));
	argv[0] = arena_copy(call->arena, program).ptr;
	for (size_t i = 0; i < arguments.as.array.count; i++) {
		struct str text = arena_copy(call->arena,
			service_value_text(call, arguments.as.array.items[i]));

		if (memchr(text.ptr, '\0', text.len))
			return failure_set(failure, call->arena, FAILURE_DATA,
				"arguments: a NUL is in number %zu", i + 1);
		argv[i + 1] = text.ptr;
	}
	*ret = argv;
	return FAILURE_NONE;
}

static bool
must_stop(void *context)
{
	return outgoing_is_interrupted(context);
}

static enum failure_kind
tell(const struct module_call *call, const struct program_end *end,
	struct failure *failure)
{
	struct value exits = value_member(call->input, STR("failOnExit"));

	switch (end->how) {
	case PROGRAM_UNKNOWN:
		return failure_set(failure, call->arena, FAILURE_CONFIGURATION,
			"the program could not be started: %.*s",
			STR_ARG(end->said));
	case PROGRAM_TIMED_OUT:
		return failure_set(failure, call->arena, FAILURE_MODULE_TIMEOUT,
			"the program took too long and was killed");
	case PROGRAM_STOPPED:
		return failure_set(failure, call->arena, FAILURE_INTERRUPTED,
			"the process is stopping");
	case PROGRAM_TOO_MUCH:
		return failure_set(failure, call->arena, FAILURE_MAX_FILE_SIZE,
			"the program wrote over %d bytes and was killed",
			OUTPUT_DEFAULT);
	case PROGRAM_KILLED:
		return failure_set(failure, call->arena, FAILURE_RUNTIME,
			"the program was ended by signal %d", end->code);
	case PROGRAM_ENDED: break;
	}
	if (end->code == 0 ||
		(!value_is_empty(exits) && !value_to_boolean(exits)))
		return FAILURE_NONE;
	return failure_set(failure, call->arena, FAILURE_RUNTIME,
		"the program ended with code %d: %.*s", end->code,
		STR_ARG(str_head(str_trim(end->errors), 300)));
}

static struct value
make_bundle(const struct module_call *call, const struct program_end *end)
{
	struct value_builder bundle = value_builder_make(call->arena);

	value_builder_set(&bundle, STR("exitCode"), value_number(end->code));
	value_builder_set(&bundle, STR("stdout"),
		value_from_text(end->output, call->arena));
	value_builder_set(&bundle, STR("stderr"),
		value_from_text(end->errors, call->arena));
	return value_builder_collection(&bundle);
}

static enum failure_kind
run_command(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	struct program program = {.timeout = call->timeout,
		.output_max = OUTPUT_DEFAULT,
		.must_stop = must_stop,
		.context = call->outgoing};
	struct program_end end;
	struct str name;
	int64_t seconds = 0;
	enum failure_kind kind = service_need_connection(call, failure);

	if (!kind)
		kind = service_need_text(call, "program", &name, failure);
	if (!kind && (!is_allowed(call, name) || name.ptr[0] != '/'))
		kind = failure_set(failure, call->arena, FAILURE_CONFIGURATION,
			"program: the connection does not allow it: a path "
			"that its programs have");
	if (!kind)
		kind = read_arguments(call, name, &program.argv, failure);
	if (!kind)
		kind = service_integer(call, "timeout", 0, &seconds, failure);
	if (kind)
		return kind;
	if (seconds && seconds * SECONDS < program.timeout)
		program.timeout = seconds * SECONDS;
	program.input = service_text(call, "input");
	program.directory =
		arena_copy(call->arena, service_secret(call, "directory")).ptr;
	program_run(&program, call->arena, &end);
	kind = tell(call, &end, failure);
	if (kind)
		failure->detail = make_bundle(call, &end);
	else
		module_result_one(call, result, make_bundle(call, &end));
	return kind;
}

const struct module_kind app_command[] = {
	{.name = "command:Run",
		.nature = MODULE_EFFECT,
		.connection = "command",
		.mapper = fields,
		.run = run_command},
	{.name = NULL},
};
