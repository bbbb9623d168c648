#include "flow/run.h"

#include "base/clock.h"
#include "check.h"

/*
 * Runs of scenarios, told by what their variables and answers come to. The
 * host is a double that keeps steps in memory and can refuse them.
 */
static struct arena arena;
static struct step_row kept[512];
static size_t kept_count;
static size_t saves, saves_allowed;
static struct run_aside aside;
static size_t asides;
static struct buf answers;
static struct run_outcome outcome;
static struct execution_row execution;
static bool is_aside;
static bool keeps_nothing;

static struct step_row
copy_step(const struct step_row *row)
{
	struct step_row copy = *row;

	copy.failure = arena_copy(&arena, row->failure);
	copy.message = arena_copy(&arena, row->message);
	copy.input = arena_copy(&arena, row->input);
	copy.output = arena_copy(&arena, row->output);
	return copy;
}

static void
keep(const struct step_row *steps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t at = 0;

		if (keeps_nothing)
			break;
		while (at < kept_count && kept[at].ordinal != steps[i].ordinal)
			at++;
		CHECK(at < COUNT_OF(kept));
		kept[at] = copy_step(&steps[i]);
		kept_count += at == kept_count;
	}
}

static enum err
save(void *context, const struct step_row *steps, size_t count)
{
	(void)context;
	if (saves++ >= saves_allowed)
		return ERR_IO;
	keep(steps, count);
	return ERR_OK;
}

static enum err
put_aside(void *context, const struct run_aside *what)
{
	(void)context;
	aside = *what;
	asides++;
	keep(what->steps, what->step_count);
	return ERR_OK;
}

static void
respond(void *context, const struct run_response *response)
{
	(void)context;
	buf_printf(&answers, "%d %.*s\n", response->status,
		STR_ARG(response->body));
}

static const struct run_host host = {
	.save = save, .put_aside = put_aside, .respond = respond};

static void
begin(void)
{
	kept_count = saves = asides = 0;
	saves_allowed = SIZE_MAX;
	buf_clear(&answers);
	is_aside = keeps_nothing = false;
	execution = (struct execution_row){.sequence = 5,
		.workspace = 1,
		.scenario = STR("s"),
		.created = clock_now(),
		.trigger = STR("{}")};
}

static void
end(void)
{
	buf_release(&answers);
	arena_release(&arena);
}

static void
run_text(const char *json)
{
	const struct template_problem *problems = NULL;
	const struct blueprint *blueprint = NULL;
	struct run_options options = {.host = &host,
		.execution = &execution,
		.scenario_name = STR("n"),
		.steps = kept,
		.step_count = kept_count,
		.is_aside = is_aside};
	struct buf text = {0};

	(void)!blueprint_read(str_of(json), &arena, &blueprint, &problems);
	for (; problems; problems = problems->next)
		if (problems->is_error)
			template_problem_append(&text, problems);
	if (text.len)
		check_failed(__FILE__, __LINE__, "%s", buf_text(&text));
	buf_release(&text);
	options.blueprint = blueprint;
	run_execute(&options, &arena, &outcome);
	keep(outcome.steps, outcome.step_count);
}

#define HOOK "{\"id\":1,\"module\":\"gateway:CustomWebHook\",\"mapper\":{}}"
#define SCENARIO(rest_) "{\"name\":\"n\",\"flow\":[" HOOK "," rest_ "]}"
#define KEEPING(rest_) \
	"{\"name\":\"n\",\"metadata\":{\"scenario\":{\"dlq\":true}}," \
	"\"flow\":[" HOOK "," rest_ "]}"
#define MODULE(id_, name_, more_) \
	"{\"id\":" #id_ ",\"module\":\"" name_ "\"" more_ "}"
#define MAPPER(text_) ",\"mapper\":" text_
#define SAY(id_, body_) \
	MODULE(id_, "gateway:WebhookRespond", \
		MAPPER("{\"status\":\"200\",\"body\":\"" body_ "\"}"))
