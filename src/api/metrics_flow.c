#include "api/metrics_flow.h"

#include "api/api.h"
#include "api/metrics_series.h"
#include "flow/flow.h"

enum { SHOWN_MAX = 20 };

/* ---- hooks ---- */

static void
write_hooks(struct hooks *hooks, struct buf *out)
{
	struct hooks_stats stats;

	hooks_stats(hooks, &stats);
	metrics_write_head("grapnel_hook_requests_total", "counter",
		"Requests to hooks.", out);
	for (size_t i = 0; i < HOOK_EVENTS; i++)
		buf_printf(out,
			"grapnel_hook_requests_total{outcome=\"%s\"} %llu\n",
			hook_event_name((enum hook_event)i),
			(unsigned long long)stats.counts[i]);
	metrics_write_head("grapnel_hook_refused_total", "counter",
		"Requests to hooks that were refused.", out);
	for (size_t i = 0; i < HOOK_REFUSALS; i++)
		buf_printf(out,
			"grapnel_hook_refused_total{reason=\"%s\"} %llu\n",
			hook_refusal_name((enum hook_refusal)i),
			(unsigned long long)stats.refused[i]);
}

/* ---- scenarios ---- */

struct shown {
	struct uuid id;
	struct runner_queue queue;
};

static uint64_t
weight_of(const struct shown *shown)
{
	return shown->queue.waiting + shown->queue.incomplete +
	       shown->queue.running;
}

/** Into the list, which is in order, unless it is full of heavier ones. */
static size_t
insert(struct shown *list, size_t count, const struct shown *shown)
{
	size_t at = count < SHOWN_MAX ? count : SHOWN_MAX - 1;

	if (count == SHOWN_MAX && weight_of(shown) <= weight_of(&list[at]))
		return count;
	for (; at > 0 && weight_of(shown) > weight_of(&list[at - 1]); at--)
		list[at] = list[at - 1];
	list[at] = *shown;
	return count < SHOWN_MAX ? count + 1 : count;
}

/** Those that something waits or runs of; how many are switched off because
 * they failed in `ret_failed`. */
static size_t
gather(struct flow *flow, struct shown *shown, uint64_t *ret_failed)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct scenario_list list;
	size_t count = 0;

	*ret_failed = 0;
	scenarios_list(flow->scenarios, 0, &arena, &list);
	for (size_t i = 0; i < list.count; i++) {
		const struct scenario *scenario = list.items[i];
		struct shown next = {.id = scenario->id};

		*ret_failed += !scenario->is_enabled &&
			       scenario->status_reason.len > 0;
		scenario_unref(scenario);
		runner_queue(flow->runner, next.id, &next.queue);
		if (weight_of(&next))
			count = insert(shown, count, &next);
	}
	return count;
}

#define OF_THOSE " Of the 20 scenarios that most waits for."

static double
get_waiting(const struct shown *shown)
{
	return (double)shown->queue.waiting;
}

static double
get_incomplete(const struct shown *shown)
{
	return shown->queue.incomplete;
}

static const struct {
	const char *name;
	const char *help;
	double (*get)(const struct shown *shown);
} series[] = {
	{"grapnel_scenario_waiting", "Requests that wait." OF_THOSE,
		get_waiting},
	{"grapnel_scenario_incomplete",
		"Executions that failed and are kept." OF_THOSE,
		get_incomplete},
};

static void
write_scenarios(struct flow *flow, struct buf *out)
{
	struct shown list[SHOWN_MAX];
	uint64_t failed;
	size_t count = gather(flow, list, &failed);

	metrics_write_head("grapnel_scenarios_switched_off", "gauge",
		"Scenarios that the hub has switched off.", out);
	buf_printf(out, "grapnel_scenarios_switched_off %llu\n",
		(unsigned long long)failed);
	for (size_t i = 0; i < COUNT_OF(series); i++) {
		metrics_write_head(
			series[i].name, "gauge", series[i].help, out);
		for (size_t k = 0; k < count; k++) {
			char id[UUID_TEXT_SIZE];

			buf_printf(out, "%s{scenario=\"%s\"} %.15g\n",
				series[i].name, uuid_format(list[k].id, id),
				series[i].get(&list[k]));
		}
	}
}

void
metrics_write_flow(struct api *api, struct buf *out)
{
	if (api->hooks)
		write_hooks(api->hooks, out);
	if (api->flow)
		write_scenarios(api->flow, out);
}
