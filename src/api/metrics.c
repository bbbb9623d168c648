#include "api/metrics.h"

#include <stdio.h>
#include <unistd.h>

#include "api/api.h"
#include "base/clock.h"
#include "base/desk.h"
#include "pipeline/writer.h"

enum { STATUS_COUNT = WEBHOOK_OFF + 1 };

/* Everything the rows read, gathered once a scrape. */
struct sample {
	struct writer_stats writer;
	struct store_stats store;
	uint64_t in_flight;
	uint64_t desk_waiting;
	uint64_t resident_bytes;
	int64_t uptime;
	uint64_t webhooks[STATUS_COUNT];
};

struct metric {
	const char *name; /* grapnel_… */
	const char *type; /* "counter", "gauge" */
	const char *help;
	/* One of them: a value, or all lines with labels. */
	double (*read)(const struct sample *sample);
	void (*write)(
		const struct sample *sample, const char *name, struct buf *out);
};

static double
read_up(const struct sample *sample)
{
	return sample->writer.is_healthy;
}

static double
read_commits(const struct sample *sample)
{
	return (double)sample->writer.commits;
}

static double
read_units(const struct sample *sample)
{
	return (double)sample->writer.units;
}

static double
read_failures(const struct sample *sample)
{
	return (double)sample->writer.failures;
}

static double
read_queued(const struct sample *sample)
{
	return (double)sample->writer.queued;
}

static double
read_commit_time(const struct sample *sample)
{
	return (double)sample->writer.last_commit_time / SECONDS;
}

static double
read_waiting(const struct sample *sample)
{
	return (double)sample->store.waiting;
}

static double
read_store_bytes(const struct sample *sample)
{
	return (double)sample->store.bytes;
}

/** How late the oldest waiting delivery is; 0 when none is. */
static double
read_lag(const struct sample *sample)
{
	int64_t lag = clock_now() - sample->store.oldest_due;

	if (sample->store.oldest_due == 0 || lag < 0)
		return 0;
	return (double)lag / SECONDS;
}

static double
read_in_flight(const struct sample *sample)
{
	return (double)sample->in_flight;
}

static double
read_desk_waiting(const struct sample *sample)
{
	return (double)sample->desk_waiting;
}

static double
read_resident(const struct sample *sample)
{
	return (double)sample->resident_bytes;
}

static double
read_uptime(const struct sample *sample)
{
	return (double)sample->uptime / SECONDS;
}

static void
write_webhooks(const struct sample *sample, const char *name, struct buf *out)
{
	for (int status = 0; status < STATUS_COUNT; status++)
		buf_printf(out, "%s{status=\"%s\"} %llu\n", name,
			webhook_status_name((enum webhook_status)status),
			(unsigned long long)sample->webhooks[status]);
}

static void
write_version(const struct sample *sample, const char *name, struct buf *out)
{
	(void)sample;
	buf_printf(out, "%s{version=\"%s\"} 1\n", name, GRAPNEL_VERSION);
}

static const struct metric metrics[] = {
	{"grapnel_build_info", "gauge", "The version that runs.", NULL,
		write_version},
	{"grapnel_uptime_seconds", "gauge", "Since the start.", read_uptime,
		NULL},
	{"grapnel_resident_memory_bytes", "gauge",
		"Memory of the process that is in RAM.", read_resident, NULL},
	{"grapnel_http_requests_in_flight", "gauge",
		"Requests not yet answered.", read_in_flight, NULL},
	{"grapnel_desk_jobs_waiting", "gauge",
		"Requests waiting for a thread that may block.",
		read_desk_waiting, NULL},
	{"grapnel_writer_healthy", "gauge",
		"1 when the last transaction went through.", read_up, NULL},
	{"grapnel_writer_commits_total", "counter", "Transactions committed.",
		read_commits, NULL},
	{"grapnel_writer_units_total", "counter",
		"Units of change committed in them.", read_units, NULL},
	{"grapnel_writer_failures_total", "counter",
		"Transactions that failed.", read_failures, NULL},
	{"grapnel_writer_queued", "gauge", "Units waiting to be written.",
		read_queued, NULL},
	{"grapnel_writer_last_commit_seconds", "gauge",
		"How long the last transaction took.", read_commit_time, NULL},
	{"grapnel_deliveries_waiting", "gauge",
		"Deliveries that are due now or later.", read_waiting, NULL},
	{"grapnel_deliveries_lag_seconds", "gauge",
		"How late the oldest waiting delivery is.", read_lag, NULL},
	{"grapnel_store_bytes", "gauge", "Size of the database on disk.",
		read_store_bytes, NULL},
	{"grapnel_webhooks", "gauge", "Webhooks by status.", NULL,
		write_webhooks},
};

/** The second number of /proc/self/statm, in pages. */
static uint64_t
resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "rbe");
	unsigned long long size, resident = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%llu %llu", &size, &resident) != 2)
		resident = 0;
	fclose(file);
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void
count_webhooks(struct api *api, struct sample *sample)
{
	CLEANUP(arena_release) struct arena arena = {0};
	const struct webhook **webhooks;
	size_t count;

	webhooks =
		webhooks_list(api->webhooks, WORKSPACE_DEFAULT, &arena, &count);
	for (size_t i = 0; i < count; i++) {
		sample->webhooks[webhooks[i]->health.status]++;
		webhook_unref(webhooks[i]);
	}
}

static void
gather(struct api *api, struct sample *sample)
{
	writer_stats(api->writer, &sample->writer);
	if (store_stats(api->store, &sample->store))
		sample->store = (struct store_stats){0};
	sample->in_flight = http_server_in_flight(api->server);
	sample->desk_waiting = desk_waiting(api->desk);
	sample->resident_bytes = resident_bytes();
	sample->uptime = clock_monotonic() - api->started;
	count_webhooks(api, sample);
}

void
metrics_write(struct api *api, struct buf *out)
{
	struct sample sample = {0};

	gather(api, &sample);
	for (size_t i = 0; i < COUNT_OF(metrics); i++) {
		const struct metric *metric = &metrics[i];

		buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name,
			metric->help, metric->name, metric->type);
		if (metric->write)
			metric->write(&sample, metric->name, out);
		else
			buf_printf(out, "%s %.17g\n", metric->name,
				metric->read(&sample));
	}
}
