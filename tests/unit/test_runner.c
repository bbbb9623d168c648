#include "flow/runner.h"

#include <sched.h>

#include "pipeline_world.h"

/* Executions on the real store: stored, run, answered, gone on with. */

static struct world world;
static struct scenarios *scenarios;
static struct runner *runner;
static struct arena arena;
static struct runner_options usual;

enum { ORDERS_MAX = 512 };
struct waiting {
	struct runner_reply reply;
	atomic_int status;
	char body[64];
	atomic_ullong execution;
	atomic_int err; /* -1: not told yet */
};
static struct waiting orders[ORDERS_MAX];
static atomic_size_t taken, answered;
static atomic_size_t order_of_answers[ORDERS_MAX];

static void
respond(struct runner_reply *reply, const struct run_response *response)
{
	struct waiting *waiting = CONTAINER_OF(reply, struct waiting, reply);

	snprintf(waiting->body, sizeof(waiting->body), "%.*s",
		STR_ARG(response->body));
	atomic_store(&order_of_answers[atomic_fetch_add(&taken, 1)],
		(size_t)(waiting - orders));
	atomic_fetch_add(&answered, 1);
	atomic_store(&waiting->status, response->status);
}

static void
stored(void *context, enum err err, uint64_t execution)
{
	struct waiting *waiting = context;

	atomic_store(&waiting->execution, execution);
	atomic_store(&waiting->err, (int)err);
}

static void
start(void)
{
	struct scenarios_options options = {
		.store = world.store, .writer = world.writer};
	struct buf why = {0};

	CHECK_OK(scenarios_open(&options, &scenarios, &why));
	usual.store = world.store;
	usual.writer = world.writer;
	usual.scenarios = scenarios;
	runner = runner_start(&usual);
}

static void
begin(void)
{
	world_open(&world, 0, 0);
	usual = (struct runner_options){.threads = 4};
	start();
}

static void
stop(void)
{
	runner_stop(runner, 5 * SECONDS);
	runner_free(runner);
	scenarios_close(scenarios);
}

static void
end(void)
{
	stop();
	world_close(&world);
	arena_release(&arena);
}

static void
restart(void)
{
	stop();
	world_reopen(&world);
	start();
}

static const struct scenario *
import(const char *blueprint)
{
	struct scenario_draft draft = {.has_blueprint = true,
		.has_enabled = true,
		.is_enabled = true,
		.blueprint = str_of(blueprint)};
	struct scenario_problem problem = {0};
	struct buf text = {0};
	const struct scenario *ret;

	if (scenarios_create(scenarios, 1, &draft, &arena, &ret, &problem)) {
		if (problem.problems)
			template_problem_append(&text, problem.problems);
		check_failed(__FILE__, __LINE__, "%s %s",
			buf_text(&problem.why), buf_text(&text));
	}
	return ret;
}

static enum err
order(const struct scenario *scenario, size_t number, const char *trigger)
{
	struct waiting *waiting = &orders[number];
	struct runner_order what = {.scenario = scenario,
		.trigger = str_of(trigger),
		.cause = "hook",
		.reply = &waiting->reply,
		.context = waiting,
		.stored = stored};

	*waiting = (struct waiting){.reply.respond = respond};
	atomic_store(&waiting->err, -1);
	return runner_begin(runner, &what);
}

static void
answer_is(size_t number, int status, const char *body)
{
	struct waiting *waiting = &orders[number];

	AWAIT(atomic_load(&waiting->status) != 0);
	CHECK_TEXT(waiting->body, body);
	CHECK_INT(atomic_load(&waiting->status), status);
}

static struct execution_row
execution_of(uint64_t sequence)
{
	struct execution_row row;

	CHECK_OK(store_execution(world.store, sequence, &arena, &row));
	return row;
}

#define state_of(sequence_) (execution_of(sequence_).state)

static uint64_t
sequence_of(size_t number)
{
	AWAIT(atomic_load(&orders[number].err) == ERR_OK);
	return atomic_load(&orders[number].execution);
}

static size_t
steps_of(uint64_t sequence, struct step_list *list)
{
	struct step_query query = {.execution = sequence, .limit = 100};

	CHECK_OK(store_steps(world.store, &query, &arena, list));
	return list->count;
}

#define HOOK "{\"id\":1,\"module\":\"gateway:CustomWebHook\"}"
#define MODULE(id_, name_, more_) \
	"{\"id\":" #id_ ",\"module\":\"" name_ "\"" more_ "}"
