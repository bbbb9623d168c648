#include "api/metrics.h"

#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "api/api.h"
#include "api/metrics_series.h"
#include "base/clock.h"
#include "base/desk.h"
#include "flow/flow.h"
#include "pipeline/hub.h"
#include "store/retain.h"

/* Everything the rows show, gathered once a scrape. Times in seconds. */
struct sample {
	double uptime, resident_bytes;
	double in_flight, desk_waiting;
	double unauthorized, forbidden;
	double events, unchanged, duplicates, refused, matched;
	double acknowledged, failed, dead;
	double queued, attempts_in_flight, attempts_slow, unsettled;
	double payload_bytes;
	double schema_refusals, schema_warnings, oversized;
	double is_healthy, commits, units, failures, writer_queued;
	double writer_queued_bytes;
	double last_commit_time, holds, held_time;
	double waiting, lag, store_bytes, store_used, store_max;
	double filters, filters_scanned;
	double removed_events, removed_deliveries, removed_executions;
	double is_making_room;
	double runs, runs_succeeded, runs_warned, runs_failed;
	double runs_incomplete, operations, runs_waiting, runs_in_flight;
	double webhooks[WEBHOOK_STATUS_COUNT];
};

struct metric {
	const char *name;
	const char *type;
	const char *help;
	size_t offset; /* of its value in struct sample */
};

#define COUNTER(field, name, help) \
	{ \
		"grapnel_" name "_total", "counter", help, \
			offsetof(struct sample, field) \
	}
#define GAUGE(field, name, help) \
	{ \
		"grapnel_" name, "gauge", help, offsetof(struct sample, field) \
	}

static const struct metric metrics[] = {
	GAUGE(uptime, "uptime_seconds", "Since the start."),
	GAUGE(resident_bytes, "resident_memory_bytes",
		"Memory of the process that is in RAM."),
	GAUGE(in_flight, "http_requests_in_flight",
		"Requests not yet answered."),
	GAUGE(desk_waiting, "desk_jobs_waiting",
		"Requests waiting for a thread that may block."),
	COUNTER(unauthorized, "http_unauthorized",
		"Requests refused for their credentials."),
	COUNTER(forbidden, "http_forbidden",
		"Requests refused for the role of their key."),
	COUNTER(events, "events_accepted", "Events stored."),
	COUNTER(unchanged, "events_unchanged",
		"States published that were what they were: no event."),
	COUNTER(duplicates, "events_duplicate",
		"Events whose source and id had been accepted before."),
	COUNTER(refused, "events_refused", "Events not stored."),
	COUNTER(schema_refusals, "events_refused_by_schema",
		"Events not stored because they are not as their type says."),
	COUNTER(schema_warnings, "events_schema_warnings",
		"Events stored although they are not as their type says."),
	COUNTER(oversized, "events_refused_oversized",
		"Events not stored because a GreenLake webhook wants them and "
		"they are too large for it."),
	COUNTER(matched, "events_matched",
		"Deliveries that accepted events gave rise to."),
	COUNTER(acknowledged, "attempts_acknowledged",
		"Attempts answered with 2xx."),
	COUNTER(failed, "attempts_failed", "Attempts that were not."),
	COUNTER(dead, "deliveries_dead", "Deliveries given up."),
	GAUGE(queued, "deliveries_in_memory",
		"Waiting deliveries that are in memory."),
	GAUGE(attempts_in_flight, "attempts_in_flight",
		"Requests to endpoints under way."),
	GAUGE(attempts_slow, "attempts_in_flight_slow",
		"Those to endpoints that do not come back in time."),
	GAUGE(unsettled, "attempts_unsettled",
		"Attempts made or under way whose outcome is not on disk."),
	GAUGE(payload_bytes, "payload_memory_bytes",
		"Memory taken by the bodies of deliveries."),
	GAUGE(is_healthy, "writer_healthy",
		"1 when the last transaction went through."),
	COUNTER(commits, "writer_commits", "Transactions committed."),
	COUNTER(units, "writer_units", "Units of change committed in them."),
	COUNTER(failures, "writer_failures", "Transactions that failed."),
	GAUGE(writer_queued, "writer_queued", "Units waiting to be written."),
	GAUGE(writer_queued_bytes, "writer_queued_bytes",
		"Memory that they take."),
	GAUGE(last_commit_time, "writer_last_commit_seconds",
		"How long the last transaction took."),
	COUNTER(holds, "writer_holds",
		"Transactions after which the next one waited for deliveries "
		"that were behind."),
	COUNTER(held_time, "writer_held_seconds", "How long they did, in all."),
	GAUGE(waiting, "deliveries_waiting",
		"Deliveries that are due now or later."),
	GAUGE(lag, "deliveries_lag_seconds",
		"How late the oldest waiting delivery is."),
	GAUGE(store_bytes, "store_bytes", "Size of the database on disk."),
	GAUGE(filters, "filters", "Filters that events are matched against."),
	GAUGE(filters_scanned, "filters_scanned",
		"Distinct filters that every event is held against, because "
		"nothing in them leads from an event to them."),
	GAUGE(store_used, "store_used_bytes",
		"Of it, pages that hold something."),
	GAUGE(store_max, "store_max_bytes",
		"At so many used publishing is refused; 0: never."),
	COUNTER(removed_events, "retention_events_removed",
		"Events that were too old, or had to make room."),
	COUNTER(removed_deliveries, "retention_deliveries_removed",
		"Deliveries of theirs, and others that were too old."),
	COUNTER(removed_executions, "retention_executions_removed",
		"Executions removed because of their age or number."),
	GAUGE(is_making_room, "retention_making_room",
		"1 while things are removed before their time, for room."),
	COUNTER(runs, "scenario_runs", "Runs of scenarios that have ended."),
	COUNTER(runs_succeeded, "scenario_runs_succeeded",
		"Runs of scenarios that went well."),
	COUNTER(runs_warned, "scenario_runs_warned",
		"Runs that put something aside."),
	COUNTER(runs_failed, "scenario_runs_failed",
		"Runs of scenarios that failed."),
	COUNTER(runs_incomplete, "scenario_runs_incomplete",
		"Runs that failed and are kept."),
	COUNTER(operations, "scenario_operations",
		"Modules called by scenarios."),
	GAUGE(runs_waiting, "scenario_runs_waiting",
		"Requests waiting for a run."),
	GAUGE(runs_in_flight, "scenario_runs_in_flight",
		"Runs of scenarios under way."),
};

