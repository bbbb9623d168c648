#include "runner_rig.h"

#include <sched.h>

struct rig rig;

static void
rig_respond(struct runner_reply *reply, const struct run_response *response)
{
	struct rig_order *waiting =
		CONTAINER_OF(reply, struct rig_order, reply);

	snprintf(waiting->body, sizeof(waiting->body), "%.*s",
		STR_ARG(response->body));
	atomic_store(&rig.order_of_answers[atomic_fetch_add(&rig.taken, 1)],
		(size_t)(waiting - rig.orders));
	atomic_fetch_add(&rig.answered, 1);
	atomic_store(&waiting->status, response->status);
}

void
rig_stored(void *context, enum err err, uint64_t execution)
{
	struct rig_order *waiting = context;

	atomic_store(&waiting->execution, execution);
	atomic_store(&waiting->err, (int)err);
}

void
rig_start(void)
{
	struct scenarios_options options = {
		.store = rig.world.store, .writer = rig.world.writer};
	struct buf why = {0};

	CHECK_OK(scenarios_open(&options, &rig.scenarios, &why));
	rig.usual.store = rig.world.store;
	rig.usual.writer = rig.world.writer;
	rig.usual.scenarios = rig.scenarios;
	rig.runner = runner_start(&rig.usual);
}

void
rig_begin(void)
{
	world_open(&rig.world, 0, 0);
	rig.usual = (struct runner_options){.threads = 4};
	rig_start();
}

void
rig_stop(void)
{
	runner_stop(rig.runner, 5 * SECONDS);
	runner_free(rig.runner);
	scenarios_close(rig.scenarios);
}

void
rig_end(void)
{
	rig_stop();
	world_close(&rig.world);
	arena_release(&rig.arena);
}

void
rig_restart(void)
{
	rig_stop();
	world_reopen(&rig.world);
	rig_start();
}

const struct scenario *
rig_import(const char *blueprint)
{
	struct scenario_draft draft = {.has_blueprint = true,
		.has_enabled = true,
		.is_enabled = true,
		.blueprint = str_of(blueprint)};
	struct scenario_problem problem = {0};
	struct buf text = {0};
	const struct scenario *ret;

	if (scenarios_create(
		    rig.scenarios, 1, &draft, &rig.arena, &ret, &problem)) {
		if (problem.problems)
			template_problem_append(&text, problem.problems);
		check_failed(__FILE__, __LINE__, "%s %s",
			buf_text(&problem.why), buf_text(&text));
	}
	return ret;
}

enum err
rig_order(const struct scenario *scenario, size_t number, const char *trigger)
{
	struct rig_order *waiting = &rig.orders[number];
	struct runner_order what = {.scenario = scenario,
		.trigger = str_of(trigger),
		.cause = "hook",
		.reply = &waiting->reply,
		.context = waiting,
		.stored = rig_stored};

	*waiting = (struct rig_order){.reply.respond = rig_respond};
	atomic_store(&waiting->err, -1);
	return runner_begin(rig.runner, &what);
}

void
rig_answer_is(size_t number, int status, const char *body)
{
	struct rig_order *waiting = &rig.orders[number];

	AWAIT(atomic_load(&waiting->status) != 0);
	CHECK_TEXT(waiting->body, body);
	CHECK_INT(atomic_load(&waiting->status), status);
}

struct execution_row
rig_execution_of(uint64_t sequence)
{
	struct execution_row row;

	CHECK_OK(store_execution(rig.world.store, sequence, &rig.arena, &row));
	return row;
}

uint64_t
rig_sequence_of(size_t number)
{
	AWAIT(atomic_load(&rig.orders[number].err) == ERR_OK);
	return atomic_load(&rig.orders[number].execution);
}

size_t
rig_steps_of(uint64_t sequence, struct step_list *list)
{
	struct step_query query = {.execution = sequence, .limit = 100};

	CHECK_OK(store_steps(rig.world.store, &query, &rig.arena, list));
	return list->count;
}
