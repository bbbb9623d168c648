#include "hook_world.h"

#include "base/clock.h"
#include "check.h"
#include "store_double.h"

struct hook_world hook_world;

static enum err
begin(struct runner *runner, const struct runner_order *order)
{
	(void)runner;
	if (hook_world.runner)
		return runner_begin(hook_world.runner, order);
	if (hook_world.begin_error)
		return hook_world.begin_error;
	hook_world.begun++;
	hook_world.order = *order;
	hook_world.trigger = arena_copy(&hook_world.arena, order->trigger);
	sem_post(&hook_world.has_begun);
	if (!hook_world.waits_for_store)
		order->stored(order->context, hook_world.store_error,
			hook_world.begun);
	return ERR_OK;
}

static bool
take_expected(struct runner *runner, struct uuid scenario)
{
	bool is_expected = hook_world.expects_one;

	(void)runner;
	if (hook_world.runner)
		return runner_take_expected(hook_world.runner, scenario);
	hook_world.expects_one = false;
	return is_expected;
}

static void
open_hooks(void)
{
	struct hooks_options options = {.store = hook_world.store,
		.writer = hook_world.writer,
		.key = &hook_world.key,
		.scenarios = hook_world.scenarios,
		.begin = begin,
		.take_expected = take_expected,
		.hooks_max = 5};
	CLEANUP(buf_release) struct buf why = {0};

	CHECK_OK(hooks_open(&options, &hook_world.hooks, &why));
}

void
hook_world_open(void)
{
	struct writer_options writer = {0};
	struct scenarios_options scenarios = {0};
	CLEANUP(buf_release) struct buf why = {0};

	hook_world = (struct hook_world){
		.directory = check_temp_dir(), .key = {{7}}};
	sem_init(&hook_world.has_begun, 0, 0);
	sem_init(&hook_world.has_answered, 0, 0);
	hook_world.store = test_store_open(hook_world.directory);
	writer.store = scenarios.store = hook_world.store;
	hook_world.writer = scenarios.writer = writer_start(&writer);
	CHECK_OK(scenarios_open(&scenarios, &hook_world.scenarios, &why));
	open_hooks();
}

void
hook_world_reopen(void)
{
	hooks_close(hook_world.hooks);
	open_hooks();
}

void
hook_world_start_runner(void)
{
	static const struct address_policy policy;
	struct runner_options options = {.store = hook_world.store,
		.writer = hook_world.writer,
		.scenarios = hook_world.scenarios,
		.key = &hook_world.key,
		.http = {.policy = &policy, .user_agent = "test"},
		.threads = 2,
		.reply_timeout = 20 * SECONDS};

	hook_world.runner = runner_start(&options);
}

void
hook_world_close(void)
{
	runner_stop(hook_world.runner, 5 * SECONDS);
	hooks_close(hook_world.hooks);
	scenarios_close(hook_world.scenarios);
	writer_stop(hook_world.writer);
	store_close(hook_world.store);
	arena_release(&hook_world.arena);
}

#define HOOK "{\"id\":1,\"module\":\"gateway:CustomWebHook\",\"mapper\":{}}"

struct str
hook_world_scenario(bool responds, bool is_enabled)
{
	struct scenario_draft draft = {.has_blueprint = true,
		.blueprint =
			responds ? STR("{\"name\":\"n\",\"flow\":[" HOOK
				       ",{\"id\":2,\"module\":"
				       "\"gateway:WebhookRespond\","
				       "\"mapper\":{\"status\":\"201\","
				       "\"body\":\"got {{1.a}}\"}}]}")
				 : STR("{\"name\":\"n\",\"flow\":[" HOOK "]}"),
		.has_enabled = true,
		.is_enabled = is_enabled};
	struct scenario_problem problem = {0};
	const struct scenario *scenario;
	char text[UUID_TEXT_SIZE];

	if (scenarios_create(hook_world.scenarios, 1, &draft, &hook_world.arena,
		    &scenario, &problem))
		check_failed(__FILE__, __LINE__, "%s", buf_text(&problem.why));
	uuid_format(scenario->id, text);
	scenario_unref(scenario);
	return arena_copy(&hook_world.arena, str_of(text));
}

const struct hook *
hook_world_hook(const char *members)
{
	struct webhook_issues issues = {.arena = &hook_world.arena};
	struct hook_options options;
	const struct hook *hook;
	struct json_doc doc;

	CHECK_OK(json_read(
		arena_printf(&hook_world.arena, "{\"name\":\"h\"%s%s}",
			*members ? "," : "", members),
		&hook_world.arena, &doc, NULL));
	hook_options_init(&options);
	hook_options_read(json_root(&doc), &options, &issues);
	hook_options_check(&options, &issues);
	if (issues.count > 0)
		check_failed(__FILE__, __LINE__, "%s: %.*s", members,
			STR_ARG(issues.rows[0].sentence));
	CHECK_OK(hooks_create(hook_world.hooks, 1, &options, &hook));
	return hook;
}

static void
answer(struct hook_waiter *waiter, const struct hook_answer *what)
{
	struct arena *arena = &hook_world.arena;

	(void)waiter;
	hook_world.answers++;
	hook_world.answer = *what;
	hook_world.answer.content_type = arena_copy(arena, what->content_type);
	hook_world.answer.body = arena_copy(arena, what->body);
	for (size_t i = 0; i < what->field_count; i++)
		hook_world.answer.fields[i] = (struct inbound_field){
			arena_copy(arena, what->fields[i].name),
			arena_copy(arena, what->fields[i].value)};
	sem_post(&hook_world.has_answered);
}

int
hook_world_send(const struct hook *hook, const char *method,
	const char *headers, const char *body)
{
	static struct hook_waiter waiter = {answer};
	CLEANUP(arena_release) struct arena arena = {0};
	struct inbound_field *fields =
		arena_alloc_array(&arena, 32, sizeof(*fields));
	struct hook_arrival arrival = {
		.token = hook ? hook->token : STR("unknown"),
		.request = {.method = str_of(method),
			.headers = fields,
			.body = str_of(body),
			.now = clock_now()},
		.peer = STR("192.0.2.1"),
		.waiter = &waiter};
	struct str rest = str_of(headers);

	while (rest.len > 0) {
		struct str line = str_split(&rest, '\n');
		struct inbound_field *field =
			&fields[arrival.request.header_count++];

		field->name = str_split(&line, ':');
		field->value = str_trim(line);
	}
	hook_world.answer = (struct hook_answer){0};
	hook_receive(hook_world.hooks, &arrival, &arena);
	/* A real runner answers from its own threads. */
	return hook_world.runner ? 0 : hook_world.answer.status;
}

void
hook_world_stored(enum err err)
{
	hook_world.order.stored(hook_world.order.context, err, 1);
}