#define MAPPER(text_) ",\"mapper\":" text_
#define SCENARIO(settings_, rest_) \
	"{\"name\":\"n\",\"metadata\":{\"scenario\":{" settings_ \
	"}},\"flow\":[" HOOK "," rest_ "]}"
#define SAY(id_, body_) \
	MODULE(id_, "gateway:WebhookRespond", \
		MAPPER("{\"status\":\"200\",\"body\":\"" body_ "\"}"))
#define SET(id_, value_) \
	MODULE(id_, "util:SetVariable2", \
		MAPPER("{\"name\":\"v\",\"value\":\"" value_ "\"}"))
#define SLEEP(id_, seconds_) \
	MODULE(id_, "util:FunctionSleep", \
		MAPPER("{\"duration\":\"" seconds_ "\"}"))
/* Fails while the trigger says `bad`. */
#define PICKY(id_, more_) \
	MODULE(id_, "builtin:BasicRepeater", \
		MAPPER("{\"repeats\":\"{{if(1.bad; \\\"x\\\"; 1)}}\"}") more_)

TEST(runner, request_is_stored_run_and_answered)
{
	const struct scenario *scenario;
	struct step_list steps;
	struct execution_row row;
	struct runner_stats stats;

	begin();
	scenario = import(SCENARIO(
		"", SET(2, "{{upper(1.who)}}") "," SAY(3, "hi {{2.v}}")));
	CHECK_OK(order(scenario, 0, "{\"who\":\"you\"}"));
	answer_is(0, 200, "hi YOU");
	AWAIT(state_of(sequence_of(0)) == EXECUTION_SUCCESS);
	row = execution_of(sequence_of(0));
	CHECK_INT(row.operations, 3);
	CHECK_INT(row.attempts, 1);
	CHECK_STR(row.cause, STR("hook"));
	CHECK(row.started && row.ended >= row.started);
	CHECK_INT(steps_of(row.sequence, &steps), 2);
	CHECK_INT(steps.rows[0].module, 2);
	CHECK_STR(steps.rows[0].output, STR("[{\"v\":\"YOU\"}]"));
	AWAIT((runner_stats(runner, &stats), stats.running == 0));
	CHECK_INT(stats.succeeded, 1);
	CHECK_INT(stats.waiting, 0);
	runner_expect_one(runner, scenario->id);
	CHECK(runner_take_expected(runner, scenario->id));
	CHECK(!runner_take_expected(runner, scenario->id));
	scenario_unref(scenario);
	end();
}

TEST(runner, scenario_that_does_not_answer_has_accepted)
{
	const struct scenario *scenario, *failing;

	begin();
	scenario = import(SCENARIO("", SET(2, "x")));
	failing = import(SCENARIO("", PICKY(2, "")));
	CHECK_OK(order(scenario, 0, "{}"));
	CHECK_OK(order(failing, 1, "{\"bad\":true}"));
	answer_is(0, 200, "Accepted");
	answer_is(1, 500, "Scenario failed to complete.");
	scenario_unref(scenario);
	scenario_unref(failing);
	end();
}

TEST(runner, sequential_scenario_keeps_the_order)
{
	const struct scenario *scenario;
	char trigger[32];

	begin();
	scenario =
		import(SCENARIO("\"sequential\":true", SAY(2, "{{1.number}}")));
	for (size_t i = 0; i < 200; i++) {
		snprintf(trigger, sizeof(trigger), "{\"number\":%zu}", i);
		CHECK_OK(order(scenario, i, trigger));
	}
	AWAIT(atomic_load(&answered) == 200);
	for (size_t i = 0; i < 200; i++)
		CHECK_INT(atomic_load(&order_of_answers[i]), i);
	scenario_unref(scenario);
	end();
}

TEST(runner, full_queue_refuses)
{
	const struct scenario *scenario;
	struct gate gate;

	begin();
	stop();
	usual.queue_max = 3;
	start();
	scenario = import(SCENARIO("", SAY(2, "ok")));
	gate_close(&gate, world.writer);
	for (size_t i = 0; i < 3; i++)
		CHECK_OK(order(scenario, i, "{}"));
	CHECK_INT(order(scenario, 3, "{}"), ERR_LIMIT);
	gate_open(&gate);
	for (size_t i = 0; i < 3; i++)
		answer_is(i, 200, "ok");
	AWAIT(order(scenario, 4, "{}") == ERR_OK);
	answer_is(4, 200, "ok");
	scenario_unref(scenario);
	end();
}