#define EACH(id_, array_) \
	MODULE(id_, "builtin:BasicFeeder", MAPPER("{\"array\":\"" array_ "\"}"))
/* A module that fails while the trigger says `bad`. */
#define PICKY(id_, more_) \
	MODULE(id_, "builtin:BasicRepeater", \
		MAPPER("{\"repeats\":\"{{if(1.bad; \\\"x\\\"; 1)}}\"}") more_)

static void
expect(const char *expected, enum execution_state state)
{
	CHECK_STR(buf_str(&answers), str_of(expected));
	CHECK_STR(str_of(execution_state_name(outcome.state)),
		str_of(execution_state_name(state)));
}

TEST(run, bundle_of_the_hook_reaches_the_answer)
{
	begin();
	execution.trigger = STR("{\"who\":\"you\"}");
	run_text(SCENARIO(SAY(2, "hello {{1.who}}")));
	expect("200 hello you\n", EXECUTION_SUCCESS);
	CHECK_INT(outcome.operations, 2);
	end();
}

TEST(run, bundles_go_depth_first)
{
	begin();
	execution.trigger = STR("{\"a\":[\"x\",\"y\"],\"b\":[1,2]}");
	run_text(SCENARIO(EACH(2, "{{1.a}}") "," EACH(3, "{{1.b}}") "," SAY(4,
		"{{2.value}}{{3.value}} {{2.`__IMTINDEX__`}}/"
		"{{2.`__IMTLENGTH__`}}")));
	expect("200 x1 1/2\n200 x2 1/2\n200 y1 2/2\n200 y2 2/2\n",
		EXECUTION_SUCCESS);
	end();
}

#define ROUTE(filter_, rest_) "{\"flow\":[" rest_ "]}"
#define ONLY(path_, value_) \
	",\"filter\":{\"conditions\":[[{\"a\":\"{{" path_ \
	"}}\",\"o\":\"text:equal\",\"b\":\"" value_ "\"}]]}"
#define SAY_IF(id_, body_, filter_) \
	MODULE(id_, "gateway:WebhookRespond", \
		MAPPER("{\"status\":\"200\",\"body\":\"" body_ "\"}") filter_)

static const char router[] = SCENARIO(MODULE(2, "builtin:BasicRouter",
	",\"parameters\":{\"else\":0},\"routes\":["
	"{\"flow\":[" SAY(3,
		"else") "]},"
			"{\"flow\":[" SAY_IF(4, "a",
				ONLY("1.x",
					"a")) "]},"
					      "{\"disabled\":true,\"flow\":[" SAY(
						      5,
						      "never") "]},"
							       "{\"flow\":[]},"
							       "{\"flow\":[" SAY_IF(
								       6,
								       "also a",
								       ONLY("1.x",
									       "a")) "]}]"));

TEST(run, router_takes_every_route_that_lets_in_else_the_fallback)
{
	begin();
	execution.trigger = STR("{\"x\":\"a\"}");
	run_text(router);
	expect("200 a\n200 also a\n", EXECUTION_SUCCESS);
	buf_clear(&answers);
	kept_count = 0;
	execution.trigger = STR("{\"x\":\"b\"}");
	run_text(router);
	expect("200 else\n", EXECUTION_SUCCESS);
	end();
}

TEST(run, filter_that_blocks_ends_the_path_quietly)
{
	begin();
	execution.trigger = STR("{\"a\":[\"x\",\"y\",\"x\"]}");
	run_text(SCENARIO(EACH(2, "{{1.a}}") "," SAY_IF(
		3, "{{2.value}}", ONLY("2.value", "x"))));
	expect("200 x\n200 x\n", EXECUTION_SUCCESS);
	end();
}

static const char aggregate[] =
	SCENARIO(EACH(2, "{{1.tags}}") "," MODULE(3, "util:TextAggregator",
		",\"parameters\":{\"feeder\":2,\"rowSeparator\":\"other\","
		"\"otherRowSeparator\":\"; \"}" MAPPER(
			"{\"value\":\"{{2.name}}/{{2.value}}\"}")) "," SAY(4,
		"[{{3.text}}]{{2.name}}"));

