#include "api/filter_backtest.h"

#include "api/filter_body.h"
#include "base/desk.h"
#include "base/json_out.h"
#include "pipeline/backtest.h"

enum { TIME_MAX = 2000, HOURS_USUAL = 24, SAMPLES_USUAL = 10 };

/* In the call's arena. */
struct job {
	struct desk_job job;
	struct api_call *call;
	struct backtest backtest;
	int64_t end; /* monotonic */
};

static const char *const members[] = {"filter", "eventType", "eventFilter",
	"hours", "limit", "cursor", "milliseconds"};

static const struct filter_body_number numbers[] = {
	{"hours", 1, BACKTEST_HOURS_MAX, HOURS_USUAL},
	{"limit", 0, BACKTEST_SAMPLES_MAX, SAMPLES_USUAL},
	{"milliseconds", 1, TIME_MAX, TIME_MAX},
};

/* ---- the cursor: "since.next" ---- */

static bool
read_cursor(struct api_call *call, struct backtest *backtest)
{
	struct json member = json_member(call->json, STR("cursor"));
	struct str text = json_string(member, call->arena);
	struct str since = str_split(&text, '.');
	int64_t earliest = clock_now() - (BACKTEST_HOURS_MAX + 1) * HOURS;
	int64_t time;

	if (json_is_missing(member))
		return true;
	if (str_to_i64(since, &time) || str_to_u64(text, &backtest->next) ||
		backtest->next == 0 || backtest->next > INT64_MAX ||
		time > clock_now()) {
		api_refuse(call, 400, "cursor",
			"expected the cursor of an earlier answer");
		return false;
	}
	backtest->since = time > earliest ? time : earliest;
	return true;
}

static struct str
make_cursor(const struct backtest *backtest, struct arena *arena)
{
	return arena_printf(arena, "%lld.%llu", (long long)backtest->since,
		(unsigned long long)backtest->next);
}

/* ---- the answer ---- */

static void
write_hours(struct json_out *out, const struct backtest *backtest)
{
	json_out_array(out, "perHour");
	for (size_t i = 0; i < COUNT_OF(backtest->hours); i++) {
		if (backtest->hours[i] == 0)
			continue;
		json_out_object(out, NULL);
		json_out_time(out, "hour", backtest_hour(backtest, i));
		json_out_integer(out, "matched", (int64_t)backtest->hours[i]);
		json_out_end(out);
	}
	json_out_end(out);
}

/** Samples were kept as numbers only; one that is gone by now is left out. */
static void
write_sample(struct json_out *out, struct backtest *backtest, uint64_t sequence)
{
	struct event_row event;

	arena_reset(&backtest->arena);
	if (store_event(backtest->store, sequence, &backtest->arena, &event))
		return;
	json_out_object(out, NULL);
	json_out_string(out, "id", event.id);
	json_out_string(out, "type", event.type);
	if (event.operation == OPERATION_NONE)
		json_out_null(out, "operation");
	else
		json_out_text(
			out, "operation", operation_name(event.operation));
	json_out_string(out, "subject", event.subject);
	json_out_time(out, "time", event.time);
	json_out_end(out);
}

static void
answer(struct job *job)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct backtest *backtest = &job->backtest;
	struct api_call *call = job->call;
	struct json_out out = json_out_make(&body);

	json_out_object(&out, NULL);
	json_out_integer(&out, "scanned", (int64_t)backtest->scanned);
	json_out_integer(&out, "matched", (int64_t)backtest->matched);
	write_hours(&out, backtest);
	json_out_array(&out, "samples");
	for (size_t i = 0; i < backtest_sample_count(backtest); i++)
		write_sample(&out, backtest, backtest_sample(backtest, i));
	json_out_end(&out);
	json_out_boolean(&out, "complete", backtest->is_complete);
	if (!backtest->is_complete)
		json_out_string(
			&out, "cursor", make_cursor(backtest, call->arena));
	json_out_end(&out);
	backtest_release(backtest);
	api_respond_json(call, 200, &body);
}

/* ---- turns ---- */

static void
run_turn(struct desk_job *desk_job)
{
	struct job *job = CONTAINER_OF(desk_job, struct job, job);
	struct api_call *call = job->call;

	if (backtest_step(&job->backtest)) {
		backtest_release(&job->backtest);
		api_refuse(call, 503, NULL, "the store cannot be read");
		return;
	}
	/* Where the desk has no room, what was found so far is an answer. */
	if (job->backtest.is_complete || clock_monotonic() >= job->end ||
		desk_post(call->api->desk, &job->job))
		answer(job);
}

void
filter_backtest(struct api_call *call)
{
	struct job *job = ARENA_NEW(call->arena, struct job);
	int64_t values[COUNT_OF(numbers)];

	if (!filter_body_check(call, members, COUNT_OF(members)) ||
		!filter_body_filter(call, &job->backtest.filter))
		return;
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		if (!filter_body_number(call, &numbers[i], &values[i]))
			return;
	}
	job->backtest.since = clock_now() - values[0] * HOURS;
	if (!read_cursor(call, &job->backtest))
		return;
	job->backtest.store = call->api->store;
	job->backtest.workspace = call->who.workspace;
	job->backtest.samples_max = (size_t)values[1];
	job->end = clock_monotonic() + values[2] * MILLISECONDS;
	job->job.run = run_turn;
	job->call = call;
	run_turn(&job->job);
}