TEST(runner, more_than_memory_holds_is_read_from_the_store)
{
	const struct scenario *scenario;
	char trigger[32];

	begin();
	stop();
	usual.bytes_max = 40;
	start();
	scenario =
		import(SCENARIO("\"sequential\":true", SAY(2, "{{1.number}}")));
	for (size_t i = 0; i < 500; i++) {
		snprintf(trigger, sizeof(trigger), "{\"number\":%zu}", i);
		CHECK_OK(order(scenario, i, trigger));
	}
	AWAIT(atomic_load(&answered) == 500);
	for (size_t i = 0; i < 500; i++)
		CHECK_INT(atomic_load(&order_of_answers[i]), i);
	scenario_unref(scenario);
	end();
}

TEST(runner, several_scenarios_run_in_parallel)
{
	const struct scenario *slow, *quick;

	begin();
	slow = import(SCENARIO("", SLEEP(2, "60")));
	quick = import(SCENARIO("", SAY(2, "quick")));
	CHECK_OK(order(slow, 0, "{}"));
	CHECK_OK(order(slow, 1, "{}"));
	CHECK_OK(order(quick, 2, "{}"));
	answer_is(2, 200, "quick");
	CHECK_INT(atomic_load(&orders[0].status), 0);
	scenario_unref(slow);
	scenario_unref(quick);
	end();
}

TEST(runner, stop_interrupts_a_sleep_and_the_next_start_goes_on)
{
	const struct scenario *scenario;
	struct scenario_change change = {.workspace = 1};
	struct scenario_draft draft = {.has_blueprint = true};
	struct scenario_problem problem = {0};
	struct step_list steps;
	uint64_t sequence;

	begin();
	scenario =
		import(SCENARIO("", SET(2, "{{uuid}}") "," SLEEP(3,
					    "{{1.wait}}") "," SAY(4, "done")));
	CHECK_OK(order(scenario, 0, "{\"wait\":3}"));
	sequence = sequence_of(0);
	/* The version that it began with is the one it ends with. */
	change.id = scenario->id;
	change.draft = &draft;
	draft.blueprint = STR(SCENARIO("", SAY(2, "another")));
	scenario_unref(scenario);
	CHECK_OK(scenarios_change(
		scenarios, &change, &arena, &scenario, &problem));
	restart();
	answer_is(0, 200, "Accepted");
	AWAIT(state_of(sequence) == EXECUTION_SUCCESS);
	CHECK_INT(steps_of(sequence, &steps), 3);
	scenario_unref(scenario);
	end();
}

TEST(runner, what_was_queued_is_run_after_a_start)
{
	const struct scenario *scenario;
	uint64_t last;

	begin();
	scenario = import(SCENARIO("\"sequential\":true",
		SLEEP(2, "{{1.wait}}") "," SAY(3, "ok")));
	CHECK_OK(order(scenario, 0, "{\"wait\":2}"));
	for (size_t i = 1; i < 20; i++)
		CHECK_OK(order(scenario, i, "{\"wait\":0}"));
	last = sequence_of(19);
	restart();
	AWAIT(state_of(last) == EXECUTION_SUCCESS);
	for (uint64_t i = last - 19; i <= last; i++)
		CHECK_INT(state_of(i), EXECUTION_SUCCESS);
	scenario_unref(scenario);
	end();
}

TEST(runner, kept_failure_is_retried_or_dropped_by_hand)
{
	const struct scenario *scenario;
	uint64_t first, second;

	begin();
	scenario =
		import(SCENARIO("\"dlq\":true", SET(2, "x") "," PICKY(3, "")));
	CHECK_OK(order(scenario, 0, "{\"bad\":true}"));
	CHECK_OK(order(scenario, 1, "{\"bad\":true}"));
	first = sequence_of(0);
	second = sequence_of(1);
	AWAIT(state_of(first) == EXECUTION_INCOMPLETE);
	AWAIT(state_of(second) == EXECUTION_INCOMPLETE);
	CHECK_INT(execution_of(first).failed_step, 2);
	/* Bad data gets no better by itself. */
	CHECK_INT(execution_of(first).due, 0);
	CHECK_OK(runner_retry(runner, first));
	AWAIT(execution_of(first).attempts == 2);
	AWAIT(state_of(first) == EXECUTION_INCOMPLETE);
	CHECK_OK(runner_drop(runner, second));
	CHECK_INT(state_of(second), EXECUTION_DROPPED);
	CHECK_INT(runner_retry(runner, second), ERR_CONFLICT);
	CHECK_INT(runner_drop(runner, second), ERR_CONFLICT);
	CHECK_INT(runner_drop(runner, 99), ERR_NOT_FOUND);
	scenario_unref(scenario);
	end();
}