TEST(run, text_aggregator_joins_and_hides_what_it_collected)
{
	begin();
	execution.trigger = STR("{\"tags\":[{\"name\":\"a\",\"value\":1},"
				"{\"name\":\"b\",\"value\":2}]}");
	run_text(aggregate);
	expect("200 [a/1; b/2]\n", EXECUTION_SUCCESS);
	end();
}

TEST(run, aggregator_of_nothing_gives_its_empty_result)
{
	begin();
	run_text(aggregate);
	expect("200 []\n", EXECUTION_SUCCESS);
	end();
}

TEST(run, groups_come_in_the_order_of_their_first_item)
{
	begin();
	execution.trigger =
		STR("{\"a\":[{\"g\":\"x\",\"n\":1},"
		    "{\"g\":\"y\",\"n\":2},{\"g\":\"x\",\"n\":4}]}");
	run_text(SCENARIO(EACH(2, "{{1.a}}") "," MODULE(3,
		"util:FunctionAggregator2",
		",\"parameters\":{\"feeder\":2,\"fn\":\"sum\"},\"flags\":"
		"{\"groupBy\":\"{{2.g}}\"}" MAPPER(
			"{\"value\":\"{{2.n}}\"}")) "," SAY(4,
		"{{3.`__IMTKEY__`}}={{3.result}}")));
	expect("200 x=5\n200 y=2\n", EXECUTION_SUCCESS);
	end();
}

TEST(run, aggregator_in_a_route_collects_for_its_feeder_before_the_router)
{
	begin();
	execution.trigger = STR("{\"a\":[1,2,3]}");
	run_text(SCENARIO(EACH(2, "{{1.a}}") "," MODULE(3,
		"builtin:BasicRouter",
		",\"routes\":[{\"flow\":[" MODULE(4, "builtin:BasicAggregator",
			",\"parameters\":{\"feeder\":2}" MAPPER(
				"{\"v\":\"{{2.value}}\"}")) "," SAY(5,
			"{{length(4.array)}}: {{4.array[3].v}}") "]}]")));
	expect("200 3: 3\n", EXECUTION_SUCCESS);
	end();
}

TEST(run, variables_reach_from_route_to_route)
{
	begin();
	run_text(SCENARIO(MODULE(2, "builtin:BasicRouter",
		",\"routes\":[{\"flow\":[" MODULE(3, "util:SetVariables",
			MAPPER("{\"variables\":[{\"name\":\"a\",\"value\":"
			       "\"{{1+1}}\"}],\"scope\":\"roundtrip\"}")) "]},"
									  "{\"flow\":[" MODULE(
										  4,
										  "util:GetVariable2",
										  MAPPER("{\"name\":\"a\"}")) "," SAY(5,
										  "{{4.a}}{{3.a}}") "]}]")));
	expect("200 2\n", EXECUTION_SUCCESS);
	end();
}

static const char branches[] = SCENARIO(MODULE(2, "builtin:BasicIfElse",
	",\"branches\":[{\"type\":\"condition\",\"merge\":true,\"conditions\":"
	"[[{\"a\":\"{{1.x}}\",\"o\":\"exist\"}]],\"flow\":[" MODULE(3,
		"util:SetVariable2",
		MAPPER("{\"name\":\"v\",\"value\":\"yes\"}")) "]},"
							      "{\"type\":\"else\",\"merge\":true,\"flow\":[" MODULE(
								      4,
								      "util:SetVariable2",
								      MAPPER("{\"name\":\"v\",\"value\":\"no\"}")) "]}]") "," MODULE(5,
	"builtin:BasicMerge",
	",\"outputs\":[{\"name\":\"m\",\"mappings\":[\"{{3.v}}!\","
	"\"{{4.v}}?\"]}]") "," SAY(6, "{{5.m}}"));

