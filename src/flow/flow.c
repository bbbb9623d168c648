#include "flow/flow.h"

#include "base/mem.h"
#include "flow/hook_local.h"

static struct http_client_options
way_out(const struct hub_options *options)
{
	return (struct http_client_options){.policy = &options->policy,
		.user_agent = options->user_agent,
		.ca_file = options->ca_file,
		.connect_timeout = options->connect_timeout,
		.resolver = &options->ways.resolver,
		.proxy = options->ways.proxy,
		.no_proxy = options->ways.no_proxy,
		.no_proxy_count = options->ways.no_proxy_count,
		.ring = options->ways.ring};
}

static void
note_change(void *context, const struct scenario *former,
	const struct scenario *scenario)
{
	const struct flow *flow = context;

	runner_note_change(flow->runner, former, scenario);
}

static enum err
open_hooks(struct hub *hub, struct flow *flow, struct buf *why)
{
	const struct hooks_options options = {.store = hub->store,
		.writer = hub->writer,
		.key = &hub->store_key,
		.scenarios = flow->scenarios,
		.runner = flow->runner,
		.begin = runner_begin,
		.take_expected = runner_take_expected};

	return hooks_open(&options, &flow->hooks, why);
}

enum err
flow_open(
	const struct flow_options *options, struct flow **ret, struct buf *why)
{
	struct hub *hub = options->hub;
	struct flow *flow = MEM_NEW(struct flow);
	struct scenarios_options scenarios = {.store = hub->store,
		.writer = hub->writer,
		.context = flow,
		.changed = note_change};
	struct runner_options runner = {.store = hub->store,
		.writer = hub->writer,
		.key = &hub->store_key,
		.http = way_out(&hub->options),
		.threads = options->threads,
		.queue_max = options->queue_max,
		.run_timeout = options->run_timeout,
		.incomplete_age = options->incomplete_age,
		.incomplete_max = options->incomplete_max,
		.ingest = hub->ingest,
		.allow_lists = hub->allow_lists,
		.step_timeout = options->step_timeout};
	enum err err = scenarios_open(&scenarios, &flow->scenarios, why);

	if (!err) {
		runner.scenarios = flow->scenarios;
		flow->runner = runner_start(&runner);
		err = open_hooks(hub, flow, why);
	}
	if (err) {
		flow_stop(flow, 0);
		flow_close(flow);
		return err;
	}
	flow->local = hub->local;
	hook_local_open(flow->hooks, flow->local);
	*ret = flow;
	return ERR_OK;
}

void
flow_stop(struct flow *flow, int64_t timeout)
{
	if (!flow)
		return;
	http_local_shut(flow->local);
	if (flow->runner)
		runner_stop(flow->runner, timeout);
	hooks_flush(flow->hooks);
}

void
flow_close(struct flow *flow)
{
	if (!flow)
		return;
	hooks_close(flow->hooks);
	runner_free(flow->runner);
	scenarios_close(flow->scenarios);
	mem_free(flow);
}