/** The second number of /proc/self/statm, in pages. */
static double
resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "rbe");
	unsigned long long size, resident = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%llu %llu", &size, &resident) != 2)
		resident = 0;
	fclose(file);
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static void
gather_webhooks(struct api *api, struct sample *sample)
{
	size_t counts[WEBHOOK_STATUS_COUNT];

	webhooks_count(api->webhooks, counts);
	for (size_t i = 0; i < WEBHOOK_STATUS_COUNT; i++)
		sample->webhooks[i] = (double)counts[i];
}

static void
gather_writer(const struct api *api, struct sample *sample)
{
	struct writer_stats stats;

	writer_stats(api->writer, &stats);
	sample->is_healthy = stats.is_healthy;
	sample->commits = (double)stats.commits;
	sample->units = (double)stats.units;
	sample->failures = (double)stats.failures;
	sample->writer_queued = (double)stats.queued;
	sample->writer_queued_bytes = (double)stats.queued_bytes;
	sample->last_commit_time = (double)stats.last_commit_time / SECONDS;
	sample->holds = (double)stats.holds;
	sample->held_time = (double)stats.held_time / SECONDS;
}

static void
gather_store(const struct api *api, struct sample *sample)
{
	int64_t oldest = api->hub ? deliver_oldest_due(api->hub->deliver) : 0;
	struct store_stats stats;
	int64_t lag;

	if (store_stats(api->store, &stats))
		return;
	if (stats.oldest_due && (oldest == 0 || stats.oldest_due < oldest))
		oldest = stats.oldest_due;
	lag = oldest ? clock_now() - oldest : 0;
	sample->waiting = (double)stats.waiting;
	sample->store_bytes = (double)stats.bytes;
	sample->lag = lag > 0 ? (double)lag / SECONDS : 0;
}