TEST(run, branches_go_on_in_their_merge)
{
	begin();
	execution.trigger = STR("{\"x\":1}");
	run_text(branches);
	expect("200 yes!\n", EXECUTION_SUCCESS);
	buf_clear(&answers);
	kept_count = 0;
	execution.trigger = STR("{}");
	run_text(branches);
	expect("200 no?\n", EXECUTION_SUCCESS);
	end();
}

/* ---- failures ---- */

TEST(run, failure_without_a_handler_ends_the_run)
{
	begin();
	execution.trigger = STR("{\"bad\":true}");
	run_text(SCENARIO(SAY(2, "before") "," PICKY(3, "") "," SAY(4, "no")));
	expect("200 before\n", EXECUTION_ERROR);
	CHECK_INT(outcome.failed_step, 2);
	CHECK_STR(str_of(failure_name(outcome.failure.kind)),
		STR("BundleValidationError"));
	end();
}

TEST(run, kept_failure_goes_on_at_the_step_that_failed)
{
	static const char text[] = KEEPING(
		SAY(2, "before") "," PICKY(3, "") "," SAY(4, "after {{3.i}}"));

	begin();
	execution.trigger = STR("{\"bad\":true}");
	run_text(text);
	expect("200 before\n", EXECUTION_INCOMPLETE);
	CHECK_INT(outcome.failed_step, 2);
	execution.failed_step = outcome.failed_step;
	execution.trigger = STR("{}");
	run_text(text);
	expect("200 before\n200 after 1\n", EXECUTION_SUCCESS);
	end();
}

#define WITH(handler_) ",\"onerror\":[" handler_ "]"
#define ITEMS "{\"a\":[1,0,2]}"
/* Fails for the 0 among the items. */
#define PICKY_ITEM(id_, more_) \
	MODULE(id_, "builtin:BasicRepeater", \
		MAPPER("{\"repeats\":\"{{if(2.value = 0; \\\"x\\\"; 1)}}\"}") \
			more_)

TEST(run, ignore_drops_the_bundle_and_resume_gives_another)
{
	begin();
	execution.trigger = STR(ITEMS);
	run_text(SCENARIO(EACH(2, "{{1.a}}") "," PICKY_ITEM(
		3, WITH(MODULE(5, "builtin:Ignore", ""))) "," SAY(4,
		"{{2.value}}")));
	expect("200 1\n200 2\n", EXECUTION_SUCCESS);
	buf_clear(&answers);
	kept_count = 0;
	run_text(SCENARIO(EACH(2, "{{1.a}}") "," PICKY_ITEM(
		3, WITH(MODULE(5, "builtin:Resume",
			   MAPPER("{\"i\":\"{{3.error.type}}\"}")))) "," SAY(4,
		"{{2.value}} {{3.i}}")));
	expect("200 1 1\n200 0 BundleValidationError\n200 2 1\n",
		EXECUTION_SUCCESS);
	end();
}

TEST(run, commit_and_rollback_stop_at_once)
{
	begin();
	execution.trigger = STR(ITEMS);
	run_text(SCENARIO(EACH(2, "{{1.a}}") "," PICKY_ITEM(
		3, WITH(MODULE(5, "builtin:Commit", ""))) "," SAY(4,
		"{{2.value}}")));
	expect("200 1\n", EXECUTION_SUCCESS);
	buf_clear(&answers);
	kept_count = 0;
	run_text(SCENARIO(EACH(2, "{{1.a}}") "," PICKY_ITEM(
		3, WITH(MODULE(5, "builtin:Rollback", ""))) "," SAY(4,
		"{{2.value}}")));
	expect("200 1\n", EXECUTION_ERROR);
	end();
}

TEST(run, handler_whose_filter_blocks_does_not_handle)
{
	begin();
	execution.trigger = STR("{\"bad\":true}");
	run_text(SCENARIO(
		PICKY(2, WITH(MODULE(5, "builtin:Ignore",
				 ONLY("2.error.type", "ConnectionError"))))));
	expect("", EXECUTION_ERROR);
	end();
}

