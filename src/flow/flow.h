#pragma once
#include "flow/hooks.h"
#include "flow/runner.h"
#include "pipeline/hub.h"

/*
 * What runs scenarios, put together over a hub: its scenarios, the
 * runner, and the hooks that start them.
 * Opened after the hub and stopped before it. Their connections go out as the
 * hub's deliveries do: same policy of addresses, same proxy.
 */
struct flow_options {
	struct hub *hub;	 /* borrowed; open */
	unsigned threads;	 /* 0: 16 */
	size_t queue_max;	 /* of a scenario; 0: 10,000 */
	int64_t run_timeout;	 /* 0: 40 min */
	int64_t incomplete_age;	 /* runner.h; 0: for ever */
	uint32_t incomplete_max; /* 0: 1000 */
	int64_t step_timeout;	 /* 0: 40 s */
};

struct flow {
	struct scenarios *scenarios;
	/* Scenarios may change before it is there. */
	struct runner *_Atomic runner;
	struct hooks *hooks;
	struct http_local *local; /* the hub's, while it is open to the hooks */
};

enum err flow_open(const struct flow_options *options, struct flow **ret,
	struct buf *why) MUST_USE;

/**
 * Steps under way get `timeout` microseconds; whoever waits for a run is
 * answered; nothing begins any more. NULL is harmless.
 */
void flow_stop(struct flow *flow, int64_t timeout);

/** After flow_stop, once nobody calls. NULL is harmless. */
void flow_close(struct flow *flow);