TEST(runner, sequential_scenario_waits_for_what_failed)
{
	const struct scenario *scenario;
	uint64_t first;

	begin();
	scenario = import(SCENARIO("\"dlq\":true,\"sequential\":true",
		SET(2, "x") "," PICKY(3, "") "," SAY(4, "ok")));
	CHECK_OK(order(scenario, 0, "{\"bad\":true}"));
	first = sequence_of(0);
	AWAIT(state_of(first) == EXECUTION_INCOMPLETE);
	CHECK_OK(order(scenario, 1, "{}"));
	CHECK_OK(runner_retry(runner, first));
	AWAIT(execution_of(first).attempts == 2);
	CHECK_INT(state_of(sequence_of(1)), EXECUTION_QUEUED);
	restart();
	CHECK_INT(state_of(sequence_of(1)), EXECUTION_QUEUED);
	CHECK_OK(runner_drop(runner, first));
	AWAIT(state_of(sequence_of(1)) == EXECUTION_SUCCESS);
	scenario_unref(scenario);
	end();
}

static const char breaking[] = SCENARIO("\"dlq\":true",
	MODULE(2, "builtin:BasicFeeder",
		MAPPER("{\"array\":\"{{1.a}}\"}")) "," MODULE(3,
		"builtin:BasicRepeater",
		MAPPER("{\"repeats\":\"{{if(2.value = 0; \\\"x\\\"; 1)}}\"}") ",\"onerror\":[" MODULE(
			5, "builtin:Break",
			MAPPER("{\"retry\":true,\"count\":\"2\","
			       "\"interval\":\"7\"}")) "]") "," SAY(4,
		"{{2.value}}"));

TEST(runner, break_puts_aside_what_is_tried_again)
{
	const struct scenario *scenario;
	struct execution_row row;
	struct step_list steps;
	uint64_t first, aside;

	begin();
	scenario = import(breaking);
	CHECK_OK(order(scenario, 0, "{\"a\":[1,0,2]}"));
	answer_is(0, 200, "1");
	first = sequence_of(0);
	AWAIT(state_of(first) == EXECUTION_WARNING);
	aside = first + 1;
	row = execution_of(aside);
	CHECK_INT(row.state, EXECUTION_INCOMPLETE);
	CHECK_STR(row.cause, STR("break"));
	CHECK_INT(row.retries, 2);
	CHECK(row.due > clock_now() + 6 * MINUTES);
	CHECK(steps_of(aside, &steps) == row.failed_step);
	CHECK_OK(runner_retry(runner, aside));
	AWAIT(execution_of(aside).attempts == 1);
	row = execution_of(aside);
	CHECK_INT(row.state, EXECUTION_INCOMPLETE);
	CHECK(row.due > clock_now() + 6 * MINUTES);
	/* No more than it was given. */
	CHECK_OK(runner_retry(runner, aside));
	AWAIT(execution_of(aside).attempts == 2);
	CHECK_INT(execution_of(aside).due, 0);
	scenario_unref(scenario);
	end();
}

TEST(runner, scenario_that_fails_again_and_again_is_switched_off)
{
	const struct scenario *scenario, *now;

	begin();
	scenario = import(SCENARIO("\"maxErrors\":2", PICKY(2, "")));
	CHECK_OK(order(scenario, 0, "{\"bad\":true}"));
	answer_is(0, 500, "Scenario failed to complete.");
	now = scenarios_get(scenarios, 1, scenario->id);
	CHECK(now->is_enabled);
	scenario_unref(now);
	CHECK_OK(order(scenario, 1, "{\"bad\":true}"));
	answer_is(1, 500, "Scenario failed to complete.");
	AWAIT((now = scenarios_get(scenarios, 1, scenario->id),
		scenario_unref(now), now != scenario));
	now = scenarios_get(scenarios, 1, scenario->id);
	CHECK(!now->is_enabled);
	CHECK(str_starts_with(now->status_reason, STR("2 executions")));
	scenario_unref(now);
	scenario_unref(scenario);
	end();
}

TEST(runner, removed_scenario_runs_no_more)
{
	const struct scenario *scenario;
	struct gate gate;

	begin();
	scenario = import(SCENARIO("\"sequential\":true", SAY(2, "ok")));
	gate_close(&gate, world.writer);
	for (size_t i = 0; i < 50; i++)
		CHECK_OK(order(scenario, i, "{}"));
	gate_open(&gate);
	CHECK_OK(scenarios_remove(scenarios, 1, scenario->id));
	AWAIT(state_of(sequence_of(49)) != EXECUTION_QUEUED);
	scenario_unref(scenario);
	end();
}
