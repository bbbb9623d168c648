#include "run_world.h"

#include "base/clock.h"
#include "pipeline/writer.h"
#include "store_double.h"

struct run_world run_world;

static struct step_row
copy_step(const struct step_row *row)
{
	struct step_row copy = *row;

	copy.failure = arena_copy(&run_world.arena, row->failure);
	copy.message = arena_copy(&run_world.arena, row->message);
	copy.input = arena_copy(&run_world.arena, row->input);
	copy.output = arena_copy(&run_world.arena, row->output);
	copy.trace = arena_copy(&run_world.arena, row->trace);
	return copy;
}

static void
keep(const struct step_row *steps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		CHECK(run_world.step_count < RUN_WORLD_STEPS_MAX);
		run_world.steps[run_world.step_count++] = copy_step(&steps[i]);
	}
}

static enum err
save(void *context, const struct step_row *steps, size_t count)
{
	(void)context;
	keep(steps, count);
	return ERR_OK;
}

static enum err
put_aside(void *context, const struct run_aside *what)
{
	(void)context;
	keep(what->steps, what->step_count);
	return ERR_OK;
}

static void
respond(void *context, const struct run_response *response)
{
	(void)context;
	(void)response;
}

static const struct connection *
find_connection(void *context, struct str id, struct arena *arena)
{
	(void)context;
	(void)arena;
	for (size_t i = 0; i < run_world.connection_count; i++) {
		if (str_equal(run_world.connections[i].id, id))
			return &run_world.connections[i];
	}
	return NULL;
}

void
run_world_begin(void)
{
	run_world = (struct run_world){.host = {.save = save,
					       .put_aside = put_aside,
					       .connection = find_connection,
					       .respond = respond},
		.execution = {.sequence = 5,
			.workspace = WORKSPACE_DEFAULT,
			.scenario = STR("s"),
			.created = clock_now()}};
}

void
run_world_end(void)
{
	outgoing_free(run_world.host.outgoing);
	if (run_world.host.writer)
		writer_stop(run_world.host.writer);
	if (run_world.host.store)
		store_close(run_world.host.store);
	arena_release(&run_world.arena);
}

void
run_world_open_store(void)
{
	struct writer_options options = {0};

	run_world.host.store = options.store =
		test_store_open(check_temp_dir());
	run_world.host.writer = writer_start(&options);
}

void
run_world_open_way_out(void)
{
	struct http_client_options options = {
		.policy = &run_world.policy, .user_agent = "test"};

	CHECK_OK(address_network_parse(
		STR("127.0.0.0/8"), &run_world.policy.allowed[0], NULL));
	run_world.policy.allowed_count = 1;
	run_world.policy.allow_http = true;
	run_world.host.outgoing = outgoing_new(&options);
}

void
run_world_connect(const char *id, const char *type, const char *members)
{
	struct connection *connection =
		&run_world.connections[run_world.connection_count++];
	struct json_doc doc;
	struct buf why = {0};

	CHECK(run_world.connection_count <= RUN_WORLD_CONNECTIONS_MAX);
	CHECK_OK(json_read(str_of(members), &run_world.arena, &doc, &why));
	*connection = (struct connection){
		.id = str_of(id), .name = str_of(id), .type = str_of(type)};
	CHECK_OK(value_from_json(json_root(&doc), VALUE_JSON_PLAIN,
		&run_world.arena, &connection->members));
}

static void
run_with(const char *text, const struct step_row *steps, size_t count)
{
	const struct template_problem *problems = NULL;
	const struct blueprint *blueprint = NULL;
	struct run_options options = {.host = &run_world.host,
		.execution = &run_world.execution,
		.scenario_name = STR("n"),
		.steps = steps,
		.step_count = count,
		.timeout = run_world.run_timeout,
		.step_timeout = run_world.step_timeout};
	struct buf wrong = {0};

	run_world.step_count = 0;
	(void)!blueprint_read(
		str_of(text), &run_world.arena, &blueprint, &problems);
	for (; problems; problems = problems->next)
		if (problems->is_error)
			template_problem_append(&wrong, problems);
	if (wrong.len)
		check_failed(__FILE__, __LINE__, "%s", buf_text(&wrong));
	buf_release(&wrong);
	options.blueprint = blueprint;
	run_execute(&options, &run_world.arena, &run_world.outcome);
	keep(run_world.outcome.steps, run_world.outcome.step_count);
}

void
run_world_run(const char *text, const char *bundle)
{
	run_world.execution.sequence++;
	run_world.execution.trigger = str_of(bundle);
	run_with(text, NULL, 0);
}

void
run_world_resume(const char *text, size_t steps)
{
	struct step_row *stored =
		arena_alloc_array(&run_world.arena, steps + 1, sizeof(*stored));

	memcpy(stored, run_world.steps, steps * sizeof(*stored));
	run_with(text, stored, steps);
}

struct str
run_world_call(const char *module, const char *parameters, const char *mapper,
	const char *bundle)
{
	struct str text = arena_printf(&run_world.arena,
		"{\"name\":\"n\",\"flow\":[{\"id\":1,\"module\":"
		"\"gateway:CustomWebHook\",\"mapper\":{}},{\"id\":2,"
		"\"module\":\"%s\",\"parameters\":%s,\"mapper\":%s}]}",
		module, parameters, mapper);

	run_world_run(text.ptr, bundle);
	for (size_t i = 0; i < run_world.step_count; i++) {
		const struct step_row *step = &run_world.steps[i];

		if (step->module != 2)
			continue;
		if (step->failure.len == 0)
			return step->output;
		return arena_printf(&run_world.arena, "%.*s: %.*s",
			STR_ARG(step->failure), STR_ARG(step->message));
	}
	return STR("(no step)");
}
