#include "api/metrics_flow.h"

#include "api/api.h"
#include "api/metrics_series.h"
#include "flow/flow.h"

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

#define OF_THOSE " Of the 20 scenarios that most waits for."

static double
get_waiting(const struct runner_behind *one)
{
	return (double)one->queue.waiting;
}

static double
get_incomplete(const struct runner_behind *one)
{
	return one->queue.incomplete;
}

static const struct {
	const char *name;
	const char *help;
	double (*get)(const struct runner_behind *one);
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
	struct runner_behind list[RUNNER_FRONT_MAX];
	size_t count = runner_front(flow->runner, list);

	metrics_write_head("grapnel_scenarios_switched_off", "gauge",
		"Scenarios that the hub has switched off.", out);
	buf_printf(out, "grapnel_scenarios_switched_off %zu\n",
		scenarios_switched_off(flow->scenarios));
	for (size_t i = 0; i < COUNT_OF(series); i++) {
		metrics_write_head(
			series[i].name, "gauge", series[i].help, out);
		for (size_t k = 0; k < count; k++) {
			char id[UUID_TEXT_SIZE];

			buf_printf(out, "%s{scenario=\"%s\"} %.15g\n",
				series[i].name,
				uuid_format(list[k].scenario, id),
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
