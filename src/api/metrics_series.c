#include "api/metrics_series.h"

#include "api/metrics_flow.h"
#include "base/clock.h"
#include "pipeline/hub.h"
#include "pipeline/live.h"

void
metrics_write_head(
	const char *name, const char *type, const char *help, struct buf *out)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* ---- how long it takes ---- */

static const struct {
	const char *name;
	const char *label; /* with its comma, or empty */
	const char *help;  /* NULL: that of the row before */
} latencies[LATENCY_COUNT] = {
	[LATENCY_DELIVERED] = {"grapnel_delivery_seconds", "",
		"From accepting an event until an endpoint has taken it."},
	[LATENCY_NAME] = {"grapnel_attempt_phase_seconds", "phase=\"name\",",
		"What attempts spent their time on; connecting only where it "
		"was needed."},
	[LATENCY_CONNECT] = {"grapnel_attempt_phase_seconds",
		"phase=\"connect\",", NULL},
	[LATENCY_TLS] = {"grapnel_attempt_phase_seconds", "phase=\"tls\",",
		NULL},
	[LATENCY_FIRST_BYTE] = {"grapnel_attempt_phase_seconds",
		"phase=\"first_byte\",", NULL},
	[LATENCY_TOTAL] = {"grapnel_attempt_phase_seconds", "phase=\"total\",",
		NULL},
};

static void
write_histogram(const char *name, const char *label,
	const struct histogram_view *view, struct buf *out)
{
	CLEANUP(buf_release) struct buf alone = buf_make(128);
	uint64_t count = 0;

	if (label[0])
		buf_printf(&alone, "{%.*s}", (int)strlen(label) - 1, label);
	for (int i = 0; i <= HISTOGRAM_BOUNDS; i++) {
		count += view->counts[i];
		buf_printf(out, "%s_bucket{%sle=\"", name, label);
		if (i < HISTOGRAM_BOUNDS)
			buf_printf(out, "%g",
				(double)histogram_bounds[i] / SECONDS);
		else
			buf_append(out, STR("+Inf"));
		buf_printf(out, "\"} %llu\n", (unsigned long long)count);
	}
	buf_printf(out, "%s_sum%s %.15g\n%s_count%s %llu\n", name,
		buf_text(&alone), (double)view->sum / SECONDS, name,
		buf_text(&alone), (unsigned long long)count);
}

static void
write_latencies(const struct deliver *deliver, struct buf *out)
{
	struct histogram_view views[LATENCY_COUNT];

	deliver_latencies(deliver, views);
	for (int i = 0; i < LATENCY_COUNT; i++) {
		if (latencies[i].help)
			metrics_write_head(latencies[i].name, "histogram",
				latencies[i].help, out);
		write_histogram(
			latencies[i].name, latencies[i].label, &views[i], out);
	}
}

static void
write_commit_times(const struct writer *writer, struct buf *out)
{
	static const char name[] = "grapnel_writer_commit_seconds";
	struct writer_stats stats;

	writer_stats(writer, &stats);
	metrics_write_head(
		name, "histogram", "How long transactions took.", out);
	write_histogram(name, "", &stats.commit_times, out);
}

/* ---- the webhooks that are furthest behind ---- */

static double
get_late(const struct dispatch_behind *one)
{
	int64_t due = one->live.oldest_due;
	int64_t now = clock_now();

	return due && due < now ? (double)(now - due) / SECONDS : 0;
}

static double
get_queued(const struct dispatch_behind *one)
{
	return (double)one->live.queued;
}

static double
get_in_flight(const struct dispatch_behind *one)
{
	return one->live.in_flight;
}

static double
get_concurrency(const struct dispatch_behind *one)
{
	return one->live.concurrency;
}

static double
get_acknowledged(const struct dispatch_behind *one)
{
	return (double)one->live.acknowledged;
}

static double
get_failed(const struct dispatch_behind *one)
{
	return (double)one->live.failed;
}

#define OF_THOSE " Of the 20 webhooks furthest behind."

static const struct {
	const char *name;
	const char *type;
	const char *label; /* with its comma, or empty */
	const char *help;  /* NULL: that of the row before */
	double (*get)(const struct dispatch_behind *one);
} series[] = {
	{"grapnel_webhook_lag_seconds", "gauge", "",
		"How late the oldest due delivery in memory is." OF_THOSE,
		get_late},
	{"grapnel_webhook_queued", "gauge", "",
		"Deliveries waiting in memory." OF_THOSE, get_queued},
	{"grapnel_webhook_in_flight", "gauge", "",
		"Attempts under way." OF_THOSE, get_in_flight},
	{"grapnel_webhook_concurrency", "gauge", "",
		"Attempts that may be under way." OF_THOSE, get_concurrency},
	{"grapnel_webhook_attempts_total", "counter",
		"outcome=\"acknowledged\",", "Attempts." OF_THOSE,
		get_acknowledged},
	{"grapnel_webhook_attempts_total", "counter", "outcome=\"failed\",",
		NULL, get_failed},
};

static void
write_webhooks(const struct deliver *deliver, struct buf *out)
{
	struct dispatch_behind list[DISPATCH_FRONT_MAX];
	size_t count = deliver_front(deliver, list);

	for (size_t i = 0; i < COUNT_OF(series); i++) {
		if (series[i].help)
			metrics_write_head(series[i].name, series[i].type,
				series[i].help, out);
		for (size_t k = 0; k < count; k++) {
			char id[UUID_TEXT_SIZE];

			buf_printf(out, "%s{%swebhook=\"%s\"} %.15g\n",
				series[i].name, series[i].label,
				uuid_format(list[k].webhook, id),
				series[i].get(&list[k]));
		}
	}
}

void
metrics_write_series(struct api *api, struct buf *out)
{
	write_commit_times(api->writer, out);
	if (api->hub) {
		write_latencies(api->hub->deliver, out);
		write_webhooks(api->hub->deliver, out);
	}
	metrics_write_flow(api, out);
}