static const char breaking[] = KEEPING(EACH(2, "{{1.a}}") "," PICKY_ITEM(
	3, WITH(MODULE(5, "builtin:Break",
		   MAPPER("{\"retry\":true,\"count\":\"4\",\"interval\":"
			  "\"7\"}")))) "," SAY(4, "{{2.value}}"));

TEST(run, break_puts_the_bundle_aside_and_goes_on)
{
	begin();
	execution.trigger = STR(ITEMS);
	run_text(breaking);
	expect("200 1\n200 2\n", EXECUTION_WARNING);
	CHECK_INT(asides, 1);
	CHECK_INT(aside.retries, 4);
	CHECK_INT(aside.interval, 7 * MINUTES);
	CHECK(aside.is_retried);
	end();
}

TEST(run, bundle_put_aside_goes_on_alone)
{
	begin();
	execution.trigger = STR(ITEMS);
	run_text(breaking);
	buf_clear(&answers);
	/* What the host keeps with it: the steps up to the failed one. */
	while (kept_count && kept[kept_count - 1].ordinal > aside.failed)
		kept_count--;
	execution.failed_step = aside.failed;
	is_aside = true;
	/* It fails once more, and is still aside. */
	run_text(breaking);
	expect("", EXECUTION_INCOMPLETE);
	CHECK_INT(asides, 1);
	/* Mended: the scenario takes a 0 now. */
	run_text(KEEPING(
		EACH(2, "{{1.a}}") "," MODULE(3, "builtin:BasicRepeater",
			MAPPER("{\"repeats\":1}")) "," SAY(4, "{{2.value}}")));
	expect("200 0\n", EXECUTION_SUCCESS);
	end();
}

/* ---- interruptions ---- */

TEST(run, steps_stored_are_not_called_again)
{
	static const char text[] = SCENARIO(EACH(2, "{{1.a}}") "," MODULE(3,
		"util:SetVariable2",
		MAPPER("{\"name\":\"u\",\"value\":\"{{uuid}}\"}")) "," SAY(4,
		"{{3.u}}"));
	struct str first;

	begin();
	execution.trigger = STR("{\"a\":[1,2,3]}");
	run_text(text);
	first = arena_copy(&arena, buf_str(&answers));
	buf_clear(&answers);
	/* A crash took what came after the second answer. */
	while (kept_count && kept[kept_count - 1].ordinal > 5)
		kept_count--;
	run_text(text);
	CHECK_INT(outcome.state, EXECUTION_SUCCESS);
	/* Only the third answer was to do; its uuid is a new one. */
	CHECK_INT(buf_str(&answers).len, first.len / 3);
	CHECK(!str_equal(
		buf_str(&answers), str_skip(first, first.len - first.len / 3)));
	end();
}

TEST(run, flow_that_calls_too_much_is_ended)
{
	begin();
	keeps_nothing = true;
	run_text(SCENARIO(MODULE(2, "builtin:BasicRepeater",
		MAPPER("{\"repeats\":10000}")) "," MODULE(3,
		"builtin:BasicRepeater",
		MAPPER("{\"repeats\":10000}")) "," MODULE(4,
		"builtin:BasicRepeater", MAPPER("{\"repeats\":0}"))));
	CHECK_INT(outcome.state, EXECUTION_ERROR);
	CHECK(saves > 100);
	CHECK_INT(outcome.failure.kind, FAILURE_OPERATIONS_LIMIT);
	end();
}

TEST(run, disk_that_refuses_leaves_the_run_to_be_resumed)
{
	begin();
	saves_allowed = 0;
	keeps_nothing = true;
	run_text(SCENARIO(MODULE(2, "builtin:BasicRepeater",
		MAPPER("{\"repeats\":1000}")) "," SAY(3, "")));
	CHECK_INT(outcome.state, EXECUTION_QUEUED);
	end();
}