static void
gather_retention(const struct hub *hub, struct sample *sample)
{
	struct retention_stats stats;
	struct store_room room;

	retention_stats(hub->retention, &stats);
	store_room(hub->store, &room);
	sample->removed_events = (double)stats.removed_events;
	sample->removed_deliveries = (double)stats.removed_deliveries;
	sample->removed_executions = (double)stats.removed_executions;
	sample->is_making_room = stats.is_making_room;
	sample->store_used = (double)room.used;
	sample->store_max = (double)room.max;
}

static void
gather_pipeline(const struct hub *hub, struct sample *sample)
{
	struct ingest_stats in;
	struct deliver_stats out;
	struct match_counts matching = match_count(hub->match);

	ingest_stats(hub->ingest, &in);
	deliver_stats(hub->deliver, &out);
	sample->events = (double)in.events;
	sample->unchanged = (double)in.unchanged;
	sample->duplicates = (double)in.duplicates;
	sample->refused = (double)in.refused;
	sample->schema_refusals = (double)in.schema_refusals;
	sample->schema_warnings = (double)in.schema_warnings;
	sample->oversized = (double)in.oversized;
	sample->matched = (double)in.matched;
	sample->acknowledged = (double)out.acknowledged;
	sample->failed = (double)out.failed;
	sample->dead = (double)out.dead;
	sample->queued = (double)out.queued;
	sample->attempts_in_flight = (double)out.in_flight;
	sample->attempts_slow = (double)out.slow_in_flight;
	sample->unsettled = (double)out.unsettled;
	sample->payload_bytes = (double)payload_memory();
	sample->filters = (double)matching.filters;
	sample->filters_scanned = (double)matching.scanned;
}

static void
gather_flow(const struct flow *flow, struct sample *sample)
{
	struct runner_stats stats;

	runner_stats(flow->runner, &stats);
	sample->runs = (double)stats.started;
	sample->runs_succeeded = (double)stats.succeeded;
	sample->runs_warned = (double)stats.warned;
	sample->runs_failed = (double)stats.failed;
	sample->runs_incomplete = (double)stats.incomplete;
	sample->operations = (double)stats.operations;
	sample->runs_waiting = (double)stats.waiting;
	sample->runs_in_flight = (double)stats.running;
}

static void
gather(struct api *api, struct sample *sample)
{
	struct http_server *server = api->server;

	gather_writer(api, sample);
	gather_store(api, sample);
	if (api->hub) {
		gather_pipeline(api->hub, sample);
		gather_retention(api->hub, sample);
	}
	if (api->flow)
		gather_flow(api->flow, sample);
	gather_webhooks(api, sample);
	if (server)
		sample->in_flight = (double)http_server_in_flight(server);
	sample->desk_waiting = (double)desk_waiting(api->desk);
	sample->resident_bytes = resident_bytes();
	sample->unauthorized = (double)atomic_load(&api->unauthorized);
	sample->forbidden = (double)atomic_load(&api->forbidden);
	sample->uptime = (double)(clock_monotonic() - api->started) / SECONDS;
}

static void
write_head(
	const char *name, const char *type, const char *help, struct buf *out)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void
metrics_write(struct api *api, struct buf *out)
{
	struct sample sample = {0};

	gather(api, &sample);
	write_head(
		"grapnel_build_info", "gauge", "The version that runs.", out);
	buf_printf(
		out, "grapnel_build_info{version=\"%s\"} 1\n", GRAPNEL_VERSION);
	for (size_t i = 0; i < COUNT_OF(metrics); i++) {
		const struct metric *metric = &metrics[i];
		double value;

		memcpy(&value, (const char *)&sample + metric->offset,
			sizeof(value));
		write_head(metric->name, metric->type, metric->help, out);
		buf_printf(out, "%s %.15g\n", metric->name, value);
	}
	write_head("grapnel_webhooks", "gauge", "Webhooks by status.", out);
	for (int status = 0; status < WEBHOOK_STATUS_COUNT; status++)
		buf_printf(out, "grapnel_webhooks{status=\"%s\"} %.15g\n",
			webhook_status_name((enum webhook_status)status),
			sample.webhooks[status]);
	metrics_write_series(api, out);
}
