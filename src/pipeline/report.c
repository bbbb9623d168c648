#include "pipeline/report.h"

#include "base/clock.h"
#include "base/mem.h"

/* How long a report waits that could not be stored. */
#define REPORT_AGAIN_AFTER (1 * SECONDS)

void
report_keep(struct worker *worker, struct report_mail *mail)
{
	mail->next = NULL;
	if (worker->reports)
		worker->last_report->next = mail;
	else
		worker->reports = mail;
	worker->last_report = mail;
	worker->report_again_at = clock_monotonic() + REPORT_AGAIN_AFTER;
}

static void
say_report(const struct deliver_options *options,
	const struct deliver_report *report)
{
	const struct handshake_outcome *outcome = &report->outcome;

	switch (report->what) {
	case DELIVER_HANDSHAKE:
		options->handshake_ended(options->context, report->webhook,
			report->handshake, outcome);
		return;
	case DELIVER_HEALTH:
		options->health_moved(
			options->context, report->webhook, &report->health);
		return;
	case DELIVER_RATE:
		options->rate_told(options->context, report->webhook,
			outcome->allowed_rate, outcome->is_rate_unlimited);
		return;
	}
}

void
report_end(struct worker *worker, bool is_said)
{
	struct report_mail *mail = worker->reports;

	worker->reports = NULL;
	while (mail) {
		struct report_mail *next = mail->next;

		if (is_said)
			say_report(worker->options, &mail->report);
		mem_free(mail);
		mail = next;
	}
}

void
report_health_again(struct worker *worker, const struct webhook *webhook)
{
	const struct deliver_options *options = worker->options;
	struct lane *lane = dispatch_find(worker->dispatch, webhook->number);
	const struct health *health = lane_health(lane);

	if (health->status == webhook->health.status)
		return;
	options->health_moved(options->context, webhook->number,
		&(struct health_report){.revision = webhook->revision,
			.health = *health,
			.reason = health_reason(health)});
}
